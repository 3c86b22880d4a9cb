from __future__ import annotations

import pytest


@pytest.fixture
def no_other_readers(monkeypatch):
    """The suite by itself, in a fraction of the time."""
    monkeypatch.setattr("rtcontour.conformance.other_readers.READERS", ())
