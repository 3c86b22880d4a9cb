"""What a slip of the hand does to a mask: grown, shrunk, moved, with a ball or a tube more or less."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.shapes import Samples


def slices_of_mask(mask: Mask) -> NDArray[np.int64]:
    """The slices (k) on which a mask has voxels, ascending."""
    return mask.start[2] + np.flatnonzero(mask.voxels.any(axis=(0, 1)))


def ball(grid: Grid, centre_mm: ArrayLike, radius_mm: float) -> NDArray[np.bool_]:
    """The voxels of the grid whose centres lie in a ball."""
    x, y, z = (axis - c for axis, c in zip(_axes_mm(grid), np.asarray(centre_mm), strict=True))
    return x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2 <= radius_mm**2


def disc(grid: Grid, centre_mm: ArrayLike, radius_mm: float, slices: ArrayLike) -> NDArray[np.bool_]:
    """The same of a disc on each of the slices."""
    x, y, _ = (axis - c for axis, c in zip(_axes_mm(grid), np.asarray(centre_mm), strict=True))
    flat = x[:, None] ** 2 + y[None, :] ** 2 <= radius_mm**2
    full = np.zeros(grid.shape, np.bool_, order="F")
    full[:, :, np.asarray(slices)] = flat[:, :, None]
    return full


def tongue(
    grid: Grid, start_mm: ArrayLike, stop_mm: ArrayLike, width_mm: float, slices: ArrayLike
) -> NDArray[np.bool_]:
    """A straight band with round ends between two points, on each of the slices."""
    start, stop = np.asarray(start_mm, np.float64)[:2], np.asarray(stop_mm, np.float64)[:2]
    x, y, _ = _axes_mm(grid)
    offset = np.stack(np.meshgrid(x - start[0], y - start[1], indexing="ij"), axis=-1)
    along = stop - start
    share = np.clip(offset @ along / (along @ along), 0, 1)
    flat = np.linalg.norm(offset - share[..., None] * along, axis=-1) <= width_mm / 2
    full = np.zeros(grid.shape, np.bool_, order="F")
    full[:, :, np.asarray(slices)] = flat[:, :, None]
    return full


def with_volume(mask: Mask, factor: float) -> Mask:
    """The mask grown or shrunk evenly on all sides to `factor` times its volume."""
    wanted = int(np.ceil(mask.voxel_count * factor))
    radius_mm = (mask.volume_cc * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    full, box = mask.full(), _wide_box(mask, 1.5 * radius_mm * max(0.0, factor ** (1 / 3) - 1))
    inside = full[box]
    outward = distance_transform_edt(~inside, sampling=mask.grid.spacing_mm)
    depth = outward - distance_transform_edt(inside, sampling=mask.grid.spacing_mm)
    # Many voxels are equally deep; of these, the ones nearest to the middle are taken.
    middle = np.argwhere(inside).mean(axis=0)
    to_middle = np.linalg.norm((np.indices(depth.shape).T - middle) * mask.grid.spacing_mm, axis=-1).T
    order = np.lexsort((to_middle.ravel(), depth.ravel()))
    chosen = np.zeros(depth.size, np.bool_)
    chosen[order[:wanted]] = True
    full[box] = chosen.reshape(depth.shape)
    return Mask.from_array(full, mask.grid)


def moved(mask: Mask, by_voxels: tuple[int, int, int]) -> Mask:
    """The mask elsewhere; what leaves the grid is lost."""
    full = np.zeros(mask.grid.shape, np.bool_, order="F")
    i, j, k = (at + by for at, by in zip(np.nonzero(mask.full()), by_voxels, strict=True))
    within = np.logical_and.reduce([(n >= 0) & (n < size) for n, size in zip((i, j, k), full.shape, strict=True)])
    full[i[within], j[within], k[within]] = True
    return Mask.from_array(full, mask.grid)


def centre_mm(mask: Mask) -> NDArray[np.float64]:
    """(3,) centre of mass."""
    return mask.grid.to_mm([np.argwhere(mask.voxels).mean(axis=0) + mask.start])[0]


def inmost(flat: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> tuple[tuple[int, int], float]:
    """The pixel of a slice that lies furthest inside, and its distance to the edge."""
    depth = distance_transform_edt(np.pad(flat, 1), sampling=spacing_mm[:2])[1:-1, 1:-1]
    i, j = np.unravel_index(int(np.argmax(depth)), depth.shape)
    return (int(i), int(j)), float(depth[i, j])


def _axes_mm(grid: Grid) -> list[Samples]:
    """Coordinates along x, y and z; the phantoms' grids are axial."""
    return [
        start + step * np.arange(n) for start, step, n in zip(grid.origin_mm, grid.spacing_mm, grid.shape, strict=True)
    ]


def _wide_box(mask: Mask, margin_mm: float) -> tuple[slice, ...]:
    room = np.ceil(margin_mm / np.array(mask.grid.spacing_mm)).astype(int) + 1
    return tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(mask.box, room.tolist(), strict=True))
