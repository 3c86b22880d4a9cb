"""Draw: which patch is wanted. All that is random about it comes from its key, so any process makes the same one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np

PATCH_STREAM = 1  # of what is random within a patch; whatever else is drawn by its key takes another number


class Draw(NamedTuple):
    """One patch of a training.

    Attributes:
        case: index into the data.
        key: seed of the training and number of the patch in it, both below 2**32.
        centre: voxel (i, j, k) of the scan in the middle of the patch; None lets the transform draw one.
        augment: False leaves the patch as it is in the scan.
    """

    case: int
    key: tuple[int, int]
    centre: tuple[int, int, int] | None = None
    augment: bool = True


def generator_of(data: Mapping[Hashable, Any], state: np.random.RandomState) -> np.random.Generator:
    """Random numbers for an item: by the key of its "draw" where it has one, else seeded from MONAI's `state`."""
    draw = data.get("draw")
    if draw is None:
        return np.random.default_rng(state.randint(2**31))
    return np.random.default_rng((*draw.key, PATCH_STREAM))
