"""Channels: what a recipe's structures mean in the label map of a data set.

Channel 0 is background, then the recipe's structures in order. Names are matched by the structure they mean. What
only the data set has is background; what only the recipe has is not annotated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import ConfigError, DataSetError
from rtcontour.structures import structure_or_fallback

UNLISTED = 255  # what no entry of `labels` explains; so there are at most 254 structures in a recipe


@dataclass(frozen=True)
class Channel:
    """One output channel of a network: a structure, or the union of several under one name."""

    name: str
    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name whose voxels belong to the channel: its own and its parts'."""
        return tuple(dict.fromkeys((self.name, *self.parts)))


def recipe_channels(structures: Iterable[str | Mapping[str, Sequence[str]]]) -> tuple[Channel, ...]:
    """The channels of a recipe's `structures`, without the background.

    Args:
        structures: names, or unions such as {"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}.

    Raises:
        ConfigError: no structures, too many, an empty union, or one structure in two channels.
    """
    channels = []
    for entry in structures:
        for name, parts in ({entry: [entry]} if isinstance(entry, str) else entry).items():
            if isinstance(parts, str) or not parts:
                raise ConfigError(f"recipe structures: the union {name!r} is {parts!r}; expected a list of names")
            channels.append(Channel(_meaning(name), tuple(_meaning(part) for part in parts)))
    _check_channels(channels)
    return tuple(channels)


def annotated_channels(
    channels: Sequence[Channel], case_annotated: Iterable[str], data_set_labels: Iterable[str]
) -> NDArray[np.bool_]:
    """Which channels somebody contoured in a case: (1 + number of channels,) bool, background first and True.

    Args:
        channels: from `recipe_channels`.
        case_annotated: the structures contoured in the case.
        data_set_labels: the structures that the data set's label map can hold.
    """
    drawn = {_meaning(name) for name in case_annotated} & {_meaning(name) for name in data_set_labels}
    return np.array([True, *(c.name in drawn or drawn.issuperset(c.parts) for c in channels)])


def label_values(channels: Sequence[Channel], labels: Mapping[str, int]) -> NDArray[np.uint8]:
    """Label value of a data set -> channel: (highest value + 1,) uint8; UNLISTED for values without a name."""
    channel_of = {name: number for number, channel in enumerate(channels, 1) for name in channel.names}
    table = np.full(max(labels.values(), default=0) + 1, UNLISTED, np.uint8)
    table[0] = 0
    for name, value in labels.items():
        table[value] = channel_of.get(_meaning(name), 0)
    return table


def map_labels(labels_array: NDArray[Any], labels: Mapping[str, int], channels: Sequence[Channel]) -> NDArray[np.uint8]:
    """A data set's label map in the channels of a recipe: uint8, same shape, Fortran-ordered.

    Args:
        labels_array: (i, j, k) label map.
        labels: the data set's names and values.
        channels: from `recipe_channels`.

    Raises:
        DataSetError: the map holds a value that `labels` does not name.
    """
    return apply_label_values(labels_array, label_values(channels, labels))


def apply_label_values(labels_array: NDArray[Any], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same with the table that `label_values` made.

    Raises:
        DataSetError: the map holds a value that the table does not explain.
    """
    if labels_array.size and (labels_array.min() < 0 or labels_array.max() >= table.size):
        raise DataSetError(_unlisted(labels_array, table))
    mapped = np.asfortranarray(table[labels_array])
    if (mapped == UNLISTED).any():
        raise DataSetError(_unlisted(labels_array, table))
    return mapped


def _unlisted(labels_array: NDArray[Any], table: NDArray[np.uint8]) -> str:
    listed = np.flatnonzero(table != UNLISTED)
    values = ", ".join(str(value) for value in np.setdiff1d(labels_array, listed)[:5])
    return f"label map holds the values {values}, which `labels` of datalist.json does not name; add their names there"


def _meaning(name: str) -> str:
    return structure_or_fallback(name).name


def _check_channels(channels: Sequence[Channel]) -> None:
    if not 0 < len(channels) < UNLISTED:
        raise ConfigError(f"recipe structures: {len(channels)} of them; expected 1 to {UNLISTED - 1}")
    owners: dict[str, str] = {}
    for channel in channels:
        for name in channel.names:
            if name in owners:
                both = f"{owners[name]} and {channel.name}"
                raise ConfigError(f"recipe structures: {name} belongs to {both}; leave it to one of them")
            owners[name] = channel.name
