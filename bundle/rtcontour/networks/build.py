"""From the name and the plain arguments in a checkpoint to the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.networks.recomia_fcn import RecomiaFCN

NETWORKS: dict[str, type[nn.Module]] = {"RecomiaFCN": RecomiaFCN}


def build_network(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network with fresh weights.

    Raises:
        CheckpointError: an unknown name, or arguments that its class does not take.
    """
    if name not in NETWORKS:
        raise CheckpointError(f"network {name!r} is unknown here; known: {', '.join(NETWORKS)}; update rtcontour")
    try:
        return NETWORKS[name](**arguments)
    except (TypeError, ConfigError) as error:
        raise CheckpointError(
            f"network {name} cannot be built from {dict(arguments)} ({error}); update rtcontour"
        ) from error
