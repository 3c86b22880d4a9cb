"""trace: the contours of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours.boundary import find_boundary, walk_loops
from rtcontour.contours.contour import Contour
from rtcontour.contours.keyhole import join_holes
from rtcontour.contours.simplify import points_to_keep
from rtcontour.errors import ConfigError
from rtcontour.mask import Mask


def trace(mask: Mask, *, tolerance_mm: float = 0.0, keyhole: bool = False) -> tuple[Contour, ...]:
    """The contours of a mask, through the midpoints between inside and outside voxel centres of each slice.

    Seen along the slice normal, as an image is displayed (i to the right, j down), outer contours run
    counter-clockwise and holes clockwise: the sum of i0 * j1 - i1 * j0 over the edges is negative for an outer contour.
    Voxels that touch only at a corner are not joined. Rasterising the contours on the same grid gives the same mask,
    also after their coordinates were rounded to 0.01 mm, where voxels are 0.3 mm or larger.

    Args:
        mask: the mask to trace.
        tolerance_mm: 0 keeps every corner; otherwise points are dropped as long as the contour moves nowhere by more
            than this, and the mask may change within it.
        keyhole: join each hole to the contour around it by a channel without width, instead of a contour of its own.

    Returns:
        Closed planar contours in LPS mm, by ascending slice; none for an empty mask. The first point is not repeated.

    Raises:
        ConfigError: tolerance_mm is negative or not a number.

    Source:
        Marching squares (Lorensen and Cline, 1987) at level 0.5. It cuts corners: a lone voxel keeps half its area.
    """
    if not tolerance_mm >= 0:
        raise ConfigError(f"tolerance_mm is {tolerance_mm}; expected 0 mm (keep every corner) or more")
    boundary = find_boundary(mask.voxels)
    if keyhole:
        boundary = join_holes(boundary, mask.voxels)
    walked, lengths = walk_loops(boundary.following)
    position, pinned = boundary.position[walked], boundary.channel[walked]
    corner = _corners(position, lengths) | pinned
    position, pinned, lengths = position[corner], pinned[corner], _kept_lengths(corner, lengths)
    points_mm = mask.grid.to_mm(position * [0.5, 0.5, 1.0] + mask.start)
    if tolerance_mm > 0 and lengths.size:
        keep = points_to_keep(points_mm, lengths, pinned, tolerance_mm)
        points_mm, lengths = points_mm[keep], _kept_lengths(keep, lengths)
    return tuple(Contour(points) for points in np.split(points_mm, np.cumsum(lengths))[:-1])


def _corners(position: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the vertices of closed loops where the direction changes."""
    end = np.cumsum(lengths)
    following = np.arange(1, len(position) + 1)
    following[end - 1] = end - lengths
    out_of = position[following] - position
    into = np.empty_like(out_of)
    into[following] = out_of
    return into[:, 0] * out_of[:, 1] != into[:, 1] * out_of[:, 0]


def _kept_lengths(keep: NDArray[np.bool_], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many points of each loop are kept."""
    kept_before = np.append(0, np.cumsum(keep))
    return np.diff(kept_before[np.append(0, np.cumsum(lengths))])
