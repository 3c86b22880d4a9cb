"""The rasterising rule of docs/geometry.md, word by word: voxel by voxel, edge by edge.

It is slow and shares no code with `rtcontour.contours`, which is what makes it a judge. It does take over
`Grid.to_index`, to the last bit, since a centre exactly on an edge must be exactly there for both. Whether that is
right is judged by the shapes, which come into the patient without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcontour.contours import Contour
from rtcontour.grid import Grid


def even_odd(contours: Sequence[Contour], grid: Grid) -> NDArray[np.bool_]:
    """The voxels, bool of grid.shape, whose centre lies inside closed contours on slices of the grid.

    Contours on no slice set nothing; three points and more are expected, all of a contour in one plane.
    """
    inside = np.zeros(grid.shape, np.bool_, order="F")
    for k, edges in _edges_by_slice(contours, grid).items():
        if not 0 <= k < grid.shape[2]:
            continue
        # A voxel left of all edges, or beside them, meets none; one to the right meets each row's edges in pairs.
        first = np.maximum(np.floor(edges.min(axis=(0, 1))), 0).astype(int)
        stop = np.minimum(np.ceil(edges.max(axis=(0, 1))) + 1, grid.shape[:2]).astype(int)
        _set_inside(inside[:, :, k], edges, first[0], stop[0], first[1], stop[1])
    return inside


def _edges_by_slice(contours: Sequence[Contour], grid: Grid) -> dict[int, NDArray[np.float64]]:
    """Slice index -> its edges (n, 2, 2): two ends of (u, v) each, in continuous index coordinates."""
    found: dict[int, list[NDArray[np.float64]]] = {}
    for contour in contours:
        points = grid.to_index(contour.points_mm)
        k = int(np.ceil(np.median(points[:, 2]) - 0.5))
        found.setdefault(k, []).append(np.stack([points[:, :2], np.roll(points[:, :2], -1, axis=0)], axis=1))
    return {k: np.concatenate(edges) for k, edges in found.items()}


@njit(cache=True)
def _set_inside(inside, edges, i_first, i_stop, j_first, j_stop):  # type: ignore[no-untyped-def]
    """Set the voxels (i, j) of one slice for which an odd number of edges meet row j at u <= i."""
    for j in range(j_first, j_stop):
        for i in range(i_first, i_stop):
            odd = False
            for edge in range(edges.shape[0]):
                a = 0 if edges[edge, 0, 1] <= edges[edge, 1, 1] else 1
                v0, v1 = edges[edge, a, 1], edges[edge, 1 - a, 1]
                if v0 <= j < v1:
                    u0, u1 = edges[edge, a, 0], edges[edge, 1 - a, 0]
                    if u0 + (j - v0) * (u1 - u0) / (v1 - v0) <= i:
                        odd = not odd
            inside[i, j] = odd
