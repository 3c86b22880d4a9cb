import pytest
import torch

from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.networks import RecomiaFCN
from rtcontour.training import KEY, ModelDescription, save_checkpoint

STRUCTURES = ["CTVn", {"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}]


def describe(network=None, **changes):
    recipe = {
        "recipe": "two",
        "structures": STRUCTURES,
        "window_hu": (-800, 800),
        "spacing_mm": (1, 1, 3),
        "patch": (16, 16, 8),
        "tile": (16, 16, None),
        "postprocessing": {"connectivity": 6},
    }
    return ModelDescription.of(network or RecomiaFCN(classes=3), **{**recipe, **changes})


@pytest.mark.parametrize("changes", [{}, {"spacing_mm": None, "tile": None, "postprocessing": None}])
def test_a_description_survives_a_file_of_plain_values(tmp_path, changes):
    description = describe(**changes)
    save_checkpoint(tmp_path / "model.pt", {KEY: description})
    state = torch.load(tmp_path / "model.pt", weights_only=True)
    assert ModelDescription(**state[KEY]) == description


def test_a_checkpoint_of_the_first_version_takes_its_patch_as_tile():
    state = describe().state_dict()
    del state["tile"]
    assert ModelDescription.from_state(state).tile == [16, 16, 8]


def test_a_network_that_does_not_say_what_it_is_made_of_is_refused():
    with pytest.raises(ConfigError, match=r"Identity has no `arguments`; set self\.arguments"):
        describe(torch.nn.Identity())


def test_it_says_what_the_network_was_built_with():
    description = describe(RecomiaFCN(classes=3, size="gpu"))
    assert description.network == "RecomiaFCN"
    assert description.arguments == {"in_channels": 1, "classes": 3, "size": "gpu"}
    assert set(description.versions) == {"rtcontour", "torch", "monai"}


def test_components_are_named_by_structure_and_kept_by_channel():
    description = describe(postprocessing={"connectivity": 6, "components": {"Femur_Heads": 2}})
    assert description.cleaning == {"connectivity": 6, "components": {2: 2}}
    assert describe(postprocessing=None).cleaning is None


@pytest.mark.parametrize(
    "postprocessing", [{"components": {"Bladder": 2}}, {"components": {"CTVn": 0}}, {"connectivity": 7}, {"largest": 1}]
)
def test_a_post_processing_that_cannot_be_done_is_refused_before_the_training(postprocessing):
    with pytest.raises(ConfigError, match="recipe::postprocessing"):
        describe(postprocessing=postprocessing)


def test_the_same_recipe_with_other_versions_is_accepted():
    older = describe().state_dict()
    describe().load_state_dict({**older, "versions": {"torch": "1.0"}})


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (describe(RecomiaFCN(classes=3, size="gpu")), "arguments"),
        (describe(structures=["CTVn", "Bladder"]), "structures"),
    ],
)
def test_another_network_or_other_structures_are_refused(other, differs):
    with pytest.raises(CheckpointError, match=f"'two' has {differs} .* this recipe wants .* resume with"):
        describe().load_state_dict(other.state_dict())
