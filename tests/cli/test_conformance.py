import json
from functools import partial

import pytest

from rtcontour import conformance
from rtcontour.conformance import CASES, trip
from rtcontour.contours import rasterize
from rtcontour.mask import Mask


@pytest.fixture
def one_case(monkeypatch):
    """The command with one case instead of all, and without other programs."""
    monkeypatch.setattr(conformance, "run_conformance", partial(conformance.run_conformance, cases=["axial"]))
    monkeypatch.setattr("rtcontour.conformance.other_readers.READERS", ())


def test_the_whole_suite_conforms(rtcontour, tmp_path):
    result = rtcontour("conformance", tmp_path / "out")
    assert result.code == 0 and result.err == ""
    assert "73 structures: conforms" in result.out and str(tmp_path / "out" / "conformance.md") in result.out
    record = json.loads((tmp_path / "out" / "conformance.json").read_text())
    assert record["passed"] and [case["case"] for case in record["cases"]] == list(CASES)
    assert [case["structures"] for case in record["cases"]] == [8, 8, 8, 8, 8, 5, 28]
    assert {one["result"] for one in record["criteria"][:-1]} == {"PASS"}
    assert all(row["truth_volume_cc"] > 0 and row["slices"] > 0 for row in record["structures"])


def test_a_failure_is_one_line_after_the_table(rtcontour, tmp_path, monkeypatch, one_case):
    monkeypatch.setattr(trip, "rasterize", lambda roi, grid: Mask.from_array(rasterize(roi, grid).full()[::-1], grid))
    result = rtcontour("conformance", tmp_path / "out")
    assert result.code == 1 and "FAIL  voxels unlike a brute-force even-odd test" in result.out
    assert result.err.startswith("rtcontour: ") and result.err.count("\n") == 1 and "conformance.md" in result.err
    assert (tmp_path / "out" / "conformance.csv").is_file()


def test_an_existing_folder_is_kept_unless_replaced(rtcontour, refused, tmp_path, one_case):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert "out: exists already" in refused("conformance", tmp_path / "out")
    assert rtcontour("conformance", tmp_path / "out", "--replace").code == 0
