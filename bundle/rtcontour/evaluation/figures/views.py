"""Which planes of a CT show its structures best, and how each lies on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask

AXIAL_SLICES = 6
MARGIN_MM = 30.0  # around the structures, so that the anatomy they lie in can be recognised
CLOSE_MARGIN, LEAST_MARGIN_MM = 0.4, 10.0  # around a single structure
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class View:
    """One plane of a grid, cropped to a box, as it lies on the page.

    Attributes:
        grid: the grid it is cut from.
        box: what of the grid is shown; one voxel thick along the axis that is cut.
        across: axis that runs to the right.
        upright: the other axis; it runs down for j (the patient's front is up) and up for k.
        caption: what the plane is, for the reader.
    """

    grid: Grid
    box: Box
    across: int
    upright: int
    caption: str

    @property
    def extent_mm(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top of the outermost voxels' edges, in mm along the axes from voxel (0, 0, 0)."""
        left, right = _edges_mm(self.grid, self.box, self.across)
        low, high = _edges_mm(self.grid, self.box, self.upright)
        return (left, right, low, high) if self.upright == 2 else (left, right, high, low)

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        left, right, bottom, top = self.extent_mm
        return right - left, abs(top - bottom)

    @property
    def letters(self) -> tuple[str, str, str, str]:
        """Towards which side of the patient the left, right, bottom and top edge lie: R, L, A, P, H or F."""
        rightward, rising = (np.array(self.grid.direction[axis]) for axis in (self.across, self.upright))
        upward = rising if self.upright == 2 else -rising
        return side_letter(-rightward), side_letter(rightward), side_letter(-upward), side_letter(upward)

    def centres_mm(self, beyond: int = 0) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Where the voxel centres lie, across and upright, in mm; with so many more voxels beyond each edge."""
        shown = self.box[self.across], self.box[self.upright]
        across, upright = (np.arange(s.start - beyond, s.stop + beyond) for s in shown)
        return across * self.grid.spacing_mm[self.across], upright * self.grid.spacing_mm[self.upright]

    def cut(self, array: NDArray[Any]) -> NDArray[Any]:
        """The plane of a full array, (upright, across)."""
        return np.squeeze(array[self.box], axis=3 - self.across - self.upright).T

    def cut_mask(self, mask: Mask) -> NDArray[np.bool_]:
        """The plane of a mask, (upright, across), without unfolding it to the full grid."""
        plane = np.zeros([s.stop - s.start for s in self.box], np.bool_)
        starts = [max(a.start, b.start) for a, b in zip(self.box, mask.box, strict=True)]
        stops = [min(a.stop, b.stop) for a, b in zip(self.box, mask.box, strict=True)]
        if all(a < b for a, b in zip(starts, stops, strict=True)):
            onto, of = (
                tuple(slice(a - box.start, b - box.start) for a, b, box in zip(starts, stops, boxes, strict=True))
                for boxes in (self.box, mask.box)
            )
            plane[onto] = mask.voxels[of]
        return np.squeeze(plane, axis=3 - self.across - self.upright).T


def cut_views(grid: Grid, masks: Sequence[Mask]) -> list[View]:
    """Six axial views from feet to head, a coronal and a sagittal one; without masks, of the whole grid."""
    masks = [mask for mask in masks if mask.voxel_count]
    box = _shown_box(grid, masks)
    axial = [_view(grid, box, 2, k, f"slice {k + 1} of {grid.shape[2]}") for k in axial_slices(grid, masks)]
    coronal = _view(grid, box, 1, _richest_index(grid, masks, 1), "coronal")
    sagittal = _view(grid, box, 0, _richest_index(grid, masks, 0), "sagittal")
    return [*axial, coronal, sagittal]


def cut_planes(grid: Grid, masks: Sequence[Mask], index: tuple[int, int, int]) -> tuple[View, View, View]:
    """An axial, a coronal and a sagittal view through a voxel, cropped close to the masks.

    The margin is CLOSE_MARGIN of the masks' largest extent, so that a small structure is not lost in its
    surroundings, from LEAST_MARGIN_MM to MARGIN_MM. Without voxels in the masks the views show the whole grid.
    """
    masks = [mask for mask in masks if mask.voxel_count]
    extents = [
        (mask.box[axis].stop - mask.box[axis].start) * grid.spacing_mm[axis] for mask in masks for axis in range(3)
    ]
    margin_mm = min(max(CLOSE_MARGIN * max(extents, default=0.0), LEAST_MARGIN_MM), MARGIN_MM)
    box = _shown_box(grid, masks, margin_mm)
    i, j, k = index
    axial = _view(grid, box, 2, k, f"axial, slice {k + 1} of {grid.shape[2]}")
    return axial, _view(grid, box, 1, j, "coronal"), _view(grid, box, 0, i, "sagittal")


def fullest_index(grid: Grid, area: Mask) -> tuple[int, int, int]:
    """The voxel in whose three planes the area is largest, axis by axis; the middle of the grid for an empty one.

    Of several planes that show the most, the middle one: the end of a block would be its least typical plane.
    """
    if not area.voxel_count:
        i, j, k = (n // 2 for n in grid.shape)
        return i, j, k
    counts = [area.voxels.sum(axis=tuple(other for other in range(3) if other != axis)) for axis in range(3)]
    fullest = [np.flatnonzero(count == count.max()) for count in counts]
    i, j, k = (start + int(of[len(of) // 2]) for start, of in zip(area.start, fullest, strict=True))
    return i, j, k


def axial_slices(grid: Grid, masks: Sequence[Mask], count: int = AXIAL_SLICES) -> list[int]:
    """Slices that show every structure, as far as `count` reaches, and beyond that lie far from each other; ascending.

    A slice shows a structure where it cuts at least half of the structure's largest cross-section.
    """
    areas, shown = _cross_sections(grid, masks, 2)
    chosen: list[int] = []
    unseen = np.ones(len(masks), np.bool_)
    while unseen.any() and len(chosen) < count:
        chosen.append(int(np.lexsort((areas.sum(axis=0), shown[unseen].sum(axis=0)))[-1]))
        unseen &= ~shown[:, chosen[-1]]
    for candidates in (np.flatnonzero(shown.any(axis=0)), np.arange(grid.shape[2])):
        while len(chosen) < count and not np.isin(candidates, chosen).all():
            gaps = np.abs(candidates[:, None] - np.array([chosen or [-1]])).min(axis=1)
            chosen.append(int(candidates[gaps.argmax()]))
    return sorted(chosen)


def _richest_index(grid: Grid, masks: Sequence[Mask], axis: int) -> int:
    """The plane across `axis` that shows most structures; of several, the one that cuts most voxels."""
    if not masks:
        return grid.shape[axis] // 2
    areas, shown = _cross_sections(grid, masks, axis)
    return int(np.lexsort((areas.sum(axis=0), shown.sum(axis=0)))[-1])


def _cross_sections(grid: Grid, masks: Sequence[Mask], axis: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(masks, planes across `axis`): voxels that each plane cuts, and whether that is half of the most or more."""
    areas = np.zeros((len(masks), grid.shape[axis]), np.int64)
    for row, mask in zip(areas, masks, strict=True):
        row[mask.box[axis]] = mask.voxels.sum(axis=tuple(other for other in range(3) if other != axis))
    return areas, (areas > 0) & (2 * areas >= areas.max(axis=1, keepdims=True, initial=0))


def _shown_box(grid: Grid, masks: Sequence[Mask], margin_mm: float = MARGIN_MM) -> Box:
    if not masks:
        i, j, k = (slice(0, n) for n in grid.shape)
        return i, j, k
    box = []
    for axis in range(3):
        margin = round(margin_mm / grid.spacing_mm[axis])
        start = min(mask.box[axis].start for mask in masks) - margin
        stop = max(mask.box[axis].stop for mask in masks) + margin
        box.append(slice(max(start, 0), min(stop, grid.shape[axis])))
    return box[0], box[1], box[2]


def _view(grid: Grid, box: Box, axis: int, index: int, caption: str) -> View:
    across, upright = (n for n in range(3) if n != axis)
    i, j, k = (slice(index, index + 1) if n == axis else box[n] for n in range(3))
    return View(grid, (i, j, k), across, upright, caption)


def _edges_mm(grid: Grid, box: Box, axis: int) -> tuple[float, float]:
    return (box[axis].start - 0.5) * grid.spacing_mm[axis], (box[axis].stop - 0.5) * grid.spacing_mm[axis]


def side_letter(towards: NDArray[np.float64]) -> str:
    """The side of the patient that a direction (LPS) points to most: R, L, A, P, H or F."""
    axis = int(np.abs(towards).argmax())
    return ("RL", "AP", "FH")[axis][int(towards[axis] > 0)]
