"""Fewer points within a stated distance (Douglas and Peucker, 1973), all contours at once."""

from __future__ import annotations

from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray


def points_to_keep(
    points_mm: NDArray[np.float64], lengths: NDArray[np.int64], pinned: NDArray[np.bool_], tolerance_mm: float
) -> NDArray[np.bool_]:
    """Choose the points of closed contours that must stay.

    Every dropped point lies within tolerance_mm of the line between the kept points before and after it, and every
    point of that line within tolerance_mm of the original contour. A contour keeps its farthest points however
    large the tolerance, so three points at least: simplification never makes one vanish.

    Args:
        points_mm: (n, 2 or 3) the contours, one after another.
        lengths: (m,) number of points of each contour, three or more.
        pinned: (n,) bool, points that stay in any case.
        tolerance_mm: the largest distance allowed.

    Returns:
        (n,) bool, True for the points that stay.

    Source:
        Douglas and Peucker, Cartographica 10(2), 1973, with the distance to the segment instead of the line.
    """
    # Each contour gets its first point again at its end, so that every point lies between two kept ones.
    first = np.cumsum(lengths) - lengths
    closed = np.insert(np.arange(len(points_mm)), first + lengths, first)
    points, keep = points_mm[closed], pinned[closed]
    begin = first + np.arange(lengths.size)
    keep[begin] = keep[begin + lengths] = True
    for limit_mm in chain(repeat(0.0, 2), repeat(tolerance_mm)):  # the first two leave three points or four
        farthest = _farthest_beyond(points, np.flatnonzero(keep), limit_mm)
        if not farthest.size:
            break
        keep[farthest] = True
    return np.delete(keep, begin + lengths)


def _farthest_beyond(points: NDArray[np.float64], kept: NDArray[np.int64], limit_mm: float) -> NDArray[np.int64]:
    """Between each two kept points, the one farthest from the segment that joins them, if beyond limit_mm."""
    stretch = np.repeat(np.arange(kept.size), np.diff(kept, append=len(points)))
    here = points[kept]
    step = points[np.append(kept[1:], kept[-1:])] - here
    length_squared = np.sum(step**2, axis=1)
    offset, step, length_squared = points - here[stretch], step[stretch], length_squared[stretch]
    along = np.sum(offset * step, axis=1) / np.where(length_squared > 0, length_squared, 1.0)
    distance_mm = np.linalg.norm(offset - np.clip(along, 0, 1)[:, None] * step, axis=1)
    worst = np.maximum.reduceat(distance_mm, kept)[stretch]
    candidates = np.flatnonzero((distance_mm == worst) & (worst > limit_mm))
    _, first_of_stretch = np.unique(stretch[candidates], return_index=True)
    return candidates[first_of_stretch]
