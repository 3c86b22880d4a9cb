"""The canvas: samples of a CT box with anatomical coordinates, painted from the skin inwards.

The samples are the voxels of the CT around the patient. Thick slices are sampled twice as finely along the slice
normal, and the scanner averages them (partial volume); every `stride`-th layer is the centre of a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcontour.phantom.pose import Pose
from rtcontour.phantom.shapes import Samples, Shape

Box = tuple[slice, slice, slice]
COORDINATE_STEP = (8, 8, 8)  # pose and warp are smooth: evaluated on every eighth sample, and linear in between
FIELD_STEP = (4, 4, 2)  # so are skin and fascia, a little less
SLAB_LAYERS = 6


@dataclass(frozen=True, eq=False)
class Canvas:
    """Samples with their anatomical coordinates and tissue HU, all [i, j, k] and Fortran-ordered.

    Attributes:
        pose: scanner mm -> anatomical mm.
        start_mm, step_mm: scanner position of the first sample and the distances between samples.
        x, y, z: anatomical coordinates in mm (left, posterior, superior; origin between the femoral heads).
        hu: the tissue painted last.
        texture: unit-variance noise of a few millimetres, for everything that is not quite uniform.
        rough: the same over two centimetres, for surfaces that are not quite smooth.
    """

    pose: Pose
    start_mm: NDArray[np.float64]
    step_mm: NDArray[np.float64]
    x: Samples
    y: Samples
    z: Samples
    hu: Samples
    texture: Samples
    rough: Samples

    @classmethod
    def over(
        cls,
        pose: Pose,
        start_mm: NDArray[np.float64],
        step_mm: NDArray[np.float64],
        shape: tuple[int, int, int],
        rng: np.random.Generator,
    ) -> Canvas:
        """An empty canvas (air) of so many samples."""
        lattice = _lattice(pose, start_mm, step_mm, shape, COORDINATE_STEP)
        x, y, z = (_refine_by(nodes, shape, *COORDINATE_STEP) for nodes in lattice)
        hu = np.full(shape, -1000, np.float32, order="F")
        texture, rough = (_grain(shape, step_mm, scale_mm, rng) for scale_mm in (4.0, 20.0))
        return cls(pose, start_mm, step_mm, x, y, z, hu, texture, rough)

    def smooth_fields(
        self,
        values: Callable[[Samples, Samples, Samples], tuple[Samples, ...]],
        step: tuple[int, int, int] = FIELD_STEP,
    ) -> list[Samples]:
        """Fields that change slowly, computed on every few samples only and linear in between."""
        lattice = _lattice(self.pose, self.start_mm, self.step_mm, self.hu.shape, step)
        return [_refine_by(nodes, self.hu.shape, *step) for nodes in values(*lattice)]

    def slabs(self) -> Iterator[Box]:
        """A few layers at a time: whole-canvas arithmetic in pieces that fit the cache."""
        for first in range(0, self.hu.shape[2], SLAB_LAYERS):
            yield slice(None), slice(None), slice(first, first + SLAB_LAYERS)

    def noise(self, scale_mm: float, rng: np.random.Generator, box: Box | None = None) -> Samples:
        """A smooth unit-variance field that varies over `scale_mm`, for the whole canvas or a box of it."""
        shape = self.hu.shape if box is None else self.hu[box].shape
        return _grain(shape, self.step_mm, scale_mm, rng)

    def around(self, shape: Shape, reach_mm: float = 3.0) -> Box:
        """The box of samples that a shape, grown by `reach_mm`, may touch."""
        low, high = shape.bounds()
        return self.box(low - reach_mm, high + reach_mm)

    def box(self, low_mm: NDArray[np.float64], high_mm: NDArray[np.float64]) -> Box:
        """The box of samples for an anatomical box."""
        corners = np.array(np.meshgrid(*zip(low_mm, high_mm, strict=True))).reshape(3, -1).T
        index = (self.pose.to_scanner(corners) - self.start_mm) / self.step_mm
        slack = self.pose.warp_reach_mm / self.step_mm
        first = np.clip(np.floor(index.min(axis=0) - slack), 0, self.hu.shape).astype(int)
        last = np.clip(np.ceil(index.max(axis=0) + slack) + 1, first, self.hu.shape).astype(int)
        i, j, k = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return i, j, k

    def distance(self, shape: Shape, reach_mm: float = 3.0) -> tuple[Box, Samples]:
        """The box around a shape and the signed distance in it, mm."""
        box = self.around(shape, reach_mm)
        return box, shape.distance(self.x[box], self.y[box], self.z[box])

    def distance_within(self, box: Box, shape: Shape, reach_mm: float) -> Samples:
        """The signed distance in any box; beyond `reach_mm` of the shape it is only known to be larger."""
        far = np.full(self.hu[box].shape[::-1], reach_mm, np.float32).T
        own = self.around(shape, reach_mm)
        shared = tuple(
            slice(max(a.start, b.start), max(a.start, b.start, min(a.stop, b.stop)))
            for a, b in zip(box, own, strict=True)
        )
        inner = tuple(slice(s.start - a.start, s.stop - a.start) for s, a in zip(shared, box, strict=True))
        far[inner] = np.minimum(shape.distance(self.x[shared], self.y[shared], self.z[shared]), reach_mm)
        return far

    def cover(self, distance_mm: Samples) -> Samples:
        """Share of each sample that lies inside, from the signed distance: a ramp one voxel wide."""
        return np.clip(0.5 - distance_mm / np.float32(self.step_mm[0] * self.pose.per_mm), 0, 1)

    def paint(self, box: Box, share: Samples, hu: float | Samples) -> None:
        """Lay tissue over a share of each sample."""
        here = self.hu[box]
        here += share * (hu - here)

    def paint_shape(self, shape: Shape, hu: float, texture_hu: float = 0.0, rough_mm: float = 0.0) -> None:
        """Fill the part of a shape that lies in tissue, its surface moved by so much at random; air stays air."""
        box, distance = self.distance(shape, reach_mm=3 + 2 * rough_mm)
        distance += rough_mm * self.rough[box]
        self.paint(box, self.cover(distance) * self.in_tissue(box), hu + texture_hu * self.texture[box])

    def in_tissue(self, box: Box) -> Samples:
        """1 where something is painted already, 0 in air, with the soft edge of the skin between."""
        return np.clip(self.hu[box] / 300 + 1.6, 0, 1)

    def inside(self, shape: Shape, grown_mm: float = 0.0) -> NDArray[np.bool_]:
        """The samples inside a shape, as a mask of the whole canvas."""
        mask = np.zeros(self.hu.shape, np.bool_, order="F")
        box, distance = self.distance(shape, reach_mm=max(3.0, grown_mm + 1))
        mask[box] = distance < grown_mm
        return mask


def _grain(
    shape: tuple[int, int, int], step_mm: NDArray[np.float64], scale_mm: float, rng: np.random.Generator
) -> Samples:
    """Random values every `scale_mm` and linear in between, rescaled to unit variance."""
    strides = np.maximum(1, np.round(scale_mm / step_mm)).astype(int)
    coarse = rng.standard_normal([n // s + 3 for n, s in zip(shape, strides, strict=True)], np.float32)
    unit = np.sqrt(np.prod([1.5 if s > 1 else 1.0 for s in strides]))  # linear interpolation loses a third an axis
    return _refine_by(coarse * np.float32(unit), shape, *(int(s) for s in strides))


def _lattice(
    pose: Pose,
    start_mm: NDArray[np.float64],
    step_mm: NDArray[np.float64],
    shape: tuple[int, ...],
    stride: tuple[int, int, int],
) -> tuple[Samples, Samples, Samples]:
    """Anatomical coordinates of every `stride`-th sample, and of one beyond the last."""
    nodes = [np.arange(0, n + s, s) for n, s in zip(shape, stride, strict=True)]
    index = np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    anatomical = pose.to_anatomical(start_mm + index * step_mm).astype(np.float32)
    x, y, z = np.ascontiguousarray(anatomical.T).reshape(3, *(len(n) for n in nodes))
    return x, y, z


@njit(cache=True, fastmath=True)
def _refine_by(lattice: Samples, shape: tuple[int, int, int], si: int, sj: int, sk: int) -> Samples:
    """Trilinear interpolation of lattice nodes that lie si, sj, sk samples apart."""
    ni, nj, nk = shape
    out = np.empty((nk, nj, ni), np.float32).T
    last = lattice.shape[0] - 1
    column = np.empty(lattice.shape[0] + 1, np.float32)
    node = np.empty(ni, np.int64)
    part = np.empty(ni, np.float32)
    for i in range(ni):
        node[i], part[i] = i // si, np.float32((i % si) / si)
    for k in range(nk):
        c, fc = k // sk, np.float32((k % sk) / sk)
        for j in range(nj):
            b, fb = j // sj, np.float32((j % sj) / sj)
            for a in range(last + 1):
                near = lattice[a, b, c] + fb * (lattice[a, b + 1, c] - lattice[a, b, c])
                far = lattice[a, b, c + 1] + fb * (lattice[a, b + 1, c + 1] - lattice[a, b, c + 1])
                column[a] = near + fc * (far - near)
            column[last + 1] = column[last]
            for i in range(ni):
                a = node[i]
                out[i, j, k] = column[a] + part[i] * (column[a + 1] - column[a])
    return out
