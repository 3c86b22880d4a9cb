import json
import os
import shutil
from pathlib import Path

import pytest

from rtcontour.datasets import recipe_channels
from rtcontour.files import bundle_root

CONFIGS = Path(bundle_root()) / "configs"
RECIPES = sorted((CONFIGS / "recipes").glob("*.json"))
PRESETS = sorted((CONFIGS / "presets").glob("*.json"))


def read(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_says_one_thing_and_its_structures_are_plain_names(path):
    content = read(path)
    assert list(content) == ["recipe"]
    recipe = content["recipe"]
    assert recipe["name"] == path.stem
    assert Path(recipe["checkpoint"]).suffix == ".pt"
    channels = recipe_channels(recipe["structures"])
    for entry, channel in zip(recipe["structures"], channels, strict=True):
        assert channel.name == (entry if isinstance(entry, str) else next(iter(entry)))
    assert len(recipe["patch"]) == 3 and len(recipe["window_hu"]) == 2


def test_every_recipe_has_a_checkpoint_of_its_own():
    named = [read(path)["recipe"]["checkpoint"] for path in RECIPES]
    assert len(set(named)) == len(named)
    assert read(CONFIGS / "recipes" / "pelvis_fcn.json")["recipe"]["checkpoint"] == "model.pt"


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_says_only_how_large(path):
    content = read(path)
    assert list(content) == ["preset"]
    assert set(content["preset"]) - {"_desc_"} == {
        "size", "batch", "accumulate", "iterations", "workers", "cycles", "cycle_epochs"
    }  # fmt: skip
    assert content["preset"]["size"] == path.stem


@pytest.mark.parametrize("story", ["train", "evaluate", "inference"])
def test_a_story_installs_the_plain_errors_first(story):
    assert read(CONFIGS / f"{story}.json")["initialize"][0] == "$training.install_plain_errors()"


def test_the_metadata_describe_the_default_recipe():
    metadata = read(CONFIGS / "metadata.json")
    output = metadata["network_data_format"]["outputs"]["pred"]
    structures = read(CONFIGS / "recipes" / "pelvis_fcn.json")["recipe"]["structures"]
    assert output["channel_def"] == {str(n): name for n, name in enumerate(["background", *structures])}
    assert output["num_channels"] == 1 + len(structures)


def test_the_metadata_follow_monai_s_schema(tmp_path):
    from monai.bundle import verify_metadata

    if "RTCONTOUR_DATA" not in os.environ:
        pytest.skip("RTCONTOUR_DATA is not set, and MONAI's schema is there")
    name = read(CONFIGS / "metadata.json")["schema"].rpartition("/")[2]
    schema = shutil.copy(Path(os.environ["RTCONTOUR_DATA"]) / "monai" / name, tmp_path)
    verify_metadata(str(CONFIGS / "metadata.json"), filepath=schema)


def test_monai_verifies_what_goes_into_the_network_and_comes_out(tmp_path, write_tiny_checkpoint, monkeypatch):
    from monai.bundle import verify_net_in_out

    monkeypatch.chdir(CONFIGS.parent)
    structures = read(CONFIGS / "recipes" / "pelvis_fcn.json")["recipe"]["structures"]
    checkpoint = write_tiny_checkpoint(tmp_path / "model.pt", structures)
    verify_net_in_out(
        "network_def",
        meta_file="configs/metadata.json",
        config_file="configs/inference.json",
        n=4,
        device="cpu",
        checkpoint=str(checkpoint),
    )
