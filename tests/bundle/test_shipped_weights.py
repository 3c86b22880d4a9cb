"""What MONAI and a user may expect of the files in models/."""

import json

import pytest
import torch

from rtcontour.inference import load_model


def recipes(root):
    return [json.loads(path.read_text())["recipe"] for path in sorted((root / "configs" / "recipes").glob("*.json"))]


def test_the_default_recipe_s_weights_are_there(root):
    assert (root / "models" / "model.pt").is_file()


def test_every_checkpoint_belongs_to_a_recipe_and_has_a_card_that_forbids_clinical_use(root):
    by_checkpoint = {recipe["checkpoint"]: recipe for recipe in recipes(root)}
    for path in (root / "models").glob("*.pt"):
        recipe = by_checkpoint[path.name]
        model = load_model(path, structures=recipe["structures"])
        assert (model.description.recipe, model.description.patch) == (recipe["name"], recipe["patch"])
        assert path.stat().st_size < 25e6
        assert "not for clinical use" in path.with_suffix(".md").read_text().lower()


def test_monai_verifies_the_network_s_input_and_output(root, monkeypatch):
    from monai.bundle import verify_net_in_out

    monkeypatch.chdir(root)
    verify_net_in_out(
        "network_def",
        meta_file="configs/metadata.json",
        config_file="configs/inference.json",
        device="cpu",
    )


@pytest.mark.parametrize("size", [(136, 136, 72), (50, 31, 17)])
def test_the_weights_give_finite_logits_for_any_size(root, size):
    model = load_model(root / "models" / "model.pt", device="cpu")
    with torch.inference_mode():
        logits = model.network(torch.rand(1, 1, *size) * 2 - 1)
    assert logits.shape == (1, 6, *size) and torch.isfinite(logits).all()
