import pytest
import torch

from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.inference import load_model
from rtcontour.networks import RecomiaFCN


def test_the_network_is_built_from_the_checkpoint_alone(tiny_checkpoint, tiny_structures, tiny_patch):
    model = load_model(tiny_checkpoint, structures=tiny_structures)
    assert model.names == tiny_structures and model.description.patch == tiny_patch
    assert isinstance(model.network, RecomiaFCN) and not model.network.training
    saved = torch.load(tiny_checkpoint, weights_only=True)["model"]
    assert all(torch.equal(value, saved[name]) for name, value in model.network.state_dict().items())


def test_a_union_is_one_structure_under_its_name(tmp_path, write_tiny_checkpoint):
    structures = ["Bladder", {"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}]
    path = write_tiny_checkpoint(tmp_path / "m.pt", structures)
    assert load_model(path, structures=structures).names == ["Bladder", "Femur_Heads"]


def test_other_structures_than_the_recipe_s_are_refused(tiny_checkpoint):
    with pytest.raises(CheckpointError, match=r"tiny\.pt: was trained for \['Bladder', 'Rectum'\], the recipe wants"):
        load_model(tiny_checkpoint, structures=["Rectum", "Bladder"])


def write_text(path):
    path.write_text("no checkpoint")


def write_nothing(path):
    path.write_bytes(b"")


def write_foreign(path):
    torch.save({"state_dict": {"weight": torch.zeros(3)}}, path)


def write_tensor(path):
    torch.save(torch.zeros(3), path)


def write_code(path):
    torch.save({"model": RecomiaFCN(), "rtcontour": {}}, path)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: None, "no such checkpoint"),
        (write_text, "cannot be read as a checkpoint"),
        (write_nothing, "cannot be read as a checkpoint"),
        (write_code, "cannot be read as a checkpoint"),
        (write_foreign, "is not a checkpoint of rtcontour"),
        (write_tensor, "is not a checkpoint of rtcontour"),
    ],
    ids=["missing", "text", "empty", "holds code", "foreign", "a tensor"],
)
def test_what_is_no_checkpoint_of_ours_is_refused(tmp_path, write, reason):
    path = tmp_path / "model.pt"
    write(path)
    with pytest.raises(CheckpointError, match=f"model.pt: {reason}.*"):
        load_model(path)


@pytest.fixture
def changed(tiny_checkpoint, tmp_path):
    """The tiny checkpoint with another content."""

    def change(apply):
        state = torch.load(tiny_checkpoint, weights_only=True)
        apply(state)
        torch.save(state, tmp_path / "changed.pt")
        return tmp_path / "changed.pt"

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state["rtcontour"]["arguments"].update(size="gpu"), "weights do not fit RecomiaFCN"),
        (lambda state: state["rtcontour"].update(network="UNet9"), "network 'UNet9' is unknown here"),
        (lambda state: state["rtcontour"]["arguments"].update(colour=1), "cannot be built"),
        (lambda state: state["rtcontour"]["arguments"].update(size="huge"), "cannot be built"),
        (lambda state: state["rtcontour"].pop("patch"), "description"),
        (lambda state: state["rtcontour"].update(learned=1), "description"),
        (lambda state: state.update(rtcontour="text"), "description"),
    ],
    ids=["another size", "unknown network", "unknown argument", "unknown size", "too little", "too much", "text"],
)
def test_a_checkpoint_that_does_not_fit_names_its_file(changed, change, reason):
    path = changed(change)
    with pytest.raises(CheckpointError, match=rf"changed\.pt: .*{reason}"):
        load_model(path)


def test_an_unknown_device_is_refused(tiny_checkpoint):
    with pytest.raises(ConfigError, match=r"device 'abacus' cannot be used here .* say auto or cpu"):
        load_model(tiny_checkpoint, device="abacus")
