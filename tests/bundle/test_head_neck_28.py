"""The 28 organs of Tang 2019 on phantoms: the recipe trains, and what it learned contours another patient."""

import json
import re

import pytest

from rtcontour.phantom import HEAD_NECK_28, write_data_set

COARSE = {"spacing_mm": (4.0, 4.0, 5.0), "columns_rows": (96, 96), "anatomy": "head_neck"}


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head_neck") / "phantoms"
    return write_data_set(folder, training=2, validation=1, test=1, seed=3, **COARSE)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, root, phantoms, run_workflow):
    """The shipped recipe with patches, and anchors fitted by its own story, for voxels of 4 x 4 x 5 mm."""
    said = json.loads((root / "configs" / "recipes" / "head_neck_28_ua_net.json").read_text())["recipe"]
    path = tmp_path_factory.mktemp("recipe") / "coarse.json"
    said |= {"name": "coarse", "patch": [64, 64, 64], "epochs": 3}
    said["network"]["border"] = [2, 2, 2]
    said["handlers"][0]["starts"] = {"proposals": 0, "classes": 0.3, "masks": 0.6}
    path.write_text(json.dumps({"recipe": said}))
    _, printed = run_workflow(["configs/train.json", str(path)], "train", dataset_dir=phantoms, run_id="anchors")
    said["network"]["anchors"] = json.loads(printed.splitlines()[-1])
    path.write_text(json.dumps({"recipe": said}))
    return str(path)


def test_the_recipe_has_the_28_organs_of_the_phantom(root):
    said = json.loads((root / "configs" / "recipes" / "head_neck_28_ua_net.json").read_text())["recipe"]
    assert said["structures"] == list(HEAD_NECK_28)


def test_it_goes_through_its_phases_and_scores_all_28(phantoms, recipe, run_workflow, tmp_path, tiny_preset):
    preset = tmp_path / "tiny.json"
    preset.write_text(json.dumps({"preset": {**tiny_preset, "accumulate": 1}}))
    options = {"dataset_dir": phantoms, "output_dir": tmp_path / "run"}
    _, said = run_workflow(["configs/train.json", recipe, str(preset)], "train", **options)
    share = float(re.search(r"anchors: ([\d.]+) of \d+ organs", said)[1])
    assert share >= 0.95
    epochs = {line.split()[1]: line for line in said.splitlines() if re.match(r"epoch \d/3 iteration 2/2", line)}
    assert "class" not in epochs["1/3"].replace("proposal_class", "")
    assert "class" in epochs["2/3"].replace("proposal_class", "") and "mask" not in epochs["2/3"]
    assert "mask" in epochs["3/3"]
    options = {"dataset_dir": phantoms, "checkpoint": tmp_path / "run" / "model.pt", "output_dir": tmp_path / "scores"}
    run_workflow(["configs/evaluate.json", recipe], "infer", **options)
    assert list(json.loads((tmp_path / "scores" / "summary.json").read_text())["structures"]) == list(HEAD_NECK_28)
