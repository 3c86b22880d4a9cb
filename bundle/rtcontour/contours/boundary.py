"""The 0.5 level of a mask, slice by slice: its vertices, and how they link into closed loops.

A vertex lies half-way between an inside and an outside voxel centre that are face neighbours in a slice. Walking along
the boundary with the inside on the left, the two voxels ahead decide where it goes:

    ahead left outside              turn left, around the inside voxel
    ahead left and right inside     turn right, around the outside voxel
    ahead left inside, right not    straight on

So two inside voxels that touch only at a corner are not joined, and two outside ones are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Boundary:
    """Vertices of a mask's 0.5 level, and their links.

    Attributes:
        position: (n, 3) int64, (2u, 2v, k) of each vertex in the mask's box; doubled, so that half voxels are exact.
            The vertices of the mask come in ascending order of k, then v, then u.
        following: (n,) int64, the vertex that comes next with the inside on the left, as the slice is seen with u to
            the right and v down.
        channel: (n,) bool, True for the ends of keyhole channels, which must stay where they are.
    """

    position: NDArray[np.int64]
    following: NDArray[np.int64]
    channel: NDArray[np.bool_]


def find_boundary(voxels: NDArray[np.bool_]) -> Boundary:
    """The boundary of a box of voxels (i, j, k); no vertices for an empty box. Nothing is inside beyond the box."""
    padded = np.pad(voxels, ((1, 1), (1, 1), (0, 0)))
    columns, rows, _ = padded.shape
    flat = padded.ravel(order="F")
    inside, outside = _split_pairs(flat, columns)
    places = _midpoints(inside, outside, columns)
    order = np.argsort(places)
    inside, outside, places = inside[order], outside[order], places[order]
    following = np.searchsorted(places, _midpoints(*_next_pair(flat, inside, outside, columns), columns))
    level, u2 = np.divmod(places, 2 * columns)
    k, v2 = np.divmod(level, 2 * rows)
    return Boundary(np.stack([u2 - 2, v2 - 2, k], axis=1), following, np.zeros(places.size, np.bool_))


def _split_pairs(flat: NDArray[np.bool_], columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat indices of all face neighbours in a slice of which one is inside: the inside ones, the outside ones.

    Steps over the end of a row or a slice need no care, since the ring of padding is background on both sides of it.
    """
    along_i = np.flatnonzero(flat[1:] != flat[:-1])
    along_j = np.flatnonzero(flat[columns:] != flat[:-columns])
    first = np.concatenate([along_i, along_j])
    second = np.concatenate([along_i + 1, along_j + columns])
    return np.where(flat[first], first, second), np.where(flat[first], second, first)


def _midpoints(one: NDArray[np.int64], other: NDArray[np.int64], columns: int) -> NDArray[np.int64]:
    """A number for the place half-way between two voxels, ascending with k, then v, then u."""
    one_row, one_i = np.divmod(one, columns)
    other_row, other_i = np.divmod(other, columns)
    return (one_row + other_row) * (2 * columns) + one_i + other_i


def _next_pair(
    flat: NDArray[np.bool_], inside: NDArray[np.int64], outside: NDArray[np.int64], columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pair of voxels between which the boundary runs on from each pair; the table above decides."""
    rightward = outside - inside
    ahead = np.where(np.abs(rightward) == 1, -rightward * columns, rightward // columns)
    left, right = flat[inside + ahead], flat[outside + ahead]
    next_inside = np.where(left, np.where(right, outside, inside) + ahead, inside)
    next_outside = np.where(left, np.where(right, outside, outside + ahead), inside + ahead)
    return next_inside, next_outside


def walk_loops(following: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Follow every link once.

    The walk is plain Python: at a tenth of a microsecond a vertex it takes less time than loading a compiled one.

    Returns:
        All vertices, one loop after another, and the number of vertices of each loop. A loop begins at its
        lowest vertex number: of the vertices of the mask, the topmost one and of these the leftmost.
    """
    links = following.tolist()
    walked: list[int] = []
    lengths: list[int] = []
    for start in range(len(links)):
        vertex, before = start, len(walked)
        while links[vertex] >= 0:
            walked.append(vertex)
            following_vertex = links[vertex]
            links[vertex] = -1
            vertex = following_vertex
        if len(walked) > before:
            lengths.append(len(walked) - before)
    return np.array(walked, np.int64), np.array(lengths, np.int64)
