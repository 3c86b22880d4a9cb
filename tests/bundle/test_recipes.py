"""Every shipped recipe and preset through the shared story, on patients that take a second."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from rtcontour.datasets import recipe_channels, write_image, write_labels
from rtcontour.dicom import read_ct_series, read_structure_set, write_ct_series
from rtcontour.files import bundle_root
from rtcontour.grid import Grid
from rtcontour.inference import contour_patient, load_model
from rtcontour.networks import build_network
from rtcontour.structures import resolve_structure

CONFIGS = Path(bundle_root()) / "configs"
RECIPES = (
    "pelvis_fcn",
    "rectum_dpn_unet",
    "head_neck_28_ua_net",
    "head_neck_7_fcn",
    "head_neck_7_dpn_unet",
    "head_neck_7_ua_net",
)
GRID = Grid((40, 36, 24), (2.0, 2.0, 3.0), (-39.0, -35.0, 100.0))
SPECK = Grid((7, 6, 2), (4.0, 4.0, 5.0), (0.0, 0.0, 0.0))  # smaller than every patch and anchor
SMALL = {  # what makes a recipe quick here; nothing else of it is changed
    "pelvis_fcn": {"patch": [24, 24, 16], "cycle": {"epochs": 1, "folds": 2, "mined_share": 0.1}},
    "rectum_dpn_unet": {"patch": [32, 32, 4]},
    "head_neck_28_ua_net": {"patch": [32, 32, 24]},
    "head_neck_7_fcn": {"patch": [24, 24, 16]},
    "head_neck_7_dpn_unet": {"patch": [32, 32, 6]},
    "head_neck_7_ua_net": {"patch": [32, 32, 24]},
}


def read_recipe(name):
    return json.loads((CONFIGS / "recipes" / f"{name}.json").read_text())["recipe"]


def parts_of(name):
    """The TG-263 names that a data set of a recipe has: unions by their parts."""
    return [part for channel in recipe_channels(read_recipe(name)["structures"]) for part in channel.parts]


def draw_blocks(parts, seed):
    """A body with one block a structure, each of its own density, in places that differ a little by seed."""
    random = np.random.default_rng(seed)
    hu = np.full(GRID.shape, -1000, np.int16, order="F")
    labels = np.zeros(GRID.shape, np.uint8, order="F")
    hu[2:38, 2:34] = 0
    for number, _ in enumerate(parts):
        i, j, k = 4 + 8 * (number % 4), 4 + 7 * (number // 4 % 4), 2 + 11 * (number // 16)
        i, j, k = np.array([i, j, k]) + random.integers(0, 2, 3)
        block = (slice(i, i + 7), slice(j, j + 6), slice(k, k + 9))
        labels[block], hu[block] = number + 1, 60 + 25 * number
    return hu, labels


@pytest.fixture(scope="module")
def write_blocks(tmp_path_factory):
    """Writes a data set for a recipe: two training cases, of which one lacks half the contours, and two more."""

    def write(name):
        folder, parts = tmp_path_factory.mktemp(name), parts_of(name)
        content = {"name": name, "labels": {"background": 0, **{p: n for n, p in enumerate(parts, start=1)}}}
        for seed, split in enumerate(("training", "training", "validation", "test")):
            hu, labels = draw_blocks(parts, seed)
            annotated = parts if seed != 1 else parts[::2]
            labels[~np.isin(labels, [content["labels"][p] for p in annotated])] = 0
            files = {"image": f"images/c{seed}.nii.gz", "label": f"labels/c{seed}.nii.gz"}
            write_image(folder / files["image"], hu, GRID)
            write_labels(folder / files["label"], labels, GRID)
            case = {"case": f"c{seed}", "patient": f"p{seed}", **files, "annotated": annotated}
            content.setdefault(split, []).append(case)
        (folder / "datalist.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="module")
def write_configs(tmp_path_factory):
    """Writes a shipped recipe with small patches and two epochs, and a preset; gives the files for a training."""

    def write(name, iterations):
        recipe = {**read_recipe(name), "epochs": 2, **SMALL[name]}
        if "anchors" in recipe["network"]:  # blocks are no organs, so they have anchors of their own
            recipe["network"]["anchors"] = [[10, 10, 10], [14, 14, 14], [18, 18, 18]]
            recipe["handlers"][0]["starts"] = {"proposals": 0, "masks": 0.5}
        folder = tmp_path_factory.mktemp(f"{name}_files")
        (folder / f"{name}.json").write_text(json.dumps({"recipe": recipe}))
        counts = {"batch": 1, "accumulate": 1, "iterations": iterations, "workers": 0, "cycles": 1, "cycle_epochs": 2}
        preset = {"size": "cpu", **counts}
        (folder / "tiny.json").write_text(json.dumps({"preset": preset}))
        return ["configs/train.json", str(folder / f"{name}.json"), str(folder / "tiny.json")]

    return write


def losses_in(said):
    """The losses of the epochs, as the training printed them."""
    found = np.array([float(loss) for loss in re.findall(r"^epoch .* iteration .* loss ([^ ,]+)", said, re.M)])
    assert np.isfinite(found).all()
    return found


@pytest.fixture(scope="module", params=RECIPES)
def trained(request, tmp_path_factory, write_blocks, write_configs, run_workflow):
    """A recipe trained for two epochs of one update: its name, data set, output folder and what was printed."""
    name = request.param
    data, folder = write_blocks(name), tmp_path_factory.mktemp(f"{name}_run") / "new"
    _, said = run_workflow(write_configs(name, 1), "train", dataset_dir=data, output_dir=folder, seed=1)
    return name, data, folder, said


def test_a_step_changes_the_weights_and_the_loss_is_finite(trained):
    name, _, folder, said = trained
    assert len(losses_in(said)) == 2
    last = torch.load(folder / "last.pt", weights_only=True)
    description = last["rtcontour"]
    torch.manual_seed(1)
    fresh = build_network(description["network"], description["arguments"]).state_dict()
    assert any(not torch.equal(fresh[key], last["model"][key]) for key in fresh if fresh[key].is_floating_point())
    assert description["recipe"] == name
    assert (last["best"]["best"] < 0) == (
        read_recipe(name)["choose_by"] == "loss"
    )  # a loss is kept with its sign turned


def test_the_same_evaluation_scores_it(trained, run_workflow, tmp_path):
    name, data, folder, _ = trained
    configs = ["configs/evaluate.json", f"configs/recipes/{name}.json"]
    run_workflow(configs, "infer", dataset_dir=data, checkpoint=folder / "model.pt", output_dir=tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert list(summary["structures"]) == [channel.name for channel in recipe_channels(read_recipe(name)["structures"])]


def test_the_same_command_contours_with_it(trained, tmp_path):
    name, _, folder, _ = trained
    hu, _ = draw_blocks(parts_of(name), 9)
    write_ct_series(tmp_path / "ct", hu, GRID)
    path = contour_patient(tmp_path / "ct", tmp_path / "rs.dcm", weights=folder / "model.pt", findings=[])
    assert [roi.name for roi in read_structure_set(path).rois] == load_model(folder / "model.pt").names
    assert read_ct_series(tmp_path / "ct").grid.shape == GRID.shape


@pytest.mark.parametrize("name", RECIPES)
def test_specks_and_patients_without_contours_train_too(name, write_configs, run_workflow, tmp_path):
    parts = parts_of(name)
    content = {"name": name, "labels": {"background": 0, **{p: n for n, p in enumerate(parts, start=1)}}}
    splits = {"whole": "training", "bare": "training", "other": "training", "seen": "validation"}
    for case, split in splits.items():
        hu = np.full(SPECK.shape, 40, np.int16, order="F")
        labels = np.zeros(SPECK.shape, np.uint8, order="F")
        voxels = labels.reshape(-1, order="F")  # one voxel a structure, at the border too
        voxels[: len(parts)] = np.arange(1, len(parts) + 1)
        files = {"image": f"images/{case}.nii.gz", "label": f"labels/{case}.nii.gz"}
        write_image(tmp_path / files["image"], hu, SPECK)
        write_labels(tmp_path / files["label"], labels if case != "bare" else 0 * labels, SPECK)
        annotated = [] if case == "bare" else parts
        content.setdefault(split, []).append({"case": case, "patient": case, **files, "annotated": annotated})
    (tmp_path / "datalist.json").write_text(json.dumps(content))
    files = write_configs(name, 4)
    if "anchors" in read_recipe(name)["network"]:
        recipe = json.loads(Path(files[1]).read_text())["recipe"]
        recipe["network"]["border"] = [8, 8, 8]  # with their border specks have the shape of an anchor
        Path(files[1]).write_text(json.dumps({"recipe": recipe}))
    _, said = run_workflow(files, "train", dataset_dir=tmp_path, output_dir=tmp_path / "run", seed=1)
    assert len(losses_in(said)) == 2 and "validation: mean Dice" in said


@pytest.mark.parametrize("name", RECIPES)
def test_its_structures_are_of_the_table(name):
    for part in parts_of(name):
        assert resolve_structure(part).name == part


@pytest.mark.parametrize("preset", ["cpu", "gpu", "paper"])
@pytest.mark.parametrize("name", RECIPES)
def test_every_preset_gives_every_recipe_a_network_and_a_batch(name, preset, root, monkeypatch):
    from monai.bundle import ConfigParser

    monkeypatch.chdir(root)
    parser = ConfigParser()
    parser.read_config(["configs/train.json", f"configs/recipes/{name}.json", f"configs/presets/{preset}.json"])
    network = parser.get_parsed_content("network_def")
    assert network.arguments["size"] == preset
    assert network.arguments["classes"] == 1 + len(read_recipe(name)["structures"])
    batching = parser.get_parsed_content("batching")
    assert batching.update % batching.micro_batch == 0


@pytest.mark.parametrize("name", RECIPES)
def test_monai_verifies_what_goes_into_the_network_and_comes_out(name, root, monkeypatch):
    from monai.bundle import verify_net_in_out

    monkeypatch.chdir(root)
    verify_net_in_out(
        "network_def",
        meta_file="configs/metadata.json",
        config_file=["configs/train.json", f"configs/recipes/{name}.json"],
        n=4,
        device="cpu",
        **{"_meta_::network_data_format::outputs::pred::num_channels": 1 + len(read_recipe(name)["structures"])},
    )
