"""What to report of contours that have no effect, or another one than was meant, though the rule is followed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.overlaps import Overlaps
from rtcontour.contours.polygons import Polygons
from rtcontour.contours.scanline import Filled
from rtcontour.errors import Finding
from rtcontour.grid import Grid
from rtcontour.mask import Mask

ONE_PLANE = 0.1  # slices: what contours of one plane may be apart along the normal


def describe_too_small(too_small: NDArray[np.bool_], k: NDArray[np.int64], subject: str) -> Iterator[Finding]:
    """Contours, True in (m,), that set no voxel because they hold no voxel centre."""
    if too_small.any():
        message = (
            f"{_count(too_small)} contours hold no voxel centre and set no voxel, the first on slice {k[too_small][0]}"
        )
        yield Finding("contour-too-small", message, subject=subject)


def describe_overlaps(overlaps: Overlaps, filled: Filled, k: NDArray[np.int64], subject: str) -> Iterator[Finding]:
    """Contours that repeat or cross another one of their slice, or run around a voxel twice."""
    repeated, crossing = overlaps.repeated, overlaps.crossing | filled.overlaps_itself
    if repeated.any():
        message = (
            f"{_count(repeated)} contours repeat another of their slice; by even-odd each two of them cancel out, "
            f"the first on slice {k[repeated][0]}"
        )
        yield Finding("contour-repeated", message, subject=subject)
    if crossing.any():
        message = (
            f"{_count(crossing)} contours overlap another of their slice, or themselves; by even-odd what is held "
            f"twice is outside, the first on slice {k[crossing][0]}"
        )
        yield Finding("contour-crossing", message, subject=subject)


def describe_cancelled(mask: Mask, k: NDArray[np.int64], subject: str) -> Iterator[Finding]:
    """Slices k whose contours set voxels, each alone, and none together."""
    emptied = np.setdiff1d(k, np.flatnonzero(mask.voxels.any(axis=(0, 1))) + mask.start[2])
    if emptied.size:
        message = (
            f"on {emptied.size} slices the contours cancel out wholly, by even-odd, and set no voxel, "
            f"the first is slice {emptied[0]}"
        )
        yield Finding("contours-cancel", message, subject=subject)


def describe_planes(polygons: Polygons, k: NDArray[np.int64], grid: Grid, subject: str) -> Iterator[Finding]:
    """Slices to which contours of several planes go: drawn on a finer scan than this one, or between its slices."""
    w = polygons.middle_w()
    slices = np.unique(k)
    lowest, highest = np.full(grid.shape[2], np.inf), np.full(grid.shape[2], -np.inf)
    np.minimum.at(lowest, k, w)
    np.maximum.at(highest, k, w)
    mixed = slices[highest[slices] - lowest[slices] > ONE_PLANE]
    if mixed.size:
        apart_mm = float((highest[mixed] - lowest[mixed]).max()) * grid.spacing_mm[2]
        message = (
            f"{mixed.size} slices get contours of several planes, up to {apart_mm:.2f} mm apart, which are combined by "
            f"even-odd as if they were of one, the first is slice {mixed[0]}"
        )
        yield Finding("planes-several", message, subject=subject)


def _count(which: NDArray[np.bool_]) -> str:
    return f"{np.count_nonzero(which)} of {which.size}"
