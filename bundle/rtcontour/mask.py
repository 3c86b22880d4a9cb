"""Mask: the voxels of one structure inside a box of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcontour.errors import Finding, GeometryError
from rtcontour.grid import Grid


@dataclass(frozen=True, eq=False)
class Mask:
    """The voxels of one structure: a box of a grid, outside of which nothing is set.

    Attributes:
        grid: the grid the box lies in.
        start: index (i, j, k) of the box's first voxel.
        voxels: bool, the shape of the box, Fortran-ordered; shape (0, 0, 0) for an empty mask.
        findings: what was odd on the way from contours to voxels.
    """

    grid: Grid
    start: tuple[int, int, int]
    voxels: NDArray[np.bool_]
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", tuple(int(n) for n in self.start))
        if self.voxels.dtype != np.bool_ or self.voxels.ndim != 3:
            raise GeometryError(f"mask voxels are {self.voxels.dtype} {self.voxels.shape}; expected a 3D bool array")
        stop = np.add(self.start, self.voxels.shape)
        if min(self.start) < 0 or np.any(stop > self.grid.shape):
            raise GeometryError(f"mask box {self.start} to {tuple(stop)} leaves its grid of {self.grid.shape} voxels")

    @classmethod
    def from_array(cls, array: ArrayLike, grid: Grid, findings: tuple[Finding, ...] = ()) -> Mask:
        """The tight box around the nonzero voxels of any array of grid.shape.

        Raises:
            GeometryError: the array has another shape than the grid.
        """
        array = np.asarray(array)
        if array.shape != grid.shape:
            raise GeometryError(f"array has shape {array.shape}, the grid {grid.shape}; resample one to the other")
        inside = array if array.dtype == np.bool_ else array != 0
        box = tight_box(inside)
        return cls(grid, tuple(s.start for s in box), np.array(inside[box], order="F"), findings)

    @classmethod
    def empty(cls, grid: Grid, findings: tuple[Finding, ...] = ()) -> Mask:
        """A mask without voxels."""
        return cls(grid, (0, 0, 0), np.zeros((0, 0, 0), np.bool_, order="F"), findings)

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The slices of a full array that the box covers."""
        i, j, k = (slice(a, a + n) for a, n in zip(self.start, self.voxels.shape, strict=True))
        return i, j, k

    @property
    def voxel_count(self) -> int:
        """Number of voxels inside."""
        return int(np.count_nonzero(self.voxels))

    @property
    def volume_cc(self) -> float:
        """Volume in cubic centimetres: the number of voxels times the volume of one."""
        return self.voxel_count * self.grid.voxel_volume_cc

    @property
    def box_centre_mm(self) -> NDArray[np.float64]:
        """(3,) centre of the box, patient LPS in mm; NaN for an empty box."""
        if not self.voxels.size:
            return np.full(3, np.nan)
        return self.grid.to_mm([np.add(self.start, np.subtract(self.voxels.shape, 1) / 2)])[0]

    def full(self) -> NDArray[np.bool_]:
        """The mask as a bool array of grid.shape, Fortran-ordered."""
        array = np.zeros(self.grid.shape, np.bool_, order="F")
        array[self.box] = self.voxels
        return array


def tight_box(inside: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """The smallest box that holds every True voxel; three empty slices at 0 where there is none."""
    box = []
    for axis in range(3):
        along = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        if along.size == 0:
            return slice(0, 0), slice(0, 0), slice(0, 0)
        box.append(slice(int(along[0]), int(along[-1]) + 1))
    return box[0], box[1], box[2]
