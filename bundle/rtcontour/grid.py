"""Grid: the one place where voxel indices become millimetres and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcontour.errors import GeometryError

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
ORTHONORMAL_TOLERANCE = 2e-4  # cosines of four digits; the transpose must serve as the inverse over 512 voxels
SAME_POSITION_TOLERANCE_MM = 0.01  # what a coordinate written with two decimals can be off
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels in DICOM patient coordinates (LPS, mm).

    An index (i, j, k) is continuous; an integer index is a voxel's centre. i runs along a DICOM row, j along a
    column, k along the slice normal. Every triple below goes in this order.

    Attributes:
        shape: number of voxels.
        spacing_mm: distance between voxel centres.
        origin_mm: patient position of the centre of voxel (0, 0, 0).
        direction: rows are the unit vectors of i, j and k.

    Raises:
        GeometryError: a shape or spacing that is not positive, an origin that is no point, or directions that are not
            orthonormal.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[tuple[float, float, float], ...] = IDENTITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "spacing_mm", tuple(float(s) for s in self.spacing_mm))
        object.__setattr__(self, "origin_mm", tuple(float(c) for c in self.origin_mm))
        object.__setattr__(self, "direction", tuple(tuple(float(c) for c in row) for row in self.direction))
        self._check()

    def _check(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"grid shape is {self.shape}; expected three positive numbers of voxels")
        if len(self.spacing_mm) != 3 or not all(0 < step < np.inf for step in self.spacing_mm):
            raise GeometryError(f"grid spacing is {self.spacing_mm} mm; expected three positive distances")
        if len(self.origin_mm) != 3 or not np.isfinite(self.origin_mm).all():
            raise GeometryError(f"grid origin is {self.origin_mm} mm; expected three numbers")
        axes = self._axes
        if axes.shape != (3, 3) or not np.allclose(axes @ axes.T, np.eye(3), atol=ORTHONORMAL_TOLERANCE):
            raise GeometryError(f"grid direction is {self.direction}; expected three perpendicular unit vectors")

    @classmethod
    def from_affine_ras(cls, affine_ras: ArrayLike, shape: tuple[int, int, int]) -> Grid:
        """The grid of a NIfTI affine (index -> RAS mm), voxels in the same order."""
        affine = LPS_TO_RAS @ np.asarray(affine_ras, np.float64)
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        if not spacing.min() > 0:
            raise GeometryError(f"affine has spacing {tuple(spacing.tolist())}; expected three positive distances")
        return cls(shape, tuple(spacing), tuple(affine[:3, 3]), tuple(map(tuple, (affine[:3, :3] / spacing).T)))

    @property
    def _axes(self) -> NDArray[np.float64]:
        return np.asarray(self.direction, np.float64)

    @property
    def affine(self) -> NDArray[np.float64]:
        """4 x 4: continuous index -> LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = self._axes.T * np.asarray(self.spacing_mm)
        affine[:3, 3] = self.origin_mm
        return affine

    @property
    def affine_ras(self) -> NDArray[np.float64]:
        """4 x 4: continuous index -> RAS mm, as NIfTI wants it."""
        return LPS_TO_RAS @ self.affine

    @property
    def voxel_volume_cc(self) -> float:
        """Volume of one voxel in cubic centimetres."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    def to_index(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """(n, 3) LPS mm -> (n, 3) continuous index."""
        offset = np.asarray(points_mm, np.float64) - np.asarray(self.origin_mm)
        return (offset @ self._axes.T) / np.asarray(self.spacing_mm)

    def to_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """(n, 3) continuous index -> (n, 3) LPS mm."""
        steps = np.asarray(index, np.float64) * np.asarray(self.spacing_mm)
        return steps @ self._axes + np.asarray(self.origin_mm)

    def matches(self, other: Grid) -> bool:
        """Same voxels: equal shape, and no corner further apart than SAME_POSITION_TOLERANCE_MM."""
        if self.shape != other.shape:
            return False
        corners = np.array([[0, 0, 0], *(np.eye(3) * (np.array(self.shape) - 1))])
        return bool(np.allclose(self.to_mm(corners), other.to_mm(corners), rtol=0, atol=SAME_POSITION_TOLERANCE_MM))
