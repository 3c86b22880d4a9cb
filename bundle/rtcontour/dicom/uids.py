"""DICOM unique identifiers: fresh, or the same again from the same sources."""

from __future__ import annotations

import uuid

NAMESPACE = uuid.UUID("6d1f5d0c-5d0e-4c5e-9b65-0f6a5c1c2f3b")


def new_uid(*sources: object) -> str:
    """A UID under the root 2.25: random without sources, always the same for the same sources.

    Source: DICOM PS3.5 B.2, a UUID written as a decimal number.
    """
    identifier = uuid.uuid5(NAMESPACE, "\n".join(map(str, sources))) if sources else uuid.uuid4()
    return f"2.25.{identifier.int}"
