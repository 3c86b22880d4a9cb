import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rtcontour.datasets import write_labels
from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.errors import ConfigError, DataSetError, GeometryError, InputFileError
from rtcontour.evaluation.score import Reading, read_pair, score_folder, score_methods
from rtcontour.grid import Grid
from rtcontour.mask import Mask

NAMES = {"Bladder": 1, "Rectum": 2}
EVERYTHING = ["Bladder", "Rectum"]


def found(result):
    return {(finding.code, finding.subject) for finding in result.findings}


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
    predictions = write_label_maps(tmp_path / "pred", {"c1": np.where(labels == 1, labels, 0)}, {"Bladder": 1})
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


def test_two_names_for_one_structure_are_refused(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "pred", {"c1": labels}, {"Bladder": 1, "urinary bladder": 2})
    with pytest.raises(DataSetError, match="second to mean Bladder"):
        score_folder(maps, maps)


def test_places_without_a_common_case_are_refused(tmp_path, labels, write_label_maps):
    one = write_label_maps(tmp_path / "one", {"a": labels, "b": labels}, NAMES)
    other = write_label_maps(tmp_path / "other", {"c": labels, "d": labels}, NAMES)
    with pytest.raises(DataSetError, match="no case in common"):
        score_folder(one, other)


def write_masks(folder, masks, grid):
    for name, array in masks.items():
        write_labels(folder / f"{name}.nii.gz", array.astype(np.uint8), grid)


def test_a_mask_that_a_method_wrote_in_other_cases_alone_is_missed(tmp_path, grid, labels, write_data_set):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, EVERYTHING), "c2": (labels, EVERYTHING)})
    write_masks(tmp_path / "pred" / "c1", {"Bladder": labels == 1, "Rectum": labels == 2}, grid)
    write_masks(tmp_path / "pred" / "c2", {"Bladder": labels == 1}, grid)
    result = score_folder(tmp_path / "pred", truth)
    assert list(result.scores["c2"]) == ["Bladder", "Rectum"]
    rectum = result.scores["c2"]["Rectum"]
    assert (rectum.outcome, rectum.dice, rectum.volume_cc) == ("missed", 0, 0)
    assert rectum.truth_volume_cc == pytest.approx(5 * 4 * 4 * 2 * 3 * 5 / 1000)
    assert found(result) == set()


def test_a_mask_that_is_not_there_in_the_truth_was_not_contoured(tmp_path, grid, labels):
    for side in ("pred", "truth"):
        write_masks(tmp_path / side / "c1", {"Bladder": labels == 1, "Rectum": labels == 2}, grid)
        write_masks(tmp_path / side / "c2", {"Bladder": labels == 1}, grid)
    write_masks(tmp_path / "pred" / "c2", {"Rectum": labels == 2}, grid)
    scores = score_folder(tmp_path / "pred", tmp_path / "truth").scores
    assert scores["c2"]["Rectum"].outcome == "not contoured" and scores["c1"]["Rectum"].dice == 1


def test_another_grid_is_refused_with_both_or_resampled_with_a_finding(tmp_path, labels, grid, write_label_maps):
    elsewhere = Grid(grid.shape, grid.spacing_mm, (-20.0, -27.0, 40.0))  # one voxel further along j
    truth = write_label_maps(tmp_path / "truth", {"c1": labels}, NAMES)
    predictions = write_label_maps(tmp_path / "pred", {"c1": labels}, NAMES, grid=elsewhere)
    both = r"pred.c1.*truth.c1.*found 24 x 20 x 12 .*\(-20, -27, 40\) mm.*, expected 24 x 20 x 12 .*\(-20, -30, 40\) mm"
    with pytest.raises(GeometryError, match=both + ".*--resample"):
        score_folder(predictions, truth)
    result = score_folder(predictions, truth, reading=Reading(resample=True))
    assert found(result) == {("prediction-resampled", "c1")}
    bladder = result.scores["c1"]["Bladder"]
    assert (bladder.ap_bias_mm, bladder.lateral_bias_mm) == (pytest.approx(3.0), pytest.approx(0.0))
    predicted, true = read_pair(result.pairs["c1"], Reading(resample=True))
    assert np.array_equal(predicted["Bladder"].full(), np.roll(labels == 1, 1, axis=1))
    assert np.array_equal(true["Rectum"].full(), labels == 2)


def test_methods_are_scored_side_by_side_and_what_one_lacks_is_a_finding(
    tmp_path, labels, write_data_set, write_label_maps
):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, EVERYTHING), "c2": (labels, EVERYTHING)})
    net = write_label_maps(tmp_path / "net", {"c1": labels, "c2": labels}, NAMES)
    reader = write_label_maps(tmp_path / "reader", {"c2": np.where(labels == 1, labels, 0)}, {"Bladder": 1})
    result = score_methods({"net": net, "second reader": reader}, truth)
    assert {name: list(scores) for name, scores in result.comparison.methods.items()} == {
        "net": ["c1", "c2"],
        "second reader": ["c2"],
    }
    assert found(result) == {("case-not-predicted", "c1"), ("structure-not-offered", "c2")}
    assert all("second reader" in finding.message for finding in result.findings)
    assert result.grids.keys() == {"c1", "c2"} and result.pairs["second reader"]["c2"][0].path.parent == reader


def test_a_split_is_scored_alone_and_cohorts_are_kept(tmp_path, labels, write_data_set, write_label_maps):
    truth = write_data_set(tmp_path / "truth", {"c1": (labels, EVERYTHING), "c2": (labels, EVERYTHING)})
    content = json.loads((truth / "datalist.json").read_text())
    content["training"] = [content["test"].pop()]
    content["test"][0]["cohort"] = "prone"
    (truth / "datalist.json").write_text(json.dumps(content))
    predictions = write_label_maps(tmp_path / "pred", {"c1": labels, "c2": labels}, NAMES)
    result = score_folder(predictions, truth, split="test")
    assert list(result.scores) == ["c1"] and result.cohorts == {"c1": "prone"} and result.findings == ()
    alone = write_label_maps(tmp_path / "alone", {"c2": labels}, NAMES)
    with pytest.raises(DataSetError, match="no case in common"):
        score_folder(alone, truth, split="test")  # a single case on each side, and another one
    with pytest.raises(ConfigError, match=r"split 'test': neither .* is a data set"):
        score_folder(predictions, predictions, split="test")


def test_a_structure_set_without_ct_takes_that_of_the_truth(tmp_path, grid, hu, labels):
    ct = write_ct_series(tmp_path / "truth" / "CT", hu, grid, seed=1)
    masks = {name: Mask.from_array(labels == value, grid) for name, value in NAMES.items()}
    write_structure_set(tmp_path / "truth" / "RS.dcm", masks, ct, findings=[])
    (tmp_path / "pred").mkdir()
    write_structure_set(tmp_path / "pred" / "net.dcm", {"Bladder": masks["Bladder"]}, ct, findings=[])
    result = score_folder(tmp_path / "pred" / "net.dcm", tmp_path / "truth")
    assert result.scores["truth"]["Bladder"].dice == 1
    assert found(result) == {("structure-not-offered", "truth")}


def test_a_true_structure_set_takes_the_ct_of_whichever_method_has_one(tmp_path, grid, hu, labels, write_label_maps):
    ct = write_ct_series(tmp_path / "with_ct" / "c1" / "CT", hu, grid, seed=1)
    masks = {name: Mask.from_array(labels == value, grid) for name, value in NAMES.items()}
    (tmp_path / "truth").mkdir()
    for path in (tmp_path / "with_ct" / "c1" / "RS.dcm", tmp_path / "truth" / "c1.dcm"):
        write_structure_set(path, masks, ct, findings=[])
    maps = write_label_maps(tmp_path / "maps", {"c1": np.roll(labels, 1, axis=0)}, NAMES)
    methods = {"maps": maps, "with_ct": tmp_path / "with_ct"}
    one = score_methods(methods, tmp_path / "truth" / "c1.dcm")
    other = score_methods(dict(reversed(methods.items())), tmp_path / "truth" / "c1.dcm")
    assert one.comparison.methods == other.comparison.methods and set(one.findings) == set(other.findings)
    assert {pairs["c1"][1].image for pairs in one.pairs.values()} == {tmp_path / "with_ct" / "c1"}


def test_a_method_without_any_structure_is_refused_by_its_place(tmp_path, labels, write_label_maps):
    truth = write_label_maps(tmp_path / "truth", {"c1": labels}, NAMES)
    nothing = write_label_maps(tmp_path / "pred", {"c1": np.zeros_like(labels)}, {"background": 0})
    with pytest.raises(DataSetError, match=r"pred: names no structure in the cases that are compared.*label names"):
        score_folder(nothing, truth)


def test_a_reordered_prediction_is_scored_without_resampling_and_a_note_tells(tmp_path, labels, grid, write_label_maps):
    flipped = Grid(grid.shape, grid.spacing_mm, tuple(grid.to_mm([(23, 0, 0)])[0]), ((-1, 0, 0), (0, 1, 0), (0, 0, 1)))
    truth = write_label_maps(tmp_path / "truth", {"c1": labels}, NAMES)
    result = score_folder(write_label_maps(tmp_path / "pred", {"c1": labels[::-1]}, NAMES, grid=flipped), truth)
    assert {name: one.dice for name, one in result.scores["c1"].items()} == {"Bladder": 1, "Rectum": 1}
    assert found(result) == {("prediction-reoriented", "c1")}


def test_an_empty_roi_is_a_miss_of_the_prediction_and_silence_of_the_truth(tmp_path, grid, hu, labels):
    nothing = Mask.from_array(np.zeros(grid.shape), grid)
    masks = {name: Mask.from_array(labels == value, grid) for name, value in NAMES.items()}
    for folder, drawn in (("pred", {**masks, "Bladder": nothing}), ("truth", {**masks, "Rectum": nothing})):
        ct = write_ct_series(tmp_path / folder / "CT", hu, grid, seed=1)
        write_structure_set(tmp_path / folder / "RS.dcm", drawn, ct, findings=[])
    (scores,) = score_folder(tmp_path / "pred", tmp_path / "truth").scores.values()
    assert {name: one.outcome for name, one in scores.items()} == {"Bladder": "missed", "Rectum": "not contoured"}


def test_unions_are_scored_where_both_sides_have_their_parts(tmp_path, grid, labels):
    heads = {"Femur_Head_L": labels == 1, "Femur_Head_R": labels == 2}
    write_masks(tmp_path / "truth" / "c1", heads, grid)
    write_masks(tmp_path / "pred" / "c1", {"Femur_Heads": labels > 0}, grid)
    recipe = [{"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}]
    result = score_folder(tmp_path / "pred", tmp_path / "truth", reading=Reading(structures=recipe))
    assert result.scores["c1"]["Femur_Heads"].dice == 1 and result.findings == ()
    assert score_folder(tmp_path / "pred", tmp_path / "truth").scores["c1"]["Femur_Heads"].outcome == "not contoured"
    with pytest.raises(DataSetError, match=r"pred: has none of the structures asked for \(Bladder\)"):
        score_folder(tmp_path / "pred", tmp_path / "truth", reading=Reading(structures=["Bladder"]))


def test_what_is_odd_about_a_prediction_is_told_with_its_method(tmp_path, labels, write_label_maps):
    truth = write_label_maps(tmp_path / "truth", {"c1": labels}, {"Bladder": 1, "Lump": 2})
    net = write_label_maps(tmp_path / "net", {"c1": labels}, {"Bladder": 1, "Lump": 2})
    reader = write_label_maps(tmp_path / "reader", {"c1": labels}, {"Bladder": 1, "Knob": 2})
    odd = [f.subject for f in score_methods({"net": net, "reader": reader}, truth).findings]
    assert odd == ["c1", "Lump", "reader, Knob"]


@pytest.fixture
def five_cases(tmp_path, labels, write_label_maps):
    moved = {f"c{n}": np.roll(labels, n, axis=0) for n in range(5)}
    return (
        write_label_maps(tmp_path / "pred", moved, NAMES),
        write_label_maps(tmp_path / "truth", dict.fromkeys(moved, labels), NAMES),
    )


def test_processes_give_what_one_process_gives_and_report_in_order(five_cases):
    seen = []
    several = score_folder(*five_cases, processes=2, progress=lambda *step: seen.append(step))
    assert several == score_folder(*five_cases, processes=1)
    assert list(several.scores) == ["c0", "c1", "c2", "c3", "c4"]
    assert [one["Bladder"].centroid_shift_mm for one in several.scores.values()] == pytest.approx([0, 2, 4, 6, 8])
    assert seen == [(f"c{n}", n + 1, 5) for n in range(5)]


def test_an_error_in_a_process_arrives_as_one_line(five_cases):
    predictions, _ = five_cases
    (predictions / "c3.nii.gz").write_text("not NIfTI")
    with pytest.raises(InputFileError, match=r"c3\.nii\.gz: is no readable NIfTI") as caught:
        score_folder(*five_cases, processes=2)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="processes is 0"):
        score_folder(*five_cases, processes=0)


def test_a_process_that_scores_starts_light(five_cases):
    places = ", ".join(repr(str(place)) for place in five_cases)
    code = (
        "import sys; from rtcontour.evaluation.score import score_folder\n"
        "print(*{'pydicom', 'nibabel', 'scipy', 'numba', 'matplotlib'} & sys.modules.keys())\n"
        f"score_folder({places}, processes=1)\n"
        "print(*{'rtcontour.dicom', 'scipy.ndimage', 'numba', 'matplotlib'} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []


ENDLESS = """
import sys, time
from rtcontour.evaluation import score

def one_case(reading, pairs):
    print("works", flush=True)
    time.sleep(60)

score._score_case = one_case
if __name__ == "__main__":
    print("starts", flush=True)
    score.score_folder(sys.argv[1], sys.argv[2], processes=2)
"""


@pytest.fixture
def endless(start_script, five_cases):
    """A script that scores in two processes for a minute, in a group of its own."""
    return start_script(ENDLESS, *five_cases)


@pytest.mark.parametrize("moment", ["starts", "works"])
def test_an_interrupt_ends_all_processes_without_a_word_of_theirs(endless, all_end, moment):
    while endless.stdout.readline().strip() != moment:
        assert endless.poll() is None
    time.sleep(0.3)  # while they start
    os.killpg(endless.pid, signal.SIGINT)
    _, said = endless.communicate(timeout=20)
    assert endless.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1 and "spawn" not in said  # the script's own
    assert all_end(endless.pid)


def test_processes_end_with_their_parent(endless, all_end):
    while endless.stdout.readline().strip() != "works":
        assert endless.poll() is None
    endless.kill()
    endless.wait()
    assert all_end(endless.pid)
