"""Which slice a contour belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.contour import Contour
from rtcontour.contours.polygons import Polygons
from rtcontour.errors import Finding
from rtcontour.grid import Grid

PLANAR_SPREAD = 0.5  # slices: what the points of one contour may be apart along the normal
TIE_TOLERANCE = 1e-6  # slices: a position written as 12.5 mm may be read back as 12.4999999


def planar_polygons(polygons: Polygons, grid: Grid, subject: str, findings: list[Finding]) -> Polygons:
    """The polygons whose points spread over no more than PLANAR_SPREAD along the normal; the others are a finding."""
    lowest, highest = polygons.extent()
    spread = (highest - lowest)[:, 2]
    planar = spread <= PLANAR_SPREAD + TIE_TOLERANCE
    if not planar.all():
        message = (
            f"{np.count_nonzero(~planar)} of {planar.size} contours leave their plane, by up to "
            f"{spread.max() * grid.spacing_mm[2]:.2f} mm where slices are {grid.spacing_mm[2]:g} mm apart; "
            "they set no voxel"
        )
        findings.append(Finding("contour-not-planar", message, subject=subject))
    return polygons.select(planar)


def assign_slices(
    polygons: Polygons, grid: Grid, subject: str, findings: list[Finding]
) -> tuple[Polygons, NDArray[np.int64]]:
    """The polygons that lie on a slice of the grid, and the slice index k of each.

    w is the median over a contour's points. Contours half-way between two slices, and those on no slice of the grid,
    are findings.
    """
    w = polygons.middle_w()
    k, tied = nearest_slice(w)
    if tied.any():
        message = (
            f"{np.count_nonzero(tied)} of {tied.size} contours lie half-way between two slices and go to the lower, "
            f"the first to slice {k[tied][0]}"
        )
        findings.append(Finding("slice-tie", message, subject=subject))
    on_slice = (k >= 0) & (k < grid.shape[2])
    if not on_slice.all():
        message = (
            f"{np.count_nonzero(~on_slice)} of {k.size} contours lie on no slice (0 to {grid.shape[2] - 1}), "
            f"the first at slice position {w[~on_slice][0]:.2f}; they set no voxel"
        )
        findings.append(Finding("contour-off-slice", message, subject=subject))
    return polygons.select(on_slice), k[on_slice]


def slices_of(contours: Sequence[Contour], grid: Grid) -> NDArray[np.int64]:
    """The slice index k of each contour (m,); -1 for one that has no points or lies on no slice of the grid."""
    with_points = np.array([len(contour.points_mm) > 0 for contour in contours], np.bool_)
    polygons = Polygons.from_contours([contour for contour in contours if len(contour.points_mm)], grid, "")
    places = np.full(len(contours), -1, np.int64)
    k, _ = nearest_slice(polygons.middle_w())
    places[with_points] = np.where((k >= 0) & (k < grid.shape[2]), k, -1)
    return places


def nearest_slice(w: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Slice index k = ceil(w - 0.5) of each position w, and whether it was half-way (within TIE_TOLERANCE)."""
    below = w - 0.5
    tied = np.abs(below - np.rint(below)) <= TIE_TOLERANCE
    return np.where(tied, np.rint(below), np.ceil(below)).astype(np.int64), tied
