"""From a network to the name and plain arguments that a checkpoint keeps, and back."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from torch import nn

from rtcontour.errors import CheckpointError, ConfigError

ROOM = "rtcontour.networks"


def network_name(network: nn.Module) -> str:
    """The name by which `build_network` finds a network's class: its own, where this room lists it, or its path.

    Raises:
        ConfigError: the network has no `arguments`, so no checkpoint could build it again.
    """
    kind = type(network)
    if not isinstance(getattr(network, "arguments", None), Mapping):
        raise ConfigError(
            f"recipe::network {kind.__qualname__} has no `arguments`; set self.arguments to what it was built with"
        )
    listed = getattr(import_module(ROOM), kind.__name__, None) is kind
    return kind.__name__ if listed else f"{kind.__module__}.{kind.__qualname__}"


def build_network(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network with fresh weights.

    Args:
        name: from `network_name`.
        arguments: its class's, by keyword.

    Raises:
        CheckpointError: no such network here, or arguments that its class does not take.
    """
    kind = _find(name)
    try:
        return kind(**arguments)
    except (TypeError, ConfigError) as error:
        raise CheckpointError(
            f"network {name} cannot be built from {dict(arguments)} ({error}); update rtcontour"
        ) from error


def _find(name: str) -> type[nn.Module]:
    module, _, kind = (f"{ROOM}.{name}" if "." not in name else name).rpartition(".")
    try:
        found = getattr(import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"network {name!r} is unknown here; update rtcontour, or install the package that it comes from"
        ) from error
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise CheckpointError(f"{name!r} is not a network; name a checkpoint that rtcontour wrote")
    return found
