import csv
import hashlib
import json
import shutil

import numpy as np
import pytest

from rtcontour.datasets import write_image
from rtcontour.errors import ConfigError, InputFileError, OutputError
from rtcontour.evaluation import evaluate_folders, write_rating_study
from rtcontour.grid import Grid


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def json_of(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)  # NaN and Infinity are no JSON


@pytest.fixture
def three_cases(tmp_path, labels, write_data_set, write_label_maps):
    """A data set of three cases, and two methods: one that misses a bladder, one that shifts everything by a voxel."""
    everything = (labels, ["Bladder", "Rectum"])
    truth = write_data_set(tmp_path / "truth", {"c1": everything, "c2": everything, "c3": (labels, ["Bladder"])})
    missed, shifted = np.where(labels == 1, 0, labels).astype(np.uint8), np.roll(labels, 1, axis=0)
    names = {"Bladder": 1, "Rectum": 2}
    model = write_label_maps(tmp_path / "model", {"c1": labels, "c2": missed, "c3": labels}, names)
    atlas = write_label_maps(tmp_path / "atlas", {"c1": shifted, "c2": shifted, "c3": shifted}, names)
    return model, atlas, truth


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
    assert (tmp_path / "out" / "report.html").read_text().count("data:image/png;base64,") == 1 + 2


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


def test_methods_are_compared_case_by_case(tmp_path, three_cases):
    model, atlas, truth = three_cases
    out = tmp_path / "out"
    lines = evaluate_folders(model, truth, out, name="net", against={"atlas": atlas})
    assert lines[0] == "Bladder: Dice 0.667, MSD 0.00 mm, HD95 0.00 mm, 2 compared, 1 missed"
    assert {row["method"] for row in rows_of(out / "scores.csv")} == {"net", "atlas"}
    test = next(
        row for row in rows_of(out / "tests.csv") if (row["structure"], row["measure"]) == ("Bladder", "hd95_mm")
    )
    assert (test["method"], test["other"], test["n"], test["left_out"]) == ("net", "atlas", "2", "1")
    statistics = json_of(out / "statistics.json")
    assert set(statistics["methods"]) == {"net", "atlas"}
    assert statistics["methods"]["net"] == json_of(out / "summary.json")
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Methods side by side" in report and "net against truth" in report


def test_summary_rows_count_every_outcome(tmp_path, three_cases):
    model, _, truth = three_cases
    evaluate_folders(model, truth, tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "summary.csv")
    rectum = next(row for row in rows if (row["structure"], row["measure"]) == ("Rectum", "dice"))
    assert [rectum[key] for key in ("n", "compared", "missed", "not_contoured", "mean", "sd")] == [
        "2",
        "2",
        "0",
        "1",
        "1.0",
        "0.0",
    ]
    bladder = next(row for row in rows if (row["structure"], row["measure"]) == ("Bladder", "hd95_mm"))
    assert (bladder["n"], bladder["missed"]) == ("2", "1")


def test_figures_are_there_as_vectors_and_pictures(tmp_path, three_cases):
    model, atlas, truth = three_cases
    evaluate_folders(model, truth, tmp_path / "out", against={"atlas": atlas})
    drawn = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    for name in (
        "dice",
        "msd_mm",
        "Bladder_volumes",
        "Bladder_agreement",
        "Bladder_methods",
        "Bladder_lowest",
        "worst_cases",
    ):
        assert {f"{name}.svg", f"{name}.png"} <= drawn
    assert {"median.png", "lowest.png"} <= drawn


def test_limits_are_counted_and_a_missed_organ_fails_them(tmp_path, three_cases):
    model, _, truth = three_cases
    limits = tmp_path / "limits.json"
    limits.write_text('{"*": {"hd95_mm": {"at_most": 5}}}')
    evaluate_folders(model, truth, tmp_path / "out", tolerances=limits)
    bladder, rectum = rows_of(tmp_path / "out" / "pass_rates.csv")
    assert (bladder["structure"], bladder["passed"], bladder["n"], bladder["failed"]) == ("Bladder", "2", "3", "c2")
    assert (rectum["passed"], rectum["n"]) == ("2", "2")


def test_a_union_of_the_recipe_is_made_of_its_parts_in_the_truth(tmp_path, labels, write_data_set, write_label_maps):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, ["Bladder", "Rectum"])})
    model = write_label_maps(tmp_path / "model", {"c1": (labels > 0).astype(np.uint8)}, {"Pelvic_Organs": 1})
    evaluate_folders(model, truth, tmp_path / "out", structures=[{"Pelvic_Organs": ["Bladder", "Rectum"]}])
    assert json_of(tmp_path / "out" / "summary.json")["structures"]["Pelvic_Organs"]["dice"]["mean"] == 1


def test_weights_versions_and_title_are_stated(tmp_path, three_cases):
    model, _, truth = three_cases
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"weights")
    evaluate_folders(
        model, truth, tmp_path / "out", weights=weights, title="Acceptance of a model", facts={"Site": "Pelvis"}
    )
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert hashlib.sha256(b"weights").hexdigest() in report
    assert all(words in report for words in ("Acceptance of a model", "Pelvis", "numpy", "scipy"))


def test_results_are_written_beside_the_predictions_and_nothing_stale_is_left(tmp_path, three_cases):
    model, _, truth = three_cases
    run = tmp_path / "run"
    run.mkdir()
    model.rename(run / "predictions")
    (run / "tests.csv").write_text("of an earlier run with two methods")
    evaluate_folders(run / "predictions", truth, run, beside=True, replace=True)
    assert {"predictions", "report.html", "summary.json", "figures"} <= {path.name for path in run.iterdir()}
    assert not (run / "tests.csv").exists() and not list(run.glob(".*"))
    with pytest.raises(OutputError, match=r"report\.html: exists already"):
        evaluate_folders(run / "predictions", truth, run, beside=True)


@pytest.mark.parametrize("option", ["predictions", "tolerances", "ratings", "weights", "ct"])
def test_no_input_is_ever_replaced_by_the_report(tmp_path, three_cases, option):
    model, _, truth = three_cases
    out = tmp_path / "out"
    inside = out / "mine"
    if option == "predictions":
        shutil.copytree(model, inside)
    else:
        out.mkdir()
        inside.write_text("hours of work")
    options = {} if option == "predictions" else {option: [inside] if option == "ratings" else inside}
    with pytest.raises(OutputError, match="would be replaced with it"):
        evaluate_folders(inside if option == "predictions" else model, truth, out, replace=True, **options)
    assert inside.exists()


def test_a_ct_that_is_of_no_use_costs_pictures_only(tmp_path, three_cases, grid, hu):
    model, _, truth = three_cases
    (truth / "images" / "c1.nii.gz").write_text("not NIfTI")
    other = Grid(grid.shape, grid.spacing_mm, (0.0, 0.0, 0.0))
    write_image(truth / "images" / "c2.nii.gz", hu, other, replace=True)
    findings = []
    evaluate_folders(model, truth, tmp_path / "out", findings=findings)
    assert {one.subject for one in findings if one.code == "picture-left-out"} == {"c1", "c2"}
    assert len(rows_of(tmp_path / "out" / "findings.csv")) == len(findings)
    assert (tmp_path / "out" / "figures" / "lowest.png").exists() is False
    assert json_of(tmp_path / "out" / "summary.json")["structures"]["Bladder"]["dice"]["n"] == 3


def test_a_structure_that_is_empty_on_both_sides_is_told_as_such(tmp_path, grid, labels, write_label_maps):
    names = {"Bladder": 1, "Rectum": 2, "CTVn": 3}
    model, truth = (write_label_maps(tmp_path / side, {"c1": labels}, names) for side in ("model", "truth"))
    assert evaluate_folders(model, truth, tmp_path / "out")[2] == "CTVn: 0 compared, 1 both empty"


def test_wishes_that_contradict_themselves_are_refused_before_any_work(tmp_path, three_cases):
    model, atlas, truth = three_cases
    with pytest.raises(ConfigError, match="two methods are called 'model'"):
        evaluate_folders(model, truth, tmp_path / "out", against={"model": atlas})
    with pytest.raises(ConfigError, match="--ratings-key"):
        evaluate_folders(model, truth, tmp_path / "out", ratings=[tmp_path / "r.csv"])
    with pytest.raises(InputFileError, match=r"gone\.json"):
        evaluate_folders(model, truth, tmp_path / "out", tolerances=tmp_path / "gone.json")
    with pytest.raises(InputFileError, match=r"gone\.pt"):
        evaluate_folders(model, truth, tmp_path / "out", weights=tmp_path / "gone.pt")
    assert not (tmp_path / "out").exists()


def test_what_readers_saved_becomes_tables(tmp_path, three_cases):
    model, atlas, truth = three_cases
    key = write_rating_study(model, truth, tmp_path / "study", against={"atlas": atlas}, findings=[])
    lines = ["study,set,structure,grade,seconds,mode,minutes,reader,comment"]
    for number, (code, study) in enumerate(key.studies.items(), start=1):
        for letter, contours in study.sets.items():
            grade = "excellent" if contours.method == "model" else "good"
            lines += [f"{code},{letter},{name},{grade},5,,,AB," for name in contours.structures]
            lines += [f"{code},{letter},,,,2,{10 + number},AB,"] if contours.method == "model" else []
        lines.append(f"{code},,,,,1,{30 - number},AB,")
    (tmp_path / "AB.csv").write_text("\n".join(lines))
    out = tmp_path / "out"
    rated = {"ratings": [tmp_path / "AB.csv"], "ratings_key": tmp_path / "study" / "key.json"}
    evaluate_folders(model, truth, out, against={"atlas": atlas}, **rated)
    grades = {(row["method"], row["structure"]): row for row in rows_of(out / "grades.csv")}
    assert (grades["model", "Rectum"]["excellent"], grades["atlas", "Rectum"]["good"]) == ("3", "3")
    assert [row["mean_difference"] for row in rows_of(out / "grade_tests.csv")] == ["1.0", "1.0"]
    assert {(row["mode_1_minutes"], row["mode_2_minutes"]) for row in rows_of(out / "times.csv")} == {
        ("29.0", "11.0"),
        ("28.0", "12.0"),
        ("27.0", "13.0"),
    }
    (test,) = rows_of(out / "time_tests.csv")
    assert (test["n"], test["mean_difference"]) == ("3", "16.0")
    assert "Ratings by people" in (out / "report.html").read_text(encoding="utf-8")


def test_several_cohorts_have_figures_of_their_own(tmp_path, three_cases):
    model, _, truth = three_cases
    content = json.loads((truth / "datalist.json").read_text())
    for case, cohort in zip(content["test"], ("cervix", "cervix", "anal/rectal"), strict=True):
        case["cohort"] = cohort
    (truth / "datalist.json").write_text(json.dumps(content))
    evaluate_folders(model, truth, tmp_path / "out")
    drawn = {path.name for path in (tmp_path / "out" / "figures").glob("*.svg")}
    assert {"dice_cervix.svg", "msd_mm_cervix.svg", "dice_anal_rectal.svg", "msd_mm_anal_rectal.svg"} <= drawn
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "By cohort" in report and "Dice of the cases of anal/rectal" in report
