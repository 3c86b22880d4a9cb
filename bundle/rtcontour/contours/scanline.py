"""The rasterising rule: even-odd in each slice, half-open in both axes.

A voxel (i, j) is inside when an odd number of polygon edges cross row j at u <= i. So a crossing at u turns the rest of
its row over, from column ceil(u) on: a toggle. The mask is the runs between toggles, which needs no loop over
voxels; in numpy this takes less time than numba needs to load its compiled code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.polygons import Polygons

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Filled:
    """What polygons set.

    Attributes:
        start: the first voxel (i, j, k) of the tight box.
        voxels: the box, bool, Fortran-ordered; shape (0, 0, 0) where nothing is set.
        toggles: of each of m contours, if it were alone: ascending i + (columns + 1) * j in its slice.
        overlaps_itself: (m,) True for contours that run around a voxel twice, which the rule leaves out.
    """

    start: Shape
    voxels: NDArray[np.bool_]
    toggles: list[NDArray[np.int64]]
    overlaps_itself: NDArray[np.bool_]

    @property
    def sets_voxels(self) -> NDArray[np.bool_]:
        """(m,) True for contours that would set a voxel if they were alone."""
        return np.array([toggles.size > 0 for toggles in self.toggles], np.bool_)


def fill(polygons: Polygons, k: NDArray[np.int64], shape: Shape) -> Filled:
    """Rasterise polygons, all those of one slice together.

    Args:
        polygons: m contours in continuous index coordinates.
        k: (m,) slice index of each contour, within shape.
        shape: number of voxels (columns, rows, slices) of the grid.
    """
    columns, rows, _ = shape
    contour, j, u, turn = row_crossings(polygons, rows)
    # Beyond the last column a toggle turns nothing over; it stays, so that toggles come in pairs in every row.
    i = np.clip(np.ceil(u), 0, columns).astype(np.int64)
    slice_cells = rows * (columns + 1)
    crossings = contour * slice_cells + j * (columns + 1) + i
    overlaps_itself = _wound_twice(crossings, turn, contour, k.size)
    toggles = _odd(crossings)
    contour, cell = np.divmod(toggles, slice_cells)
    count = np.bincount(contour, minlength=k.size)
    cells = np.split(cell, np.cumsum(count)[:-1]) if k.size else []
    start, voxels = _runs(_odd(k[contour] * slice_cells + cell), columns + 1, rows)
    return Filled(start, voxels, cells, overlaps_itself)


def _wound_twice(
    crossings: NDArray[np.int64], turn: NDArray[np.int64], contour: NDArray[np.int64], contours: int
) -> NDArray[np.bool_]:
    """(m,) True for contours that run around one of their voxels an even number of times, and not none."""
    order = np.argsort(crossings, kind="stable")
    winding = np.cumsum(turn[order])  # 0 again at the end of each row, since a contour comes back
    holds_cells = np.append(np.diff(crossings[order]) > 0, False)
    twice = (winding % 2 == 0) & (winding != 0) & holds_cells
    return np.bincount(contour[order[twice]], minlength=contours) > 0


def row_crossings(
    polygons: Polygons, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Every crossing of an edge with a row 0 <= j < rows: the contour's number, j, u, and 1 or -1 for down or up.

    An edge is ordered so that v0 < v1 and crosses row j when v0 <= j < v1, so horizontal edges never do. The order of
    the operations is part of the rule, and keeps an edge that runs twice (a keyhole's channel) exactly in place.
    """
    u, v = polygons.points[:, 0], polygons.points[:, 1]
    following = np.arange(1, u.size + 1)
    following[polygons.starts + polygons.lengths - 1] = polygons.starts
    low = np.where(v <= v[following], np.arange(u.size), following)
    high = np.where(v <= v[following], following, np.arange(u.size))
    first = np.clip(np.ceil(v[low]), 0, rows).astype(np.int64)
    count = np.clip(np.ceil(v[high]), 0, rows).astype(np.int64) - first
    edge = np.repeat(np.arange(u.size), count)
    j = np.arange(edge.size) + np.repeat(first - (np.cumsum(count) - count), count)
    u0, v0, u1, v1 = u[low[edge]], v[low[edge]], u[high[edge]], v[high[edge]]
    contour = np.repeat(np.arange(polygons.lengths.size), polygons.lengths)[edge]
    turn = np.where(low[edge] == edge, 1, -1)
    return contour, j, u0 + (j - v0) * (u1 - u0) / (v1 - v0), turn


def _odd(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The keys that occur an odd number of times, ascending: two toggles in one place undo each other."""
    keys, count = np.unique(keys, return_counts=True)
    return keys[count % 2 == 1]


def _runs(toggles: NDArray[np.int64], row_cells: int, rows: int) -> tuple[Shape, NDArray[np.bool_]]:
    """The tight box and its voxels from ascending toggles i + row_cells * (j + rows * k)."""
    if not toggles.size:
        return (0, 0, 0), np.zeros((0, 0, 0), np.bool_)
    row, i = np.divmod(toggles, row_cells)
    k, j = np.divmod(row, rows)
    start = (int(i.min()), int(j.min()), int(k[0]))
    shape = (int(i.max()) - start[0], int(j.max()) - start[1] + 1, int(k[-1]) - start[2] + 1)
    # A toggle one past the end of a row falls on the start of the next one: nothing is inside from one row to the next.
    place = i - start[0] + shape[0] * (j - start[1] + shape[1] * (k - start[2]))
    lengths = np.diff(place, prepend=0, append=shape[0] * shape[1] * shape[2])
    inside = np.arange(lengths.size) % 2 == 1
    return start, np.repeat(inside, lengths).reshape(shape, order="F")
