"""rasterize: the contours of one structure as a mask on a grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.contour import Contour, Roi
from rtcontour.contours.effects import describe_cancelled, describe_overlaps, describe_planes, describe_too_small
from rtcontour.contours.gaps import describe_gaps, find_gaps, interpolate_gaps
from rtcontour.contours.overlaps import find_overlaps
from rtcontour.contours.polygons import Polygons
from rtcontour.contours.scanline import fill
from rtcontour.contours.slices import assign_slices, planar_polygons
from rtcontour.errors import Finding
from rtcontour.grid import SAME_POSITION_TOLERANCE_MM, Grid
from rtcontour.mask import Mask

CLOSED_KINDS = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "INTERPOLATED_PLANAR"})


def rasterize(roi_or_contours: Roi | Iterable[Contour], grid: Grid, *, fill_gaps: bool = False) -> Mask:
    """The voxels whose centre lies inside the contours of their slice, by the even-odd rule.

    All contours on a slice count together, so an inner contour and a keyhole both make a hole. CLOSED_PLANAR,
    CLOSEDPLANAR_XOR and INTERPOLATED_PLANAR are read alike. A centre exactly on an edge belongs to the side of
    ascending i and j: two regions that share an edge share no voxel. A contour goes to its nearest slice, from half-way
    to the lower one; half-way means within 1e-6 of a slice, a tolerance that exists only along the normal.

    Args:
        roi_or_contours: an ROI, whose name becomes the subject of the findings, or contours in LPS mm.
        grid: the grid to rasterise on.
        fill_gaps: interpolate slices that were left out between contours, by their shape. Off, they stay empty. Both
            are a finding.

    Returns:
        The mask in its tight box; empty where nothing is inside. Its findings, one a code, count the contours that
        set no voxel or not all of their inside.

    Raises:
        GeometryError: a closed contour has a coordinate that is no position of a patient.
    """
    subject = roi_or_contours.name if isinstance(roi_or_contours, Roi) else ""
    contours = tuple(roi_or_contours.contours if isinstance(roi_or_contours, Roi) else roi_or_contours)
    findings: list[Finding] = []
    polygons = Polygons.from_contours(_closed(contours, subject, findings), grid, subject)
    polygons, k = assign_slices(planar_polygons(polygons, grid, subject, findings), grid, subject, findings)
    cut = _cut_by_edge(polygons, grid, subject, findings)
    filled = fill(polygons, k, grid.shape)
    sets_voxels = filled.sets_voxels
    mask = Mask(grid, filled.start, filled.voxels)
    findings += describe_too_small(~sets_voxels & ~cut & ~filled.overlaps_itself, k, subject)
    findings += describe_overlaps(find_overlaps(filled.toggles, k, *_corners(polygons)), filled, k, subject)
    findings += describe_cancelled(mask, k[sets_voxels], subject)
    findings += describe_planes(polygons, k, grid, subject)
    gaps = find_gaps(mask, k[sets_voxels])
    findings += describe_gaps(gaps, subject, filled=fill_gaps)
    if fill_gaps and gaps:
        mask = interpolate_gaps(mask, gaps)
    return replace(mask, findings=tuple(findings))


def _closed(contours: tuple[Contour, ...], subject: str, findings: list[Finding]) -> list[Contour]:
    """The contours that can have an inside: of a closed kind, with three points or more; the others are findings."""
    untyped = sum(not contour.kind and len(contour.points_mm) >= 3 for contour in contours)
    if untyped:
        message = f"{untyped} of {len(contours)} contours have no geometric type; they are taken for closed ones"
        findings.append(Finding("contour-type-missing", message, subject=subject))
    unclosed = [contour for contour in contours if not _is_closed(contour)]
    if unclosed:
        kinds = ", ".join(sorted({contour.kind or "no type" for contour in unclosed}))
        message = f"{len(unclosed)} of {len(contours)} contours are not closed ({kinds}) and set no voxel"
        findings.append(Finding("contour-not-closed", message, subject=subject))
    closed = [contour for contour in contours if _is_closed(contour)]
    kept = [contour for contour in closed if len(contour.points_mm) >= 3]
    if len(kept) < len(closed):
        message = f"{len(closed) - len(kept)} of {len(contours)} contours have fewer than three points and set no voxel"
        findings.append(Finding("contour-too-few-points", message, subject=subject))
    return kept


def _is_closed(contour: Contour) -> bool:
    """By its type; one of three points or more without a type was drawn around something."""
    return contour.kind.upper() in CLOSED_KINDS or (not contour.kind and len(contour.points_mm) >= 3)


def _corners(polygons: Polygons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest (u, v) of each contour, both (m, 2)."""
    lowest, highest = polygons.extent()
    return lowest[:, :2], highest[:, :2]


def _cut_by_edge(polygons: Polygons, grid: Grid, subject: str, findings: list[Finding]) -> NDArray[np.bool_]:
    """(m,) True for contours that reach beyond the outermost voxels of their slice; they are a finding.

    A contour along the outer faces of these voxels, written with 0.01 mm, does not reach beyond.
    """
    tolerance = SAME_POSITION_TOLERANCE_MM / np.array(grid.spacing_mm[:2])
    near, far = -0.5 - tolerance, np.array(grid.shape[:2]) - 0.5 + tolerance
    lowest, highest = _corners(polygons)
    partly: NDArray[np.bool_] = np.any((lowest < near) | (highest > far), axis=1)
    wholly = np.any((highest < near) | (lowest > far), axis=1)
    if partly.any():
        message = (
            f"{np.count_nonzero(partly)} of {partly.size} contours reach beyond the image in their plane, "
            f"{np.count_nonzero(wholly)} of them lie wholly outside; only what lies in the image is set"
        )
        findings.append(Finding("contour-outside-image", message, subject=subject))
    return partly
