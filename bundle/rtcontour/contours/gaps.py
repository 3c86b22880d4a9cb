"""Slices that a clinic left out: a structure contoured on every second or third slice, or with one forgotten.

Shape-based interpolation (Raya and Udupa, IEEE Transactions on Medical Imaging 9(1), 1990): between two slices the
signed distance to the outline changes linearly, and what is inside is where it is positive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import Finding
from rtcontour.mask import Mask

MOST_LEFT_OUT = 2  # slices in a row: every third slice contoured; structures that end and begin again leave more out
FEWEST_CONTOURED = 3  # slices: two do not tell a habit


def find_gaps(mask: Mask, contoured: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Neighbouring contoured slices (below, above) of one part of a structure, with slices left out between them.

    At most MOST_LEFT_OUT slices are left out, or as many as between most neighbours. The two slices share a voxel;
    else they belong to parts that end and begin again, and nothing is missing. Two contoured slices have no gap.

    Args:
        mask: what the contours set.
        contoured: (m,) slices k that have contours, in any order.
    """
    slices = np.unique(contoured)
    steps = np.diff(slices)
    if slices.size < FEWEST_CONTOURED or steps.max() == 1:
        return []
    longest = max(MOST_LEFT_OUT + 1, int(np.median(steps)))
    near = np.flatnonzero((steps > 1) & (steps <= longest))
    pairs = [(int(slices[n]), int(slices[n + 1])) for n in near]
    return [(below, above) for below, above in pairs if np.any(_slice(mask, below) & _slice(mask, above))]


def describe_gaps(gaps: list[tuple[int, int]], subject: str, *, filled: bool) -> list[Finding]:
    """What to report of gaps, whether they were filled or not."""
    if not gaps:
        return []
    count = sum(above - below - 1 for below, above in gaps)
    where = f"{count} slices between contours are not contoured, the first is slice {gaps[0][0] + 1}"
    if filled:
        return [Finding("slices-interpolated", f"{where}; filled by shape-based interpolation", subject=subject)]
    return [Finding("slices-left-out", f"{where}; they stay empty (--fill-gaps, fill_gaps=True)", subject=subject)]


def interpolate_gaps(mask: Mask, gaps: Iterable[tuple[int, int]]) -> Mask:
    """The same mask with the slices of its gaps interpolated."""
    voxels = mask.voxels.copy(order="F")
    lowest = mask.start[2]
    for below, above in gaps:
        distance_below, distance_above = (_signed_distance_mm(_slice(mask, k), mask) for k in (below, above))
        for k in range(below + 1, above):
            share = (k - below) / (above - below)
            voxels[:, :, k - lowest] = (1 - share) * distance_below + share * distance_above > 0
    return replace(mask, voxels=voxels)


def _slice(mask: Mask, k: int) -> NDArray[np.bool_]:
    """The box's voxels on slice k; a single one outside where the box does not reach it."""
    level = k - mask.start[2]
    if not 0 <= level < mask.voxels.shape[2]:
        return np.zeros((1, 1), np.bool_)
    inside: NDArray[np.bool_] = mask.voxels[:, :, level]
    return inside


def _signed_distance_mm(inside: NDArray[np.bool_], mask: Mask) -> NDArray[np.float32]:
    """Distance to the nearest voxel of the other kind in mm, negative outside; beyond the box all is outside."""
    import edt  # loads in a tenth of a second, and few structures have gaps

    ringed = np.pad(inside, 1)
    spacing_mm = mask.grid.spacing_mm[:2]
    distance: NDArray[np.float32] = edt.edt(ringed, anisotropy=spacing_mm) - edt.edt(~ringed, anisotropy=spacing_mm)
    return distance[1:-1, 1:-1]
