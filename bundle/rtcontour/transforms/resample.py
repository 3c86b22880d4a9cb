"""A volume on voxels of another size: the same extent, the first faces in place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from monai.data import MetaTensor
from torch import Tensor

ROUNDING = 1e-6  # voxels; ratios that are no binary numbers must not cost a voxel more


def voxel_ratios(spacing_mm: Sequence[float], wanted_mm: Sequence[float | None] | None) -> tuple[float, ...]:
    """Wanted voxel size / the volume's own, along i, j, k; 1 where None is wanted."""
    wanted = [None] * 3 if wanted_mm is None else wanted_mm
    return tuple(1.0 if new is None else new / own for own, new in zip(spacing_mm, wanted, strict=True))


def resampled_size(size: Sequence[int], ratios: Sequence[float]) -> tuple[int, ...]:
    """How many voxels `ratios` times as large cover the extent of `size` voxels, along i, j, k."""
    return tuple(math.ceil(n / ratio - ROUNDING) for n, ratio in zip(size, ratios, strict=True))


def resample(
    volume: Tensor, ratios: Sequence[float], size: Sequence[int] | None = None, *, nearest: bool = False
) -> Tensor:
    """Sample (..., i, j, k) at voxels `ratios` times as large; what lies beyond the outer centres repeats them.

    Args:
        volume: any dtype; linear interpolation gives float32.
        ratios: new voxel size / old one, by axis.
        size: of the result; by default as many voxels as cover the extent.
        nearest: take the nearest voxel (half way: the upper one), and keep the dtype.
    """
    size = size or resampled_size(volume.shape[-3:], ratios)
    volume = volume if nearest else volume.float()
    for axis in sorted(range(3), key=lambda axis: -ratios[axis]):  # shrinking first, so that little is computed
        if ratios[axis] != 1 or size[axis] != volume.shape[axis - 3]:
            volume = _along(volume, axis - 3, ratios[axis], size[axis], nearest)
    return volume


def _along(volume: Tensor, axis: int, ratio: float, size: int, nearest: bool) -> Tensor:
    last = volume.shape[axis] - 1
    index = ((torch.arange(size, device=volume.device, dtype=torch.float64) + 0.5) * ratio - 0.5).clamp(0, last)
    if nearest:
        return volume.index_select(axis, (index + 0.5).floor().long().clamp_max(last))
    low = index.floor().long()
    share = (index - low).float().view([-1] + [1] * (-1 - axis))
    lower, upper = volume.index_select(axis, low), volume.index_select(axis, (low + 1).clamp_max(last))
    return lower.lerp_(upper, share.expand_as(lower))


def image_spacing_mm(image: Tensor) -> list[float]:
    """Voxel size (i, j, k) of an image that knows its affine: (4, 4), or (B, 4, 4) of a batch of one scan.

    Raises:
        TypeError: the tensor has no affine.
    """
    if not isinstance(image, MetaTensor):
        raise TypeError("the image has no affine, so its voxels have no size to resample; give a MetaTensor")
    affine = image.affine.reshape(-1, 4, 4)[0]
    return affine[:3, :3].double().norm(dim=0).tolist()
