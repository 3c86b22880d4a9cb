"""Model: a trained network and what its checkpoint says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rtcontour.datasets import recipe_channels
from rtcontour.dicom import Algorithm
from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.networks import build_network
from rtcontour.training import KEY, ModelDescription, read_checkpoint


@dataclass(frozen=True, eq=False)
class Model:
    """A network in evaluation mode on its device, and its description."""

    path: Path
    network: nn.Module
    description: ModelDescription
    device: torch.device

    @property
    def names(self) -> list[str]:
        """Structure names of channels 1, 2, ..."""
        return [channel.name for channel in recipe_channels(self.description.structures)]

    @cached_property
    def algorithm(self) -> Algorithm:
        """What a structure set records of it: its recipe, the version it was trained with, the hash of its file."""
        weights_hash = hashlib.sha256(self.path.read_bytes()).hexdigest()
        return Algorithm(self.description.recipe, self.description.versions.get("rtcontour", ""), weights_hash)


def load_model(
    path: str | Path, *, device: str | torch.device = "auto", structures: Sequence[Any] | None = None
) -> Model:
    """Build the network that a checkpoint describes and load its weights.

    Args:
        path: a file written by training.
        device: "auto" takes a GPU where there is one.
        structures: what the caller's recipe expects; None accepts whatever the checkpoint was trained for.

    Raises:
        CheckpointError: not there, not a checkpoint of rtcontour, or one for other structures or another network.
        ConfigError: a device that is not there.
    """
    path, device = Path(path), _device(device)
    state = read_checkpoint(path)
    try:
        description = ModelDescription.from_state(state[KEY])
        network = build_network(description.network, description.arguments)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if structures is not None and list(structures) != description.structures:
        raise CheckpointError(
            f"{path}: was trained for {description.structures}, the recipe wants {list(structures)}; "
            "name the recipe or the checkpoint that belongs to the other"
        )
    try:
        network.load_state_dict(state["model"])
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(
            f"{path}: its weights do not fit {description.network} ({reason}); train it again"
        ) from error
    return Model(path, network.to(device).eval(), description, device)


def _device(name: str | torch.device) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch has either, for a name and for hardware it lacks
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device {str(name)!r} cannot be used here ({reason}); say auto or cpu") from error
