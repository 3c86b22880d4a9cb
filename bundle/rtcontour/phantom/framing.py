"""From the grid of a CT to the canvas around the patient, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.pose import Pose

THICK_SLICE_MM = 4.0  # from here on, slices are sampled twice


def sampling_stride(grid: Grid) -> int:
    """Layers of samples a slice: 2 where the slices are thick."""
    return 2 if grid.spacing_mm[2] >= THICK_SLICE_MM else 1


def canvas_over(
    grid: Grid,
    pose: Pose,
    reach_mm: tuple[NDArray[np.float64], NDArray[np.float64]],
    rng: np.random.Generator,
) -> tuple[tuple[int, int, int], Canvas]:
    """Samples of the box around the body, and the index of the first one in the grid.

    Args:
        grid: the CT's voxels.
        pose: how the patient lies.
        reach_mm: lowest and highest x, y of the body from the anatomical origin, in scanner mm.
        rng: random numbers of the textures.
    """
    spacing, origin = np.asarray(grid.spacing_mm), np.asarray(grid.origin_mm)
    low = np.floor((pose.centre_mm[:2] + reach_mm[0] - origin[:2]) / spacing[:2]).clip(0, None)
    high = np.ceil((pose.centre_mm[:2] + reach_mm[1] - origin[:2]) / spacing[:2]).clip(None, grid.shape[:2])
    start = (int(low[0]), int(low[1]), 0)
    stride = sampling_stride(grid)
    step = spacing / (1, 1, stride)
    start_mm = origin + start * spacing - (0, 0, (stride - 1) * step[2])
    shape = (int(high[0] - low[0]), int(high[1] - low[1]), grid.shape[2] * stride + stride - 1)
    return start, Canvas.over(pose, start_mm, step, shape, rng)


def back_mm(external: NDArray[np.bool_], start: tuple[int, int, int], grid: Grid) -> float:
    """Scanner y of the lowest point of the patient, who lies on it."""
    rows = np.flatnonzero(external.any(axis=(0, 2)))
    return grid.origin_mm[1] + (start[1] + (rows[-1] if rows.size else 0)) * grid.spacing_mm[1]


def to_mask(samples: NDArray[np.bool_], start: tuple[int, int, int], grid: Grid) -> Mask:
    """The samples at the slice centres as a mask of the grid."""
    centred = samples[:, :, 1:-1:2] if sampling_stride(grid) == 2 else samples
    full = np.zeros(grid.shape, np.bool_, order="F")
    full[start[0] : start[0] + centred.shape[0], start[1] : start[1] + centred.shape[1]] = centred
    return Mask.from_array(full, grid)
