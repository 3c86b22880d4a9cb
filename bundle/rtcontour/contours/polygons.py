"""Polygons: closed contours in index coordinates, all in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.contour import FARTHEST_MM, Contour
from rtcontour.errors import GeometryError
from rtcontour.grid import Grid


@dataclass(frozen=True, eq=False)
class Polygons:
    """Closed contours in continuous index coordinates, one after another in one array.

    Attributes:
        points: (n, 3) float64, (u, v, w) along i, j, k; all contours, concatenated.
        lengths: (m,) number of points of each contour.
    """

    points: NDArray[np.float64]
    lengths: NDArray[np.int64]

    @classmethod
    def from_contours(cls, contours: Sequence[Contour], grid: Grid, subject: str) -> Polygons:
        """The polygons of contours that all have points.

        Raises:
            GeometryError: a coordinate that is no position of a patient: not finite, or beyond FARTHEST_MM.
        """
        arrays = [np.reshape(contour.points_mm, (-1, 3)) for contour in contours]
        points_mm = np.concatenate([np.empty((0, 3)), *arrays])
        bad = np.flatnonzero(~(np.abs(points_mm) <= FARTHEST_MM).all(axis=1))
        if bad.size:
            raise GeometryError(
                f"ROI {subject or '(unnamed)'}: {bad.size} contour points have coordinates that are no position of a "
                f"patient, the first is {_position(points_mm[bad[0]])}; expected millimetres; export it again"
            )
        return cls(grid.to_index(points_mm), np.array([len(points) for points in arrays], np.int64))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(m,) where each contour begins in `points`."""
        return np.cumsum(self.lengths) - self.lengths

    def extent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest (u, v, w) of each contour, both (m, 3)."""
        if not self.lengths.size:
            return np.empty((0, 3)), np.empty((0, 3))
        return np.minimum.reduceat(self.points, self.starts), np.maximum.reduceat(self.points, self.starts)

    def middle_w(self) -> NDArray[np.float64]:
        """(m,) median of w over the points of each contour, all of which have points."""
        if not self.lengths.size:
            return np.empty(0)
        w = self.points[:, 2]
        ascending = w[np.lexsort((w, np.repeat(np.arange(self.lengths.size), self.lengths)))]
        upper = self.starts + self.lengths // 2
        lower = np.where(self.lengths % 2, upper, upper - 1)
        middle: NDArray[np.float64] = (ascending[lower] + ascending[upper]) / 2
        return middle

    def select(self, chosen: NDArray[np.bool_]) -> Polygons:
        """Only the contours that are True in `chosen` (m,)."""
        return Polygons(self.points[np.repeat(chosen, self.lengths)], self.lengths[chosen])


def _position(point_mm: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{coordinate:g}" for coordinate in point_mm) + ")"
