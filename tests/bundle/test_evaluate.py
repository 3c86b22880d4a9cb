import hashlib
import json

import numpy as np
import pytest

from rtcontour.datasets import read_image, read_labels
from rtcontour.inference import contour_ct, load_model

CONFIG = "configs/evaluate.json"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, run_workflow, tiny_data_set, tiny_checkpoint, recipe):
    folder = tmp_path_factory.mktemp("evaluated") / "new"
    options = {"dataset_dir": tiny_data_set, "checkpoint": tiny_checkpoint, "output_dir": folder}
    return *run_workflow([CONFIG, recipe], "inference", **options), folder


def test_earlier_results_are_replaced_where_that_was_said(
    tmp_path, run_workflow, tiny_data_set, tiny_checkpoint, recipe
):
    options = {"dataset_dir": tiny_data_set, "checkpoint": tiny_checkpoint, "output_dir": tmp_path}
    (tmp_path / "summary.json").write_text("{}")
    run_workflow([CONFIG, recipe], "inference", **options, replace=True)
    assert summary_of(tmp_path)["structures"]


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(), parse_constant=pytest.fail)


def test_predictions_tables_figures_and_a_report_are_all_it_leaves(evaluated):
    folder = evaluated[2]
    left = {str(path.relative_to(folder)) for path in folder.iterdir()}
    tables = {"scores.csv", "summary.csv", "summary.json", "statistics.json"}
    assert (
        tables | {"predictions", "figures", "report.html"}
        <= left
        <= tables
        | {
            "predictions",
            "figures",
            "report.html",
            "volumes.csv",
        }
    )
    assert {path.name for path in (folder / "predictions").iterdir()} == {"c4.nii.gz", "labels.json"}


def test_the_report_names_the_recipe_the_split_and_the_hash_of_the_checkpoint(evaluated, tiny_checkpoint):
    report = (evaluated[2] / "report.html").read_text(encoding="utf-8")
    assert hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest() in report
    assert "test cases of" in report and "c4" in report


def test_limits_are_looked_at_before_any_case_is_contoured(tmp_path, fail_here, tiny_data_set, tiny_checkpoint, recipe):
    gone, new = str(tmp_path / "gone.json"), tmp_path / "new"
    options = {"dataset_dir": tiny_data_set, "checkpoint": tiny_checkpoint, "output_dir": new, "tolerances": gone}
    said = fail_here([CONFIG, recipe], **options)
    assert "gone.json: cannot be read" in said.err and not new.exists()


def test_a_prediction_lies_on_the_grid_of_its_image(evaluated, tiny_data_set, tiny_checkpoint):
    hu, grid = read_image(tiny_data_set / "images" / "c4.nii.gz")
    predicted, predicted_grid = read_labels(evaluated[2] / "predictions" / "c4.nii.gz")
    assert predicted_grid.matches(grid)
    assert np.array_equal(predicted, contour_ct(load_model(tiny_checkpoint), hu, grid))


def test_the_summary_has_the_form_of_the_design_and_its_dice_is_right(evaluated, tiny_data_set, tiny_structures):
    summary = summary_of(evaluated[2])
    assert set(summary) == {"structures", "mean_dice"} and list(summary["structures"]) == tiny_structures
    predicted, truth = (
        read_labels(path)[0]
        for path in (evaluated[2] / "predictions" / "c4.nii.gz", tiny_data_set / "labels" / "c4.nii.gz")
    )
    dices = []
    for label, name in enumerate(tiny_structures, start=1):
        scores = summary["structures"][name]
        assert {"dice", "msd_mm", "hd95_mm", "missed", "false_organs"} <= set(scores)
        one, other = predicted == label, truth == label
        dices.append(2 * (one & other).sum() / (one.sum() + other.sum()))
        assert scores["dice"] == {"mean": pytest.approx(dices[-1]), "median": pytest.approx(dices[-1]), "n": 1}
    assert summary["mean_dice"] == pytest.approx(np.mean(dices))


def test_the_split_may_be_chosen_and_what_nobody_contoured_is_not_scored(
    tmp_path, run_workflow, tiny_data_set, tiny_checkpoint, recipe
):
    options = {"dataset_dir": tiny_data_set, "checkpoint": tiny_checkpoint, "output_dir": tmp_path, "split": "training"}
    run_workflow([CONFIG, recipe], "inference", **options)
    assert sorted(path.name for path in (tmp_path / "predictions").glob("*.nii.gz")) == ["c1.nii.gz", "c2.nii.gz"]
    structures = summary_of(tmp_path)["structures"]
    assert (structures["Bladder"]["dice"]["n"], structures["Rectum"]["dice"]["n"]) == (2, 1)
