"""Keyholes: a hole joined to the contour around it by a channel without width (DICOM PS3.3 C.8.8.6.3).

A channel starts at its hole's topmost and then leftmost vertex and runs to the left, through inside voxels and between
two rows of voxel centres, up to the first contour it meets. It is walked in both directions, so the edges on it cross
every row an even number of times and no voxel changes. A contour it meets begins higher up or further left than the
hole, so joins never form a ring, and each hole ends up in the outer contour of its own component.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.boundary import Boundary, walk_loops


def join_holes(boundary: Boundary, voxels: NDArray[np.bool_]) -> Boundary:
    """The same boundary, with every hole linked into the contour around it.

    Args:
        boundary: the boundary of `voxels`.
        voxels: the mask's box (i, j, k).

    Returns:
        A boundary whose loops are outer contours only. The vertices of the channels are added behind the others.
    """
    first, last = _hole_ends(boundary, voxels)
    positions = boundary.position[first].tolist()
    following = boundary.following.tolist()
    added: list[Sequence[int]] = []
    channel: list[int] = []

    def add(position: Sequence[int], link: int) -> int:
        added.append(position)
        following.append(link)
        return len(following) - 1

    for hole, hole_end, (u2, v2, k) in zip(first.tolist(), last.tolist(), positions, strict=True):
        column, at_vertex = _meets(voxels[: u2 // 2, (v2 - 1) // 2 : (v2 + 3) // 2, k])
        if at_vertex:
            met_position = (2 * column, v2, k)
            met = _number_of(boundary.position, met_position)
        else:
            met_position = (2 * column + 1, v2, k)
            before = _number_of(boundary.position, (2 * column + 1, v2 - 1, k))
            met = following[before] = add(met_position, following[before])
        met_again = add(met_position, following[met])
        hole_again = add((u2, v2, k), met_again)
        following[met], following[hole_end] = hole, hole_again
        channel += [met, hole, hole_again, met_again]

    position = np.concatenate([boundary.position, np.reshape(np.array(added, np.int64), (-1, 3))])
    is_channel = np.zeros(len(position), np.bool_)
    is_channel[channel] = True
    return Boundary(position, np.array(following, np.int64), is_channel)


def _hole_ends(boundary: Boundary, voxels: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last vertex of every loop around a hole, in the order of the vertices.

    A loop begins at its topmost vertex; the voxel below that is outside in a hole and inside in an outer contour.
    """
    walked, lengths = walk_loops(boundary.following)
    end = np.cumsum(lengths)
    first, last = walked[end - lengths], walked[end - 1]
    u2, v2, k = boundary.position[first].T
    hole = ~voxels[u2 // 2, (v2 + 1) // 2, k]
    return first[hole], last[hole]


def _meets(left: NDArray[np.bool_]) -> tuple[int, bool]:
    """Where a channel ends, from the two rows of voxels above and below it to its left, (columns, 2).

    Returns:
        The column of the first pair of voxels that are not both inside, and whether one of the two is: then a vertex
        lies half-way between them. Otherwise the contour passes to the right of that column, straight down.
    """
    not_both = np.flatnonzero(~left.all(axis=1))
    if not not_both.size:
        return -1, False
    column = int(not_both[-1])
    return column, bool(left[column].any())


def _number_of(position: NDArray[np.int64], wanted: tuple[int, int, int]) -> int:
    """The number of the vertex at a place (2u, 2v, k); the vertices are in ascending order of k, then v, then u."""
    start, stop = 0, len(position)
    for axis in (2, 1, 0):
        along = position[start:stop, axis]
        low, high = np.searchsorted(along, wanted[axis], "left"), np.searchsorted(along, wanted[axis], "right")
        start, stop = start + int(low), start + int(high)
    return start
