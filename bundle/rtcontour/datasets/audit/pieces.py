"""The form of a structure: its connected pieces, slices left out, and holes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cc3d
import fill_voids
import numpy as np
from numpy.typing import NDArray

Index = tuple[int, int, int]

MOST_PIECES = 6
# Pieces above each other with a few slices left out between them are one piece with a gap, and no islands.
MOST_BRIDGED_SLICES = 5
MOST_POINTS = 2000  # of a lesser piece, for its distance: a voxel more or less does not matter


@dataclass(frozen=True)
class Piece:
    """A connected part of a structure beside its largest one.

    Attributes:
        volume_cc: its volume.
        voxels: how many it has.
        index: one of its voxels, close to its middle.
        distance_mm: to the largest part, from voxel to voxel.
    """

    volume_cc: float
    voxels: int
    index: Index
    distance_mm: float

    def moved(self, start: NDArray[np.int64]) -> Piece:
        """The same in a grid in which its box begins at `start`."""
        i, j, k = (int(a + b) for a, b in zip(self.index, start, strict=True))
        return replace(self, index=(i, j, k))


@dataclass(frozen=True)
class Gap:
    """Slices without voxels between two that have some.

    Attributes:
        first: the first of them.
        last: the last of them.
        shared: whether the slices below and above share a voxel; else a part may have ended and another begun.
        lesser_share: of the structure's volume, what lies on the lesser side of the gap.
    """

    first: int
    last: int
    shared: bool
    lesser_share: float

    @property
    def slices(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def moved(self, start: int) -> Gap:
        """The same in a grid in which its box begins at slice `start`."""
        return replace(self, first=self.first + start, last=self.last + start)


def find_gaps(inside: NDArray[np.bool_]) -> list[Gap]:
    """Runs of empty slices of a tight box (i, j, k), from the first."""
    counts = np.count_nonzero(inside, axis=(0, 1))
    filled = np.flatnonzero(counts)
    below_counts = np.cumsum(counts)
    gaps = []
    for below, above in pairwise(filled):
        if above - below > 1:
            share = below_counts[below] / below_counts[-1]
            shared = bool(np.any(inside[:, :, below] & inside[:, :, above]))
            gaps.append(Gap(int(below) + 1, int(above) - 1, shared, round(float(min(share, 1 - share)), 4)))
    return gaps


def find_pieces(
    inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float], most: int = MOST_PIECES
) -> tuple[list[Piece], int]:
    """The largest pieces beside the largest of all, largest first, and how many pieces there are in all.

    Voxels that touch at a corner are connected, and so are those above each other across a gap of up to
    MOST_BRIDGED_SLICES slices.

    Args:
        inside: (i, j, k) tight box with at least one voxel.
        spacing_mm: voxel size.
        most: how many are told in detail.
    """
    kept = _slices_to_connect(inside)
    stacked = inside if kept.size == inside.shape[2] else np.asfortranarray(inside[:, :, kept])
    # Without the ring of background cc3d 4.1 fails on some boxes that are a few voxels small.
    numbers, found = cc3d.connected_components(np.pad(stacked, 1), connectivity=26, return_N=True)
    if found == 1:
        return [], 1
    sizes = cc3d.statistics(numbers, no_slice_conversion=True)["voxel_counts"].astype(np.int64)
    order = 1 + np.argsort(-sizes[1:], kind="stable")
    numbers = numbers[1:-1, 1:-1, 1:-1]
    main = _points(_edge(numbers == order[0]), kept)
    voxel_cc = float(np.prod(spacing_mm)) / 1000
    pieces = []
    for number in order[1 : most + 1]:
        points = _points(numbers == number, kept)
        middle = points[np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))]
        i, j, k = (int(n) for n in middle)
        volume_cc = round(float(sizes[number] * voxel_cc), 4)
        pieces.append(Piece(volume_cc, int(sizes[number]), (i, j, k), _distance_mm(points, main, spacing_mm)))
    return pieces, int(found)


def holes_by_slice(
    inside: NDArray[np.bool_], not_counted: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], Index | None]:
    """Voxels of each slice that the structure encloses there, and one of them in the slice with the most; else None.

    Args:
        inside: (i, j, k) box of the structure.
        not_counted: voxels of the box that are no hole.
    """
    counts = np.zeros(inside.shape[2], np.int64)
    for k in range(inside.shape[2]):
        counts[k] = np.count_nonzero(_holes(inside, k, not_counted)) if inside[:, :, k].any() else 0
    if not counts.any():
        return counts, None
    worst = int(counts.argmax())
    i, j = middle_of(_holes(inside, worst, not_counted))
    return counts, (i, j, worst)


def middle_of(plane: NDArray[np.bool_]) -> tuple[int, int]:
    """The voxel of a plane that is closest to the middle of all of its voxels."""
    points = np.argwhere(plane)
    i, j = points[np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))]
    return int(i), int(j)


def _holes(inside: NDArray[np.bool_], k: int, not_counted: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    plane = np.asfortranarray(inside[:, :, k])
    holes: NDArray[np.bool_] = fill_voids.fill(plane) & ~plane
    return holes if not_counted is None else holes & ~not_counted[:, :, k]


def _slices_to_connect(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """All slices but the empty ones of short gaps; of long gaps one is kept, which is enough to separate."""
    filled = np.flatnonzero(inside.any(axis=(0, 1)))
    kept = []
    for below, above in pairwise(filled):
        kept.append(below)
        if above - below - 1 > MOST_BRIDGED_SLICES:
            kept.append(below + 1)
    return np.array([*kept, filled[-1]], np.int64)


def _points(inside: NDArray[np.bool_], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 3) voxels, with the slices they were taken from."""
    i, j, k = np.unravel_index(np.flatnonzero(inside.ravel(order="F")), inside.shape, order="F")
    return np.stack([i, j, kept[k]], axis=1).astype(np.int64)


def _edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The voxels with a neighbour outside within their slice: from outside, one of them is always the nearest.

    The top and the bottom of a piece are left out, which costs a distance straight up a voxel or two.
    """
    ringed = np.pad(inside, ((1, 1), (1, 1), (0, 0)))
    enclosed = ringed[:-2, 1:-1] & ringed[2:, 1:-1] & ringed[1:-1, :-2] & ringed[1:-1, 2:]
    edge: NDArray[np.bool_] = inside & ~enclosed
    return edge


def _distance_mm(points: NDArray[np.int64], others: NDArray[np.int64], spacing_mm: tuple[float, float, float]) -> float:
    from scipy.spatial import cKDTree

    thinned = points[:: 1 + points.shape[0] // MOST_POINTS]
    distances, _ = cKDTree(others * np.asarray(spacing_mm)).query(thinned * np.asarray(spacing_mm))
    return round(float(distances.min()), 1)
