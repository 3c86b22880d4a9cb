"""warp_patch: a patch of a scan, turned, scaled and shifted in one interpolation straight from the scan's voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcontour.transforms.cut import cut

AIR_HU = -1000
SAME_MATRIX = 1e-6  # over half a patch of 136 voxels this moves nothing by a ten-thousandth of a voxel


class WarpedPatch(NamedTuple):
    """Arrays [i, j, k]: HU float32, label uint8, and weight uint8, 1 inside the scan and 0 beyond it."""

    image: NDArray[np.float32]
    label: NDArray[np.uint8]
    weight: NDArray[np.uint8]


def warp_patch(
    image: NDArray[np.int16],
    label: NDArray[np.uint8],
    matrix: ArrayLike,
    centre: Sequence[float],
    size: Sequence[int],
    shift_hu: float = 0.0,
) -> WarpedPatch:
    """Show a part of a scan on the voxels of a patch: HU linear, labels nearest (half way: the upper voxel).

    Between the outermost centres of the scan's voxels and its faces the edge repeats. Beyond the faces is air of
    -1000 HU, label 0 and weight 0. The identity gives what a plain cut gives, to the bit.

    Args:
        image: int16 HU [i, j, k], Fortran-ordered as read (any other order costs a copy), also mapped from a file.
        label: uint8 [i, j, k] of the same shape.
        matrix: (3, 3), offset in voxels of the patch -> offset in voxels of the scan.
        centre: index in the scan that the patch's voxel size // 2 shows.
        size: of the patch in voxels.
        shift_hu: added to HU of the scan, not to the air beyond it.

    Raises:
        TypeError: other types than int16 and uint8.
        ValueError: shapes that differ, or a matrix or centre that is no number.
    """
    matrix, middle = np.asarray(matrix, np.float64), np.asarray(centre, np.float64)
    if image.dtype != np.int16 or label.dtype != np.uint8:
        raise TypeError(f"image is {image.dtype} and label {label.dtype}; expected int16 and uint8")
    if image.shape != label.shape or image.ndim != 3 or not image.size:
        raise ValueError(f"image is {image.shape} and label {label.shape}; expected the same three dimensions")
    if not (np.isfinite(matrix).all() and np.isfinite(middle).all()):
        raise ValueError(f"matrix {matrix.tolist()} or centre {middle.tolist()} is no number")
    if np.allclose(matrix, np.eye(3), rtol=0, atol=SAME_MATRIX) and (middle == np.rint(middle)).all():
        return _plain(image, label, [int(c) - n // 2 for c, n in zip(middle, size, strict=True)], size, shift_hu)
    return _interpolated(image, label, matrix, middle - matrix @ (np.asarray(size) // 2), size, shift_hu)


def _plain(
    image: NDArray[Any], label: NDArray[Any], start: list[int], size: Sequence[int], shift: float
) -> WarpedPatch:
    inside = np.broadcast_to(np.uint8(1), image.shape)
    weight = cut(inside, start, size, 0)
    hu = cut(image, start, size, AIR_HU, np.float32)
    if shift:
        hu += weight * np.float32(shift)
    return WarpedPatch(hu, cut(label, start, size, 0), weight)


def _interpolated(
    image: NDArray[Any],
    label: NDArray[Any],
    matrix: NDArray[Any],
    first: NDArray[Any],
    size: Sequence[int],
    shift: float,
) -> WarpedPatch:
    from rtcontour.transforms.warp_kernel import warp  # importing numba takes as long as many patches

    corners = first + np.array(list(np.ndindex(2, 2, 2))) * (np.asarray(size) - 1) @ matrix.T
    extent = np.array(image.shape)
    low = np.clip(np.floor(corners.min(axis=0)), 0, extent - 1).astype(np.int64)
    if not (image.flags.f_contiguous and label.flags.f_contiguous):
        # A box that shows nothing less than the scan does: it ends at a face of the scan, or beyond the patch.
        start = np.maximum(low - 1, 0)
        stop = np.clip(np.ceil(corners.max(axis=0)) + 3, start + 1, extent).astype(np.int64)
        box = tuple(map(slice, start, stop))
        image, label = np.asfortranarray(image[box]), np.asfortranarray(label[box])
        first, low, extent = first - start, low - start, stop - start
    patch = WarpedPatch(np.empty(size, np.float32), np.empty(size, np.uint8), np.ones(size, np.uint8))
    voxels = image.ravel(order="K"), label.ravel(order="K")
    warp(*voxels, extent, np.ascontiguousarray(matrix), low, first - low, np.float32(shift), *patch)
    return patch


def load_kernel() -> None:
    """Load the compiled loop, or compile it where it has never run, in this process before others are forked."""
    from rtcontour.transforms import warp_kernel  # noqa: F401
