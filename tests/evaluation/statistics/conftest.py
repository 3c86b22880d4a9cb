"""The numbers that papers print, as they print them."""

import json
from pathlib import Path

import pytest

PAPERS = Path(__file__).parents[2] / "data" / "papers"


@pytest.fixture(scope="session")
def sartor():
    return json.loads((PAPERS / "sartor_2020.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def geng():
    return json.loads((PAPERS / "geng_2024.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tang():
    return json.loads((PAPERS / "tang_2019.json").read_text(encoding="utf-8"))
