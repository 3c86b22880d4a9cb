"""turn_to_patient: a volume in the order in which pictures show it, however it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask

Order = tuple[tuple[int, int, int], tuple[bool, bool, bool]]  # axis that becomes i, j, k; whether it is turned round


def patient_order(grid: Grid) -> Order:
    """How the axes have to be taken so that i runs to the patient's left, j to the back and k to the head.

    Of an oblique grid, so that they do as nearly as its axes allow.
    """
    cosines = np.asarray(grid.direction)
    axes = max(permutations(range(3)), key=lambda order: sum(abs(cosines[axis, n]) for n, axis in enumerate(order)))
    i, j, k = axes
    return (i, j, k), (bool(cosines[i, 0] < 0), bool(cosines[j, 1] < 0), bool(cosines[k, 2] < 0))


def turn_grid(grid: Grid, order: Order) -> Grid:
    """The same voxels in that order."""
    axes, turned = order
    first = np.zeros(3)
    first[list(axes)] = [grid.shape[axis] - 1 if flip else 0 for axis, flip in zip(axes, turned, strict=True)]
    i, j, k = (np.array(grid.direction[axis]) * (-1 if flip else 1) for axis, flip in zip(axes, turned, strict=True))
    return Grid(
        tuple(grid.shape[axis] for axis in axes),  # type: ignore[arg-type]
        tuple(grid.spacing_mm[axis] for axis in axes),  # type: ignore[arg-type]
        tuple(grid.to_mm([first])[0]),
        (tuple(i), tuple(j), tuple(k)),
    )


def turn_array(array: NDArray[Any], order: Order) -> NDArray[Any]:
    """A view of an array in that order; nothing is copied."""
    axes, turned = order
    return array.transpose(axes)[tuple(slice(None, None, -1 if flip else 1) for flip in turned)]


def turn_masks(masks: Mapping[str, Mask], order: Order) -> dict[str, Mask]:
    """Masks in that order, each on its turned grid."""
    return {name: _turn_mask(mask, order) for name, mask in masks.items()}


def _turn_mask(mask: Mask, order: Order) -> Mask:
    axes, turned = order
    grid = turn_grid(mask.grid, order)
    start = [
        mask.grid.shape[axis] - mask.box[axis].stop if flip else mask.start[axis]
        for axis, flip in zip(axes, turned, strict=True)
    ]
    if not mask.voxels.size:
        return Mask.empty(grid, mask.findings)
    return Mask(grid, (start[0], start[1], start[2]), np.asfortranarray(turn_array(mask.voxels, order)), mask.findings)
