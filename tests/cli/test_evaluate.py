import json

import numpy as np
import pytest

from rtcontour.datasets import write_labels


@pytest.fixture
def folders(tmp_path, tiny_patient, tiny_grid):
    """Predictions and truth of one case: the rectum is exact, the bladder was missed."""
    _, labels = tiny_patient()
    predicted = np.where(labels == 1, 0, labels).astype(np.uint8, order="F")
    for name, array in (("pred", predicted), ("truth", labels)):
        write_labels(tmp_path / name / "c1.nii.gz", array, tiny_grid)
        (tmp_path / name / "labels.json").write_text(json.dumps({"Bladder": 1, "Rectum": 2}))
    return tmp_path / "pred", tmp_path / "truth"


def test_scores_and_report_are_written_and_told(rtcontour, tmp_path, folders):
    result = rtcontour("evaluate", *folders, tmp_path / "out")
    assert result.code == 0
    assert "Rectum: Dice 1.000" in result.out and "1 missed" in result.out
    assert {"scores.csv", "summary.json", "report.html"} <= {path.name for path in (tmp_path / "out").iterdir()}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(), parse_constant=pytest.fail)
    assert summary["structures"]["Bladder"]["missed"] == 1
    assert summary["mean_dice"] == pytest.approx(0.5)


def test_an_existing_folder_is_kept_unless_replaced(rtcontour, refused, tmp_path, folders):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert "out: exists already" in refused("evaluate", *folders, tmp_path / "out")
    assert rtcontour("evaluate", *folders, tmp_path / "out", "--replace").code == 0


def test_bad_input_is_one_line_and_leaves_nothing(refused, tmp_path, folders):
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in refused("evaluate", tmp_path / "empty", folders[1], tmp_path / "out")
    assert "nowhere" in refused("evaluate", folders[0], tmp_path / "nowhere", tmp_path / "out")
    (folders[1] / "labels.json").unlink()
    assert "truth: holds NIfTI files and no labels.json" in refused("evaluate", *folders, tmp_path / "out")


def test_methods_and_limits_are_given_as_options(rtcontour, tmp_path, folders):
    limits = tmp_path / "limits.json"
    limits.write_text('{"*": {"dice": {"at_least": 0.8}}}')
    options = ["--name", "net", "--against", f"reader={folders[1]}", "--tolerances", limits, "--title", "Acceptance"]
    result = rtcontour("evaluate", *folders, tmp_path / "out", *options)
    assert result.code == 0 and "report.html" in result.out
    assert {"tests.csv", "pass_rates.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert "Acceptance" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_another_method_without_a_name_is_wrong_usage(rtcontour, tmp_path, folders):
    result = rtcontour("evaluate", *folders, tmp_path / "out", "--against", folders[1])
    assert result.code == 2 and "expected NAME=PLACE" in result.err


def test_structure_sets_with_their_ct_are_taken_on_either_side(rtcontour, tmp_path, tiny_ct, folders):
    written = rtcontour("rtstruct", folders[1] / "c1.nii.gz", tiny_ct, tmp_path / "rs.dcm")
    assert written.code == 0
    result = rtcontour("evaluate", tmp_path / "rs.dcm", folders[1], tmp_path / "out", "--ct", tiny_ct)
    assert result.code == 0 and "Bladder: Dice 1.000" in result.out
    turned = rtcontour("evaluate", folders[1], tmp_path / "rs.dcm", tmp_path / "turned", "--ct", tiny_ct)
    assert turned.code == 0 and "Rectum: Dice 1.000" in turned.out
    assert (tmp_path / "turned" / "figures" / "Bladder_lowest.png").is_file()
