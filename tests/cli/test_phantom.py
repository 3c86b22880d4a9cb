import json

import pytest
from click.testing import CliRunner

from rtcontour.cli.phantom import phantom

SIZE = ["--slices", "26", "--columns-rows", "90", "72", "--spacing", "5", "6", "8"]


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(phantom, ["clinic", *arguments])


def test_clinic_of_the_size_asked_for_is_written(run, tmp_path):
    result = run(str(tmp_path / "clinic"), "--patients", "1", "--seed", "4", "--workers", "1", "--clean", *SIZE)
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "clinic" / "planted.json") in result.output
    told = json.loads((tmp_path / "clinic" / "planted.json").read_text(encoding="utf-8"))
    assert (told["seed"], len(told["clean"]), told["defects"]) == (4, 1, [])
    assert len(list((tmp_path / "clinic" / "export").rglob("CT.*.dcm"))) == 26


def test_number_of_patients_is_at_least_one(run, tmp_path):
    assert run(str(tmp_path / "clinic"), "--patients", "0").exit_code == 2
