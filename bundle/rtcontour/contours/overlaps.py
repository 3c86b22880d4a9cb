"""Contours of one slice that cross or repeat each other, where the even-odd rule leaves out what was meant to be in.

A contour wholly inside another one is a hole, and that is meant. One that crosses another, or repeats it, is not: what
both hold is outside by the rule, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Toggles = NDArray[np.int64]  # ascending; inside are the cells from each first to each second of them


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Which contours, (m,) bool, do something to an earlier one of their slice.

    Attributes:
        repeated: sets the very same voxels, which cancels both.
        crossing: shares some voxels with it, and each has others of its own.
    """

    repeated: NDArray[np.bool_]
    crossing: NDArray[np.bool_]


def find_overlaps(
    toggles: Sequence[Toggles], k: NDArray[np.int64], lowest: NDArray[np.float64], highest: NDArray[np.float64]
) -> Overlaps:
    """Compare every two contours of a slice whose extents overlap.

    Args:
        toggles: of each of m contours, in its slice; see `contours/scanline.py`.
        k: (m,) their slices.
        lowest: (m, 2) lowest (u, v) of each.
        highest: (m, 2) highest.
    """
    found = Overlaps(np.zeros(k.size, np.bool_), np.zeros(k.size, np.bool_))
    sizes = [int(np.sum(one[1::2] - one[::2])) for one in toggles]
    for one, other in _near(k, lowest, highest):
        smaller = min(sizes[one], sizes[other])
        shared = _shared(toggles[one], toggles[other]) if smaller else 0
        if 0 < shared < smaller:
            found.crossing[other] = True
        elif shared and sizes[one] == sizes[other]:
            found.repeated[other] = True
    return found


def _near(k: NDArray[np.int64], lowest: NDArray[np.float64], highest: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of contours on one slice whose extents overlap, by a sweep along v."""
    order = np.lexsort((lowest[:, 1], k))
    k, lowest, highest = k[order], lowest[order], highest[order]
    for n in range(k.size):
        # Those that begin before this one ends; sorted by slice and lowest v, they follow it.
        end = int(np.searchsorted(k, k[n], side="right"))
        stop = n + 1 + int(np.searchsorted(lowest[n + 1 : end, 1], highest[n, 1], side="right"))
        beside = (lowest[n + 1 : stop, 0] <= highest[n, 0]) & (highest[n + 1 : stop, 0] >= lowest[n, 0])
        for later in (np.flatnonzero(beside) + n + 1).tolist():
            pair = sorted((int(order[n]), int(order[later])))
            yield pair[0], pair[1]


def _shared(one: Toggles, other: Toggles) -> int:
    """How many cells both hold."""
    before = _cells_before(other, one)
    return int(np.sum(before[1::2] - before[::2]))


def _cells_before(toggles: Toggles, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the cells that toggles hold lie before each of these places."""
    starts, stops = toggles[::2], toggles[1::2]
    whole = np.append(0, np.cumsum(stops - starts))
    run = np.searchsorted(stops, places, side="right")  # runs that end at the place or before it
    inside = np.append(starts, np.iinfo(np.int64).max)[run]
    partly: NDArray[np.int64] = np.maximum(places - inside, 0)
    return whole[run] + partly
