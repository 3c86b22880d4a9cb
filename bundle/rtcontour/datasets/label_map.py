"""One label map from masks that may overlap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import DataSetError, GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.structures import priority_of

HIGHEST_LABEL = 255


def merge_masks(masks: Mapping[str, Mask], labels: Mapping[str, int], grid: Grid) -> NDArray[np.uint8]:
    """Label map of `masks`; a voxel of several structures goes to the one of highest priority in the structure table.

    Of equal priorities the lower label value keeps the voxel.

    Args:
        masks: structure name -> mask on `grid`.
        labels: structure name -> label value, 1 to 255; may name more than `masks` has.
        grid: the grid of the map.

    Returns:
        (i, j, k) uint8, Fortran-ordered; all 0 where there are no masks.

    Raises:
        DataSetError: a mask without a label value, or a value outside 1 to 255.
        GeometryError: a mask on another grid.
    """
    for name, mask in masks.items():
        if not 0 < labels.get(name, 0) <= HIGHEST_LABEL:
            raise DataSetError(f"structure {name!r} has label {labels.get(name)}; expected 1 to {HIGHEST_LABEL}")
        if not mask.grid.matches(grid):
            raise GeometryError(f"mask {name!r} lies on another grid than the label map; rasterize it on this one")
    merged = np.zeros(grid.shape, np.uint8, order="F")
    for name in sorted(masks, key=lambda name: (priority_of(name), -labels[name])):
        merged[masks[name].box][masks[name].voxels] = labels[name]
    return merged
