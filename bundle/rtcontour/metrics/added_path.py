"""Added path length: how much of the truth's contours an editor would still have to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.metrics.surface import surface_voxels


def added_path_length_mm(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> float:
    """Length of the truth's contours that the predicted ones do not give.

    A boundary pixel of a slice is inside and has one of its four in-slice neighbours outside; beyond the slice is
    outside. The length is the number of the truth's boundary pixels that are no boundary pixels of the predicted
    mask, summed over slices, times the mean in-plane spacing.

    Args:
        predicted: bool (i, j, k); empty: every boundary pixel of the truth is to be drawn.
        truth: the same shape; empty: nothing is, 0 mm.
        spacing_mm: distance between voxel centres along i, j and k.

    Source:
        Vaassen et al., Phys Imaging Radiat Oncol 2020;13:1-6, with a tolerance of zero.
    """
    added = surface_voxels(truth, axes=(0, 1)) & ~surface_voxels(predicted, axes=(0, 1))
    return int(np.count_nonzero(added)) * (spacing_mm[0] + spacing_mm[1]) / 2
