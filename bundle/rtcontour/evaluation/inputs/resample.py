"""resample_mask: a mask on another grid, by nearest neighbour; has_same_voxels: where that loses nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask

PARALLEL_TOLERANCE = 1e-3  # voxels that a coordinate may drift across the whole grid and still belong to one axis
INDEX_DECIMALS = 6  # a centre half-way between two voxels goes to the upper one, whatever rounding did before


def resample_mask(mask: Mask, grid: Grid) -> Mask:
    """The mask on another grid: each voxel takes the value of the voxel of `mask` in which its centre lies.

    Args:
        mask: on a grid of any spacing and direction.
        grid: the grid to be on.

    Returns:
        The mask in its tight box; beyond the old grid nothing is inside. It keeps the findings. An empty mask, and
        one that lies between the new voxel centres, is empty.
    """
    to_old: NDArray[np.float64] = np.linalg.inv(mask.grid.affine) @ grid.affine
    to_new: NDArray[np.float64] = np.linalg.inv(grid.affine) @ mask.grid.affine
    box = _box_around(mask, to_new, grid.shape)
    if min(part.stop - part.start for part in box) == 0:
        return Mask.empty(grid, mask.findings)
    axes = _parallel_axes(to_old, grid.shape)
    voxels = _sample(mask, to_old, box) if axes is None else _sample_parallel(mask, to_old, box, axes)
    tight = Mask.from_array(voxels, _grid_of_box(grid, voxels.shape))
    start = tuple(a + part.start for a, part in zip(tight.start, box, strict=True)) if tight.voxels.size else (0, 0, 0)
    return Mask(grid, start, tight.voxels, mask.findings)


def has_same_voxels(grid: Grid, other: Grid) -> bool:
    """Whether two grids differ by the order of their axes and the ends these start from, and by nothing else.

    NIfTI programs often store the same voxels so that i runs to the patient's right or left, or along another axis.
    `resample_mask` between such grids is exact.
    """
    cosines = np.asarray(other.direction) @ np.asarray(grid.direction).T
    i, j, k = (int(axis) for axis in np.abs(cosines).argmax(axis=1))  # the axis of `grid` that is i, j, k of `other`
    axes = [i, j, k]
    if len(set(axes)) < 3:
        return False
    signs = np.sign(cosines[[0, 1, 2], axes])
    first = np.zeros(3)
    first[axes] = np.where(signs < 0, np.take(grid.shape, axes) - 1, 0)
    direction = signs[:, None] * np.asarray(grid.direction)[axes]
    reordered = Grid(
        (grid.shape[i], grid.shape[j], grid.shape[k]),
        (grid.spacing_mm[i], grid.spacing_mm[j], grid.spacing_mm[k]),
        tuple(grid.to_mm([first])[0]),
        tuple(map(tuple, direction)),
    )
    return reordered.matches(other)


def _grid_of_box(grid: Grid, shape: tuple[int, ...]) -> Grid:
    i, j, k = shape
    return Grid((i, j, k), grid.spacing_mm, grid.origin_mm, grid.direction)


def _box_around(mask: Mask, to_new: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice, slice]:
    """The voxels of the new grid whose centre may lie in the box of the mask."""
    if not mask.voxels.size:
        return slice(0, 0), slice(0, 0), slice(0, 0)
    low, high = np.array(mask.start) - 0.5, np.add(mask.start, mask.voxels.shape) - 0.5
    corners = np.array([np.where(at, high, low) for at in product((False, True), repeat=3)])
    reached = corners @ to_new[:3, :3].T + to_new[:3, 3]
    first = np.clip(np.floor(reached.min(axis=0)), 0, shape).astype(int)
    stop = np.clip(np.ceil(reached.max(axis=0)) + 1, first, shape).astype(int)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))
    return i, j, k


def _parallel_axes(to_old: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """The new axis along which each old one runs, either way; None where the grids are oblique to each other."""
    reach = np.abs(to_old[:3, :3]) * shape  # voxels of each old axis passed along the whole of each new one
    i, j, k = (int(axis) for axis in reach.argmax(axis=1))
    others = reach.copy()
    others[[0, 1, 2], [i, j, k]] = 0
    return (i, j, k) if others.max() < PARALLEL_TOLERANCE and len({i, j, k}) == 3 else None


def _sample_parallel(
    mask: Mask, to_old: NDArray[np.float64], box: tuple[slice, slice, slice], axes: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """One index a row, column and slice instead of one a voxel."""
    picked = []
    for old, new in enumerate(axes):
        index = np.arange(box[new].start, box[new].stop) * to_old[old, new] + to_old[old, 3]
        picked.append(_nearest(index) - mask.start[old])
    inside = [(at >= 0) & (at < n) for at, n in zip(picked, mask.voxels.shape, strict=True)]
    found = mask.voxels[np.ix_(*(np.where(ok, at, 0) for at, ok in zip(picked, inside, strict=True)))]
    return np.transpose(found & inside[0][:, None, None] & inside[1][:, None] & inside[2], np.argsort(axes))


def _sample(mask: Mask, to_old: NDArray[np.float64], box: tuple[slice, slice, slice]) -> NDArray[np.bool_]:
    """Slice by slice, so that the indices of all voxels never are in memory at once."""
    i, j, k = (np.arange(part.start, part.stop) for part in box)
    voxels = np.zeros((i.size, j.size, k.size), np.bool_, order="F")
    in_plane = to_old[:3, 0, None, None] * i[:, None] + to_old[:3, 1, None, None] * j + to_old[:3, 3, None, None]
    start, shape = (np.reshape(values, (3, 1, 1)) for values in (mask.start, mask.voxels.shape))
    for n, slice_index in enumerate(k):
        at = _nearest(in_plane + to_old[:3, 2, None, None] * slice_index) - start
        inside = np.all((at >= 0) & (at < shape), axis=0)
        voxels[:, :, n][inside] = mask.voxels[tuple(at[:, inside])]
    return voxels


def _nearest(index: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(np.round(index, INDEX_DECIMALS) + 0.5).astype(np.int64)
