"""The loop of `warp_patch`, compiled. Loading this file costs what importing numba does, so only `warp` does, late.

Rows run along i, the axis along which the scan's voxels are neighbours in memory. Most of a row has all of its eight
corners inside the scan: it takes three passes without any test, two of which the compiler turns into vector code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types

from rtcontour.transforms.warp import AIR_HU

# Away from the faces by more than what float32 can be off, so that the passes without tests stay inside the scan.
SAFE_VOXELS = 1e-3
AIR = np.float32(AIR_HU)
HALF = np.float32(0.5)

_HU = types.Array(types.int16, 1, "C", readonly=True)
_LABELS = types.Array(types.uint8, 1, "C", readonly=True)
_TRIPLE, _MATRIX = types.float64[::1], types.float64[:, ::1]
_WARP = types.void(
    _HU, _LABELS, types.int64[::1], _MATRIX, types.int64[::1], _TRIPLE, types.float32,
    types.float32[:, :, ::1], types.uint8[:, :, ::1], types.uint8[:, :, ::1],
)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _inside(start: Any, step: Any, lowest: Any, highest: Any, first: Any, last: Any) -> Any:
    """The part of [first, last) where start + step * index is from lowest to highest."""
    if abs(step) < 1e-12:
        return (first, last) if lowest <= start <= highest else (first, first)
    one, other = (lowest - start) / step, (highest - start) / step
    low, high = min(one, other), max(one, other)
    low = max(first, math.ceil(min(max(low, -1.0), last + 1.0)))
    high = min(last, math.floor(min(max(high, -2.0), last + 1.0)) + 1)
    return min(low, last), max(min(low, last), high)


@njit(cache=True, nogil=True, error_model="numpy")
def _places(
    first: Any, count: Any, at: Any, step: Any, row: Any, slab: Any, corner: Any, nearest: Any, shares: Any
) -> None:
    """Of each voxel from `first` on: where its lower corner and nearest neighbour lie, and its shares of the upper."""
    for i in range(count):
        x = at[0] + step[0] * np.float32(first + i)
        y = at[1] + step[1] * np.float32(first + i)
        z = at[2] + step[2] * np.float32(first + i)
        low_x, low_y, low_z = np.int32(x), np.int32(y), np.int32(z)
        x, y, z = x - np.float32(low_x), y - np.float32(low_y), z - np.float32(low_z)
        place = np.int32(low_x + low_y * row + low_z * slab)
        corner[i] = place
        nearest[i] = np.int32(place + np.int32(x >= HALF) + np.int32(y >= HALF) * row + np.int32(z >= HALF) * slab)
        shares[0, i], shares[1, i], shares[2, i] = x, y, z


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(
    count: Any, hu: Any, labels: Any, base: Any, row: Any, slab: Any, corner: Any, nearest: Any, pairs: Any, label: Any
) -> None:
    """Of each voxel the eight corners, as four pairs along i that are one access each, and the nearest label."""
    # Unsigned places, since signed ones are tested for counting from the end.
    one, over_row, over_slab = np.uint64(1), np.uint64(row), np.uint64(slab)
    for i in range(count):
        place = base + np.uint64(corner[i])
        low, high = hu[place], hu[place + one]
        pairs[0, 2 * i], pairs[0, 2 * i + 1] = low, high
        place += over_row
        low, high = hu[place], hu[place + one]
        pairs[1, 2 * i], pairs[1, 2 * i + 1] = low, high
        place += over_slab
        low, high = hu[place], hu[place + one]
        pairs[3, 2 * i], pairs[3, 2 * i + 1] = low, high
        place -= over_row
        low, high = hu[place], hu[place + one]
        pairs[2, 2 * i], pairs[2, 2 * i + 1] = low, high
        label[i] = labels[base + np.uint64(nearest[i])]


@njit(cache=True, nogil=True, error_model="numpy")
def _blend(count: Any, shares: Any, near: Any, below: Any, behind: Any, far: Any, shift: Any, image: Any) -> None:
    """Trilinear interpolation of the four pairs, plus the shift."""
    for i in range(count):
        x, y, z = shares[0, i], shares[1, i], shares[2, i]
        a, b = np.float32(near[2 * i]), np.float32(below[2 * i])
        c, d = np.float32(behind[2 * i]), np.float32(far[2 * i])
        a += x * (np.float32(near[2 * i + 1]) - a)
        b += x * (np.float32(below[2 * i + 1]) - b)
        c += x * (np.float32(behind[2 * i + 1]) - c)
        d += x * (np.float32(far[2 * i + 1]) - d)
        a += y * (b - a)
        c += y * (d - c)
        image[i] = a + z * (c - a) + shift


@njit(cache=True, nogil=True, error_model="numpy")
def _edge(hu: Any, labels: Any, shape: Any, base: Any, at: Any, step: Any, i: Any, shift: Any) -> Any:
    """HU, label and weight of one voxel anywhere: edges repeat up to the scan's faces, beyond is air."""
    x = at[0] + step[0] * np.float32(i) + np.float32(base[0])
    y = at[1] + step[1] * np.float32(i) + np.float32(base[1])
    z = at[2] + step[2] * np.float32(i) + np.float32(base[2])
    low_x, low_y, low_z = np.int64(math.floor(x)), np.int64(math.floor(y)), np.int64(math.floor(z))
    x, y, z = x - np.float32(low_x), y - np.float32(low_y), z - np.float32(low_z)
    near_x, near_y, near_z = low_x + np.int64(x >= HALF), low_y + np.int64(y >= HALF), low_z + np.int64(z >= HALF)
    if near_x < 0 or near_y < 0 or near_z < 0 or near_x >= shape[0] or near_y >= shape[1] or near_z >= shape[2]:
        return AIR, np.uint8(0), np.uint8(0)
    row, slab = shape[0], shape[0] * shape[1]
    slice_sum = np.float32(0.0)
    for corner_z in range(2):
        row_sum = np.float32(0.0)
        for corner_y in range(2):
            place = _clamped(low_z + corner_z, shape[2]) * slab + _clamped(low_y + corner_y, shape[1]) * row
            low, high = np.float32(hu[place + _clamped(low_x, shape[0])]), hu[place + _clamped(low_x + 1, shape[0])]
            low += x * (np.float32(high) - low)
            row_sum = low if corner_y == 0 else row_sum + y * (low - row_sum)
        slice_sum = row_sum if corner_z == 0 else slice_sum + z * (row_sum - slice_sum)
    return slice_sum + shift, labels[near_z * slab + near_y * row + near_x], np.uint8(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _clamped(index: Any, extent: Any) -> Any:
    return min(max(index, 0), extent - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _turn(plane: Any, patch: Any, j: Any) -> None:
    """Rows were along i, the patch is contiguous along k."""
    for i in range(patch.shape[0]):
        for k in range(patch.shape[2]):
            patch[i, j, k] = plane[k, i]


@njit(_WARP, cache=True, nogil=True, error_model="numpy")
def warp(
    hu: Any, labels: Any, shape: Any, matrix: Any, base: Any, origin: Any, shift: Any, image: Any, label: Any,
    weight: Any,
) -> None:  # fmt: skip
    """Fill image, label and weight (C-ordered [i, j, k], weight 1 everywhere) from a scan.

    Args:
        hu: voxels of the scan, i fastest.
        labels: likewise.
        shape: of the scan.
        matrix: patch index -> scan index, without the offset.
        base: a voxel of the scan that lies below everything inside the scan that the patch shows, on all three axes.
        origin: continuous index of the patch's first voxel, counted from base.
        shift: added to HU of the scan.
        image: filled, as are the two others.
        label: nearest.
        weight: 1 inside the scan, 0 beyond it.
    """
    count, rows, slices = image.shape
    row, slab = np.int32(shape[0]), np.int32(shape[0] * shape[1])
    start = np.uint64(base[0] + base[1] * shape[0] + base[2] * shape[0] * shape[1])
    step = matrix[:, 0].astype(np.float32)
    at = np.empty(3, np.float32)
    corner, nearest, shares = np.empty(count, np.int32), np.empty(count, np.int32), np.empty((3, count), np.float32)
    pairs = np.empty((4, 2 * count), np.int16)
    plane, label_plane = np.empty((slices, count), np.float32), np.empty((slices, count), np.uint8)
    weight_plane = np.empty((slices, count), np.uint8)
    for j in range(rows):
        whole = True
        for k in range(slices):
            first, last, begin, end = 0, count, 0, count
            for axis in range(3):
                place = origin[axis] + matrix[axis, 1] * j + matrix[axis, 2] * k
                at[axis] = place
                lowest, highest = -base[axis] + SAFE_VOXELS, shape[axis] - 1 - base[axis] - SAFE_VOXELS
                first, last = _inside(place, matrix[axis, 0], lowest, highest, first, last)
                begin, end = _inside(place, matrix[axis, 0], lowest - 0.6, highest + 0.6, begin, end)
            length = last - first
            line = pairs[:, : 2 * length]
            _places(first, length, at, step, row, slab, corner, nearest, shares)
            _gather(length, hu, labels, start, row, slab, corner, nearest, line, label_plane[k, first:last])
            _blend(length, shares, line[0], line[1], line[2], line[3], shift, plane[k, first:last])
            weight_plane[k] = 1
            if length < count:
                whole = False
                for i in range(count):
                    if begin <= i < first or last <= i < end:
                        values = _edge(hu, labels, shape, base, at, step, i, shift)
                        plane[k, i], label_plane[k, i], weight_plane[k, i] = values
                    elif i < first or i >= last:
                        plane[k, i], label_plane[k, i], weight_plane[k, i] = AIR, 0, 0
        _turn(plane, image, j)
        _turn(label_plane, label, j)
        if not whole:
            _turn(weight_plane, weight, j)
