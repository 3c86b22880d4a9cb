"""JointBox: two masks looked at together, in the box that holds both, a slab of planes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rtcontour.mask import Mask
from rtcontour.metrics.boxes import memory_order

Bytes = NDArray[np.uint8]
Triple = tuple[int, int, int]

SLAB_VOXELS = 1 << 18  # so few that all that is made of a slab stays in the processor's cache
MOST_PLANES = 255  # counts along a slab are kept in bytes

SURFACE, ELEMENT = (1, 2), (4, 8)  # marks of the predicted and of the true surface


@dataclass(frozen=True, eq=False)
class Side:
    """What one of the two masks has that counts.

    Attributes:
        voxels: number inside.
        index_sums: sums of the indices (i, j, k) of the voxels inside, in the frame of the grid.
        surface_voxels: number of surface voxels: inside, with one of six face neighbours outside.
        own_surface: places of those that are no surface voxels of the other mask.
        element_codes: how many cells have each of the 256 codes; see `surface_elements`.
        own_elements: places of cells with a surface element where the other mask has none.
        own_codes: their codes.
    """

    voxels: int
    index_sums: NDArray[np.int64]
    surface_voxels: int
    own_surface: NDArray[np.int64]
    element_codes: NDArray[np.int64]
    own_elements: NDArray[np.int64]
    own_codes: Bytes


@dataclass(frozen=True, eq=False)
class JointBox:
    """Two masks of one grid in the box that holds both. Beyond it nothing is inside, so nothing else needs a look.

    A place is an index into `marks`: the voxels of the box and a margin around it, one after the other as they lie in
    memory. The cell of a place spans its voxel and the next one along each axis.

    Attributes:
        predicted, truth: what each of the masks has.
        common_voxels: number inside both.
        added_pixels: boundary pixels of the truth's slices that are none of the predicted ones.
        marks: (n,) SURFACE and ELEMENT bits.
        shape: of the box with its margin, in the order of `axes`.
        axes: i, j and k (0, 1, 2) from the one with the longest steps in memory to the one with the shortest.
        margin: number of places around the box, in the order of `axes`.
    """

    predicted: Side
    truth: Side
    common_voxels: int
    added_pixels: int
    marks: Bytes
    shape: Triple
    axes: Triple
    margin: Triple

    @classmethod
    def of(cls, predicted: Mask, truth: Mask, margin: Triple) -> JointBox:
        """Look at both masks; either may be empty, though not both.

        Args:
            predicted: a mask.
            truth: one on the same grid.
            margin: places to keep around the box along i, j and k; at least 1 each.
        """
        return _Survey(predicted, truth, margin).result()


@dataclass(eq=False)
class _Found:
    """What the slabs gave so far for one side; lists are joined at the end."""

    planes: list[int] = field(default_factory=list)
    projection: NDArray[np.int64] | int = 0
    surface_voxels: int = 0
    surface: list[NDArray[np.int64]] = field(default_factory=list)
    element_codes: NDArray[np.int64] | int = 0
    elements: list[NDArray[np.int64]] = field(default_factory=list)
    codes: list[Bytes] = field(default_factory=list)


class _Survey:
    """One walk through the joint box."""

    def __init__(self, predicted: Mask, truth: Mask, margin: Triple) -> None:
        larger = max(predicted, truth, key=lambda mask: mask.voxels.size)
        self.axes = memory_order(larger.voxels)
        self.margin = _in_order(margin, self.axes)
        self.sides = [
            (mask.voxels.transpose(self.axes), _in_order(mask.start, self.axes)) for mask in (predicted, truth)
        ]
        filled = [(start, voxels.shape) for voxels, start in self.sides if voxels.size]
        low = np.min([start for start, _ in filled], axis=0)
        high = np.max([np.add(start, shape) for start, shape in filled], axis=0)
        self.origin = low - self.margin  # where in the grid place 0 is
        a, b, c = (int(n) for n in high - low + 2 * np.array(self.margin))
        self.shape = (a, b, c)
        self.plane = b * c
        steps = dict(zip(self.axes, (self.plane, c, 1), strict=True))
        self.slice_step = steps[2]
        self.in_slice_steps = (steps[0], steps[1])
        self.marks = np.zeros(a * self.plane, np.uint8)
        self.found = (_Found(), _Found())
        self.common = self.added = 0

    def result(self) -> JointBox:
        for first, last in self._slabs():
            self._look(first, last)
        predicted, truth = (self._side(found) for found in self.found)
        counts = (self.common, self.added)
        return JointBox(predicted, truth, *counts, self.marks, self.shape, self.axes, self.margin)

    def _slabs(self) -> Iterator[tuple[int, int]]:
        """First and last plane + 1; the outermost planes are margin and hold nothing but cells of their neighbours."""
        planes = min(max(1, SLAB_VOXELS // self.plane), MOST_PLANES)
        begin, end = self.margin[0] - 1, self.shape[0] - self.margin[0]
        for first in range(begin, end, planes):
            yield first, min(first + planes, end)

    def _look(self, first: int, last: int) -> None:
        slabs = [self._slab(*side, first, last) for side in self.sides]
        middles = [self._middle(slab) for slab in slabs]
        surfaces, boundaries = zip(*(self._surface(slab) for slab in slabs), strict=True)
        codes = [self._codes(slab) for slab in slabs]
        elements = [code + np.uint8(1) > 1 for code in codes]  # neither 0 nor 255, which wraps to 0
        self.common += _count((middles[0] & middles[1]).view(np.bool_))
        self.added += _count(boundaries[1] > boundaries[0])
        place = first * self.plane
        for one, other in ((0, 1), (1, 0)):
            found = self.found[one]
            self._add_volume(found, middles[one])
            found.surface_voxels += _count(surfaces[one])
            found.surface.append(np.flatnonzero(surfaces[one] > surfaces[other]) + place)
            found.element_codes = found.element_codes + np.bincount(codes[one][elements[one]], minlength=256)
            own = np.flatnonzero(elements[one] > elements[other])
            found.elements.append(own + place)
            found.codes.append(codes[one][own])
        marks = self.marks[place : last * self.plane]
        for bits, there in ((SURFACE, surfaces), (ELEMENT, elements)):
            marks |= there[0].view(np.uint8) * np.uint8(bits[0]) | there[1].view(np.uint8) * np.uint8(bits[1])

    def _slab(self, voxels: NDArray[np.bool_], start: Triple, first: int, last: int) -> Bytes:
        """Planes first - 1 to last of one mask, in a row, 1 inside."""
        slab = np.zeros((last - first + 2, *self.shape[1:]), np.uint8)
        at = start[0] - int(self.origin[0]) - (first - 1)  # where the mask's first plane falls in the slab
        begin, end = max(at, 0), min(at + voxels.shape[0], len(slab))
        if begin < end:
            low = [s - int(o) for s, o in zip(start, self.origin, strict=True)]
            _, b, c = (slice(n, n + size) for n, size in zip(low, voxels.shape, strict=True))
            slab[begin:end, b, c] = voxels[begin - at : end - at]
        return slab.ravel()

    def _middle(self, slab: Bytes) -> Bytes:
        return slab[self.plane : -self.plane]

    def _moved(self, slab: Bytes, step: int) -> Bytes:
        """What lies `step` places on from each place of the slab's middle; the margin is empty, so rows do not mix."""
        return slab[self.plane + step : len(slab) - self.plane + step]

    def _surface(self, slab: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Surface voxels of the slab's middle, and boundary pixels of its slices."""
        inside = self._middle(slab)
        core = inside.copy()
        for step in self.in_slice_steps:
            core &= self._moved(slab, step)
            core &= self._moved(slab, -step)
        boundary = inside ^ core
        core &= self._moved(slab, self.slice_step)
        core &= self._moved(slab, -self.slice_step)
        return (inside ^ core).view(np.bool_), boundary.view(np.bool_)

    def _codes(self, slab: Bytes) -> Bytes:
        """The code of every cell of the slab's middle; bit 0 of a corner's number is the axis of the shortest steps."""
        codes = slab[self.plane :].copy()
        for shift, step in zip((1, 2, 4), (1, self.shape[2], self.plane), strict=True):
            codes = codes[:-step] | codes[step:] << np.uint8(shift)
        whole = np.zeros(len(slab) - 2 * self.plane, np.uint8)  # the last row is margin and has no element
        whole[: len(codes)] = codes
        return whole

    def _add_volume(self, found: _Found, inside: Bytes) -> None:
        planes = inside.reshape(-1, *self.shape[1:])
        found.planes += [_count(plane) for plane in planes.view(np.bool_)]
        found.projection = found.projection + planes.sum(axis=0, dtype=np.uint8).astype(np.int64)

    def _side(self, found: _Found) -> Side:
        planes, projection = np.array(found.planes), np.asarray(found.projection)
        sums = [
            int(counts @ np.arange(len(counts))) for counts in (planes, projection.sum(axis=1), projection.sum(axis=0))
        ]
        voxels = int(planes.sum())
        first = self.origin + np.array([self.margin[0] - 1, 0, 0])
        index_sums = np.zeros(3, np.int64)
        index_sums[list(self.axes)] = first * voxels + sums
        return Side(
            voxels,
            index_sums,
            found.surface_voxels,
            np.concatenate(found.surface),
            np.asarray(found.element_codes),
            np.concatenate(found.elements),
            np.concatenate(found.codes),
        )


def _in_order(triple: Triple, axes: Triple) -> Triple:
    a, b, c = (int(triple[axis]) for axis in axes)
    return a, b, c


def _count(inside: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(inside))
