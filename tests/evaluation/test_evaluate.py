import csv
import json

import numpy as np
import pytest

from rtcontour.datasets import write_labels
from rtcontour.errors import DataSetError, GeometryError, InputFileError, OutputError
from rtcontour.evaluation import evaluate_folders, score_folder
from rtcontour.grid import Grid


def test_label_maps_are_scored_against_a_data_set_by_name_not_by_value(
    tmp_path, labels, write_data_set, write_label_maps
):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, ["Bladder", "Rectum"])})
    swapped = np.where(labels > 0, 3 - labels, 0).astype(np.uint8)
    predictions = write_label_maps(tmp_path / "pred", {"c1": swapped}, {"urinary bladder": 2, "Rectum": 1})
    scores = score_folder(predictions, truth).scores["c1"]
    assert {name: one.dice for name, one in scores.items()} == {"Bladder": 1, "Rectum": 1}


def test_what_nobody_contoured_is_not_scored(tmp_path, labels, write_data_set, write_label_maps):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, ["Bladder"])})
    predictions = write_label_maps(tmp_path / "pred", {"c1": labels}, {"Bladder": 1, "Rectum": 2, "Odd": 3})
    outcomes = {name: one.outcome for name, one in score_folder(predictions, truth).scores["c1"].items()}
    assert outcomes == {"Bladder": "compared", "Rectum": "not contoured", "Odd": "not contoured"}


def test_what_the_prediction_does_not_know_is_a_finding_and_not_a_miss(
    tmp_path, labels, write_data_set, write_label_maps
):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, ["Bladder", "Rectum"])})
    predictions = write_label_maps(tmp_path / "pred", {"c1": labels}, {"Bladder": 1})
    result = score_folder(predictions, truth)
    assert list(result.scores["c1"]) == ["Bladder"]
    assert [(f.code, f.subject) for f in result.findings] == [("structure-not-offered", "c1")]


def test_cases_on_one_side_only_are_findings(tmp_path, labels, write_data_set, write_label_maps):
    everything = (labels, ["Bladder", "Rectum"])
    truth = write_data_set(tmp_path / "truth", {"c1": everything, "c2": everything})
    predictions = write_label_maps(tmp_path / "pred", {"c2": labels, "c3": labels}, {"Bladder": 1, "Rectum": 2})
    result = score_folder(predictions, truth)
    assert list(result.scores) == ["c2"]
    assert {(f.code, f.subject) for f in result.findings} == {
        ("case-not-predicted", "c1"),
        ("case-without-truth", "c3"),
    }


def test_two_single_label_maps_are_a_pair_whatever_their_names(tmp_path, labels, write_label_maps):
    names = {"background": 0, "Bladder": 1, "Rectum": 2}
    truth = write_label_maps(tmp_path / "truth", {"plan": labels}, names) / "plan.nii.gz"
    predicted = write_label_maps(tmp_path / "pred", {"network": np.roll(labels, 1, axis=0)}, names) / "network.nii.gz"
    scores = score_folder(predicted, truth).scores["plan"]
    assert scores["Bladder"].centroid_shift_mm == pytest.approx(2.0)


def test_folders_of_masks_may_overlap(tmp_path, grid):
    both, left = np.zeros((2, *grid.shape), np.uint8)
    both[4:20, 5:9, 2:7], left[12:20, 5:9, 2:7] = 1, 1
    for side in ("pred", "truth"):
        listed = []
        for name, array in (("Femur_Heads", both), ("Femur_Head_L", left)):
            write_labels(tmp_path / side / f"{name}.nii.gz", array, grid)
            listed.append({"name": name, "file": f"{name}.nii.gz"})
        (tmp_path / side / "structures.json").write_text(json.dumps({"structures": listed}))
    scores = score_folder(tmp_path / "pred", tmp_path / "truth").scores["truth"]
    assert {name: one.dice for name, one in scores.items()} == {"Femur_Heads": 1, "Femur_Head_L": 1}


def test_different_grids_are_refused_by_both_names(tmp_path, labels, grid, write_label_maps):
    elsewhere = Grid(grid.shape, grid.spacing_mm, (0.0, 0.0, 0.0))
    truth = write_label_maps(tmp_path / "truth", {"c1": labels}, {"Bladder": 1})
    predictions = write_label_maps(tmp_path / "pred", {"c1": labels}, {"Bladder": 1}, grid=elsewhere)
    with pytest.raises(GeometryError, match=r"pred.c1.*truth.c1"):
        score_folder(predictions, truth)


def test_label_maps_without_names_and_empty_folders_are_refused(tmp_path, labels, grid):
    write_labels(tmp_path / "maps" / "c1.nii.gz", labels, grid)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match=r"labels\.json"):
        score_folder(tmp_path / "maps", tmp_path / "maps")
    with pytest.raises(InputFileError, match="holds no contours"):
        score_folder(tmp_path / "empty", tmp_path / "empty")


def test_two_names_for_one_structure_are_refused(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "pred", {"c1": labels}, {"Bladder": 1, "urinary bladder": 2})
    with pytest.raises(DataSetError, match="second to mean Bladder"):
        score_folder(maps, maps)


def test_places_without_a_common_case_are_refused(tmp_path, labels, write_label_maps):
    one = write_label_maps(tmp_path / "one", {"a": labels, "b": labels}, {"Bladder": 1})
    other = write_label_maps(tmp_path / "other", {"c": labels, "d": labels}, {"Bladder": 1})
    with pytest.raises(DataSetError, match="no case in common"):
        score_folder(one, other)


def test_scores_summary_and_report_are_written(tmp_path, labels, write_data_set, write_label_maps):
    everything = (labels, ["Bladder", "Rectum"])
    truth = write_data_set(tmp_path / "truth", {"c1": everything, "c2": everything})
    missed = np.where(labels == 1, 0, labels).astype(np.uint8)
    predictions = write_label_maps(
        tmp_path / "pred", {"c1": labels, "c2": missed}, {"Bladder": 1, "Rectum": 2, "Odd": 3}
    )
    findings = []
    lines = evaluate_folders(predictions, truth, tmp_path / "out", findings=findings)
    assert [line.split(":")[0] for line in lines] == ["Bladder", "Rectum", "Odd"]
    assert "1 missed" in lines[0]
    assert {finding.code for finding in findings} == {"name-unresolved"}

    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["mean_dice"] == 0.75
    assert summary["structures"]["Bladder"]["dice"] == {"mean": 0.5, "median": 0.5, "n": 2}
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").open()))
    assert [
        (row["case"], row["structure"], row["outcome"], row["msd_mm"]) for row in rows if row["structure"] == "Bladder"
    ] == [
        ("c1", "Bladder", "compared", "0.0"),
        ("c2", "Bladder", "missed", ""),
    ]
    assert (tmp_path / "out" / "report.html").read_text().count("data:image/png;base64,") == 2


def test_an_existing_output_is_kept_and_a_failure_leaves_none(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    with pytest.raises(OutputError):
        evaluate_folders(maps, maps, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "kept"
    with pytest.raises(InputFileError):
        evaluate_folders(tmp_path / "nowhere", maps, tmp_path / "new")
    assert not (tmp_path / "new").exists()
