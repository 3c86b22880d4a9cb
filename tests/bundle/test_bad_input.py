"""What bad input gets from the configs: one line that names the file and the remedy, and no half-written output."""

import json
import shutil

import numpy as np
import pytest
import torch

from rtcontour.datasets import write_image, write_labels
from rtcontour.dicom import write_ct_series
from rtcontour.grid import Grid

TRAIN, EVALUATE, INFERENCE = (f"configs/{story}.json" for story in ("train", "evaluate", "inference"))


def line_of(said):
    """The one line of ours, which must be the last one on stderr."""
    lines = said.err.rstrip("\n").split("\n")
    assert "Traceback" not in said.err + said.out
    assert [line for line in lines if line.startswith("rtcontour: ")] == lines[-1:]
    return lines[-1]


@pytest.fixture
def data_set(tmp_path, tiny_data_set):
    return shutil.copytree(tiny_data_set, tmp_path / "data")


@pytest.fixture
def fail_to_train(tmp_path, data_set, recipe, preset, fail_here):
    """Trains on the copied data set; gives the line, and sees to it that there is no model."""

    def fail(**options):
        options = {"dataset_dir": data_set, "output_dir": tmp_path / "new", **options}
        line = line_of(fail_here([TRAIN, options.pop("recipe", recipe), preset], **options))
        assert not list(tmp_path.rglob("*.pt")) and not list(tmp_path.rglob("*.partial*"))
        return line

    return fail


def change(data_set, apply):
    content = json.loads((data_set / "datalist.json").read_text())
    apply(content)
    (data_set / "datalist.json").write_text(json.dumps(content))


def truncate(path):
    path.write_bytes(path.read_bytes()[:2000])


def test_a_missing_data_set(fail_to_train, tmp_path):
    line = fail_to_train(dataset_dir=tmp_path / "nowhere")
    assert "nowhere/datalist.json: cannot be read" in line and "name a data set folder" in line
    assert not (tmp_path / "new").exists()


def test_a_wrong_path_in_the_datalist(fail_to_train, data_set, tmp_path):
    change(data_set, lambda content: content["validation"][0].update(image="images/c9.nii.gz"))
    line = fail_to_train()
    assert "data/datalist.json: case 'c3'" in line and "c9.nii.gz is not there" in line
    assert not (tmp_path / "new").exists()


def test_an_unknown_name_among_the_annotated(fail_to_train, data_set):
    change(data_set, lambda content: content["training"][0].update(annotated=["Bladder", "Blader2"]))
    assert "datalist.json: case 'c1': annotated 'Blader2' is not in `labels`" in fail_to_train()


def test_a_recipe_for_other_structures_than_the_data_set_s(fail_to_train):
    line = fail_to_train(recipe="configs/recipes/head_neck_7_fcn.json")
    assert "datalist.json: " in line and "Brainstem" in line and "choose another" in line


def test_a_recipe_with_a_structure_twice(fail_to_train, tmp_path, write_recipe):
    twice = write_recipe(tmp_path / "twice.json", structures=["Bladder", "Urinary bladder"])
    assert "recipe structures: Bladder belongs to" in fail_to_train(recipe=twice)


def test_a_training_image_that_breaks_off(fail_to_train, data_set):
    truncate(data_set / "images" / "c2.nii.gz")
    assert "images/c2.nii.gz: " in fail_to_train()


def test_a_label_map_on_another_grid(fail_to_train, data_set, tiny_grid):
    other = Grid(tiny_grid.shape, (2.0, 2.5, 3.0), tiny_grid.origin_mm)
    write_labels(data_set / "labels" / "c1.nii.gz", np.zeros(other.shape, np.uint8), other, replace=True)
    assert "labels/c1.nii.gz: lies on another grid" in fail_to_train()


def test_a_label_map_with_a_value_that_has_no_name(fail_to_train, data_set, tiny_grid):
    labels = np.full(tiny_grid.shape, 7, np.uint8)
    write_labels(data_set / "labels" / "c3.nii.gz", labels, tiny_grid, replace=True)
    line = fail_to_train()
    assert "labels/c3.nii.gz: label map holds the values 7" in line


def test_a_validation_image_that_breaks_off_while_training(fail_to_train, data_set):
    truncate(data_set / "images" / "c3.nii.gz")
    assert "images/c3.nii.gz: " in fail_to_train()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("resume", "false", "resume is 'false'"),
        ("recipe::patch", [16, 16], "recipe::patch is [16, 16]; expected three sizes"),
        ("recipe::spacing_mm", [1, 0, 3], "recipe::spacing_mm is [1, 0, 3]; expected three voxel sizes in mm"),
        ("recipe::tile", [8, 8], "recipe::tile is [8, 8]; expected three sizes in voxels"),
        ("recipe::batch", 0, "recipe::batch is 0; expected a whole number from 1"),
        ("recipe::choose_by", "luck", "recipe::choose_by is 'luck'; expected mean_dice or loss"),
        ("preset::size", "huge", "RecomiaFCN has no size 'huge'; known: cpu, gpu, paper"),
        ("preset::batch", 0, "preset::batch is 0"),
        ("val_interval", 9, "val_interval is 9"),
        ("weights", "models/nothing.pt", "models/nothing.pt: no such checkpoint"),
    ],
)
def test_a_value_that_cannot_train(fail_to_train, option, value, said):
    assert said in fail_to_train(**{option: value})


def test_weights_of_other_structures_are_no_start(fail_to_train, tiny_checkpoint, tmp_path):
    state = torch.load(tiny_checkpoint, weights_only=True)
    state["rtcontour"]["structures"] = ["Bladder", "CTVn"]
    torch.save(state, tmp_path.parent / "other_structures.pt")
    line = fail_to_train(weights=tmp_path.parent / "other_structures.pt")
    assert "other_structures.pt: checkpoint of recipe" in line and "CTVn" in line


def test_an_earlier_training_is_not_replaced_unasked(fail_here, tmp_path, data_set, recipe, preset):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "last.pt").write_text("hours of work")
    line = line_of(fail_here([TRAIN, recipe, preset], dataset_dir=data_set, output_dir=tmp_path / "run"))
    assert "run/last.pt: an earlier training is there" in line
    assert (tmp_path / "run" / "last.pt").read_text() == "hours of work"


def test_nothing_to_resume(fail_to_train):
    assert "new/last.pt: no run to resume" in fail_to_train(resume=True)


def test_a_run_of_another_preset_is_not_resumed(
    fail_here, tmp_path, data_set, run_workflow, recipe, preset, tiny_preset
):
    options = {"dataset_dir": data_set, "output_dir": tmp_path / "run"}
    run_workflow([TRAIN, recipe, preset], "train", **options)
    files = {path: path.read_bytes() for path in (tmp_path / "run").glob("*.pt")}
    larger = tmp_path / "larger.json"
    larger.write_text(json.dumps({"preset": {**tiny_preset, "size": "gpu", "accumulate": 1}}))
    line = line_of(fail_here([TRAIN, recipe, str(larger)], resume=True, **options))
    assert "run/last.pt: " in line and "resume with the recipe and preset it was trained with" in line
    line = line_of(fail_here([TRAIN, recipe, preset], resume=True, **options))
    assert "run/last.pt: has run 2 epochs" in line
    assert {path: path.read_bytes() for path in files} == files


@pytest.fixture
def fail_with_weights(tmp_path, data_set, tiny_checkpoint, recipe, fail_here):
    """Evaluates or infers; gives the line, and sees to it that nothing was written."""

    def fail(story, **options):
        options = {"dataset_dir": data_set, "checkpoint": tiny_checkpoint, "output_dir": tmp_path / "new", **options}
        line = line_of(fail_here([story, options.pop("recipe", recipe)], **options))
        assert not (tmp_path / "new").exists()
        return line

    return fail


@pytest.mark.parametrize("story", [EVALUATE, INFERENCE])
class TestWeights:
    def test_that_are_not_there(self, fail_with_weights, story):
        line = fail_with_weights(story, checkpoint="models/nothing.pt")
        assert "models/nothing.pt: no such checkpoint; train the recipe first" in line

    def test_for_other_structures(self, fail_with_weights, story):
        line = fail_with_weights(story, recipe="configs/recipes/head_neck_7_fcn.json")
        assert "tiny.pt: was trained for ['Bladder', 'Rectum']" in line

    def test_of_another_network(self, fail_with_weights, story, tiny_checkpoint, tmp_path):
        state = torch.load(tiny_checkpoint, weights_only=True)
        state["rtcontour"]["network"] = "DpnUNet"
        torch.save(state, tmp_path / "other.pt")
        line = fail_with_weights(story, checkpoint=tmp_path / "other.pt")
        assert "other.pt: its weights do not fit DpnUNet" in line

    def test_of_a_network_that_is_not_installed(self, fail_with_weights, story, tiny_checkpoint, tmp_path):
        state = torch.load(tiny_checkpoint, weights_only=True)
        state["rtcontour"]["network"] = "their_lab.Network"
        torch.save(state, tmp_path / "other.pt")
        line = fail_with_weights(story, checkpoint=tmp_path / "other.pt")
        assert "other.pt: network 'their_lab.Network' is unknown here; update rtcontour, or install" in line

    def test_in_a_file_of_text(self, fail_with_weights, story, tmp_path):
        (tmp_path / "text.pt").write_text("weights")
        assert "text.pt: cannot be read as a checkpoint" in fail_with_weights(story, checkpoint=tmp_path / "text.pt")


@pytest.mark.parametrize("story", [EVALUATE, INFERENCE])
def test_earlier_results_are_not_replaced_unasked(fail_here, tmp_path, data_set, tiny_checkpoint, recipe, story):
    options = {"dataset_dir": data_set, "checkpoint": tiny_checkpoint, "output_dir": tmp_path / "old"}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "summary.json").write_text("{}")
    line = line_of(fail_here([story, recipe], **options))
    assert "old: holds something already" in line and "--replace True" in line
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["summary.json"]
    assert "replace is 'no'" in line_of(fail_here([story, recipe], **options, replace="no"))


def test_a_split_that_has_no_case(fail_with_weights, data_set):
    change(data_set, lambda content: content.update(test=[]))
    assert "datalist.json: has no test case" in fail_with_weights(EVALUATE)


def test_a_split_that_does_not_exist(fail_with_weights):
    assert "there is no split 'all'" in fail_with_weights(EVALUATE, split="all")


def test_a_test_case_that_breaks_off(fail_with_weights, data_set):
    truncate(data_set / "images" / "c4.nii.gz")
    assert "images/c4.nii.gz: " in fail_with_weights(EVALUATE)


def test_a_test_case_without_label_map_cannot_be_scored(fail_with_weights, data_set):
    change(data_set, lambda content: content["test"][0].pop("label"))
    line = fail_with_weights(EVALUATE)
    assert "datalist.json: test cases c4 have no label map" in line


def test_a_folder_without_ct(fail_with_weights, tmp_path):
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "notes.txt").write_text("no CT")
    assert str(tmp_path / "ct") in fail_with_weights(INFERENCE, dataset_dir=tmp_path / "ct")


def test_two_series_in_one_folder(fail_with_weights, tmp_path, tiny_patient, tiny_grid):
    for name in ("one", "two"):
        write_ct_series(tmp_path / name, tiny_patient()[0], tiny_grid)
        for path in (tmp_path / name).iterdir():
            (tmp_path / "both").mkdir(exist_ok=True)
            path.rename(tmp_path / "both" / path.name)
    assert str(tmp_path / "both") in fail_with_weights(INFERENCE, dataset_dir=tmp_path / "both")


def test_an_image_that_is_not_three_dimensional(fail_with_weights, tmp_path, tiny_grid):
    path = write_image(tmp_path / "scans" / "a.nii", np.zeros(tiny_grid.shape, np.int16), tiny_grid)
    header = bytearray(path.read_bytes())
    header[40:42] = (2).to_bytes(2, "little")  # the number of dimensions
    path.write_bytes(header)
    assert "a.nii: has shape" in fail_with_weights(INFERENCE, dataset_dir=tmp_path / "scans")
