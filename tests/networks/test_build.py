import sys

import pytest
import torch

from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.networks import DpnUNet, RecomiaFCN, UaNet, build_network, network_name

TOY = """
import torch

class Toy(torch.nn.Module):
    def __init__(self, in_channels=1, classes=2):
        super().__init__()
        self.arguments = {"in_channels": in_channels, "classes": classes}
        self.head = torch.nn.Conv3d(in_channels, classes, 1)

def not_a_network():
    pass
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A module of somebody's own with a network."""
    (tmp_path / "my_networks.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("my_networks", None)


@pytest.mark.parametrize("kind", [RecomiaFCN, DpnUNet, UaNet])
def test_a_network_of_this_room_goes_by_its_own_name(kind):
    network = kind(classes=4, size="cpu")
    assert network_name(network) == kind.__name__
    again = build_network(kind.__name__, network.arguments)
    again.load_state_dict(network.state_dict())


def test_a_network_from_elsewhere_goes_by_its_path(toy):
    from my_networks import Toy

    network = Toy(classes=5)
    assert network_name(network) == "my_networks.Toy"
    assert build_network("my_networks.Toy", network.arguments).head.out_channels == 5


@pytest.mark.parametrize("name", ["Unheard", "not_installed.Network", "my_networks.Missing"])
def test_a_network_that_is_not_here_is_named_with_the_remedy(toy, name):
    with pytest.raises(CheckpointError, match=f"'{name}' is unknown here; update rtcontour, or install"):
        build_network(name, {})


@pytest.mark.parametrize("name", ["my_networks.not_a_network", "build_network", "os.system"])
def test_what_is_no_network_is_never_called(toy, name):
    with pytest.raises(CheckpointError, match="is not a network"):
        build_network(name, {})


def test_arguments_that_do_not_fit_are_told():
    with pytest.raises(CheckpointError, match="RecomiaFCN cannot be built from"):
        build_network("RecomiaFCN", {"depth": 3})
    with pytest.raises(CheckpointError, match="no size 'huge'"):
        build_network("DpnUNet", {"size": "huge"})


def test_a_network_without_arguments_is_refused():
    with pytest.raises(ConfigError, match="Linear has no `arguments`"):
        network_name(torch.nn.Linear(1, 1))
