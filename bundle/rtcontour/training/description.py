"""ModelDescription: what a checkpoint says of itself, in plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, cast

import numpy as np
from torch import nn

from rtcontour.datasets import recipe_channels
from rtcontour.errors import CheckpointError, ConfigError
from rtcontour.labels import clean_labels
from rtcontour.networks import network_name

KEY = "rtcontour"  # beside "model" in a checkpoint


@dataclass
class ModelDescription:
    """Everything but the weights that is needed to use a trained network.

    It has `state_dict` and `load_state_dict`, so that MONAI's CheckpointSaver and CheckpointLoader treat it like any
    other object of a checkpoint; loading one compares it instead of overwriting.

    Attributes:
        recipe: name of the recipe.
        network: its class, as `rtcontour.networks.build_network` finds it.
        arguments: what the class was built with.
        structures: the recipe's structures in channel order (a name, or {name: [parts]}).
        window_hu: HU cut to this range and scaled to [-1, 1].
        spacing_mm: voxel size the network works on; None, for one axis or for all, for the scan's own.
        patch: of the training in voxels.
        tile: window of the sliding inference in voxels; None, for one axis or for all, for the whole body.
        postprocessing: keyword arguments of `rtcontour.clean_labels`, "components" by structure; None for none.
        versions: of the packages it was trained with.
    """

    recipe: str
    network: str
    arguments: dict[str, Any]
    structures: list[Any]
    window_hu: list[float]
    spacing_mm: list[float | None] | None
    patch: list[int]
    tile: list[int | None] | None
    postprocessing: dict[str, Any] | None
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        network: nn.Module,
        *,
        recipe: str,
        structures: Sequence[Any],
        window_hu: Sequence[float],
        spacing_mm: Sequence[float | None] | None,
        patch: Sequence[int],
        tile: Sequence[int | None] | None,
        postprocessing: Mapping[str, Any] | None,
    ) -> ModelDescription:
        """Describe a network of rtcontour.networks as the recipe set it up.

        Raises:
            ConfigError: a network that does not say what it is made of, or a post-processing that cannot be done.
        """
        description = cls(
            recipe=recipe,
            network=network_name(network),
            arguments=dict(cast(Mapping[str, Any], network.arguments)),
            structures=list(structures),
            window_hu=[float(hu) for hu in window_hu],
            spacing_mm=None if spacing_mm is None else [None if mm is None else float(mm) for mm in spacing_mm],
            patch=[int(n) for n in patch],
            tile=None if tile is None else [None if n is None else int(n) for n in tile],
            postprocessing=None if postprocessing is None else dict(postprocessing),
            versions={name: version(name) for name in ("rtcontour", "torch", "monai")},
        )
        description.check_cleaning()
        return description

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ModelDescription:
        """The description that `state_dict` gave.

        Raises:
            CheckpointError: an entry too few or too many.
        """
        try:
            return cls(**{"tile": state["patch"], **state})  # the first checkpoints had no tile but the patch
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"its description is not as this rtcontour writes it ({error}); update it") from error

    @property
    def cleaning(self) -> dict[str, Any] | None:
        """Keyword arguments of `rtcontour.clean_labels` for a label map in this network's channels; None for none.

        Raises:
            ConfigError: "components" names a structure that the network does not have.
        """
        if self.postprocessing is None:
            return None
        channels = {channel.name: number for number, channel in enumerate(recipe_channels(self.structures), start=1)}
        components = {}
        for written, count in self.postprocessing.get("components", {}).items():
            name = recipe_channels([written])[0].name
            if name not in channels:
                raise ConfigError(
                    f"recipe::postprocessing: components has {written!r}; expected one of {', '.join(channels)}"
                )
            components[channels[name]] = count
        return {**self.postprocessing, "components": components}

    def check_cleaning(self) -> None:
        """Refuse a post-processing that no label map could go through, before a training and not after.

        Raises:
            ConfigError: an unknown keyword or structure, or an impossible value.
        """
        try:
            clean_labels(np.zeros((1, 1, 1), np.uint8), **(self.cleaning or {}))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"recipe::postprocessing is {self.postprocessing}: {error}; correct it") from error

    def state_dict(self) -> dict[str, Any]:
        """Plain values, as `torch.load(weights_only=True)` takes them."""
        return asdict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Refuse a checkpoint that was trained as something else.

        Raises:
            CheckpointError: network, its arguments or the structures differ.
        """
        for name in ("network", "arguments", "structures"):
            found, expected = state.get(name), getattr(self, name)
            if found != expected:
                raise CheckpointError(
                    f"checkpoint of recipe {state.get('recipe')!r} has {name} {found}, this recipe wants {expected}; "
                    "resume with the recipe and preset it was trained with"
                )
