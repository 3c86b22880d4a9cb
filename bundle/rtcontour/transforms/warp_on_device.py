"""WarpOnDevice: what `warp_patch` does, for a batch of cut-outs, on the GPU that trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from rtcontour.datasets import read_grid
from rtcontour.errors import ConfigError
from rtcontour.transforms.sample_patch import SamplePatchd, clear_margin
from rtcontour.transforms.warp import AIR_HU
from rtcontour.transforms.window_hu import window_hu


def cutouts(sampling: Any, data: Sequence[Mapping[str, Any]]) -> SamplePatchd:
    """A recipe's sampling as cut-outs of one size, which the headers of the scans tell.

    Args:
        sampling: the recipe's.
        data: items of `rtcontour.datasets.monai_items`.

    Raises:
        ConfigError: another sampling than `SamplePatchd`.
        InputFileError: an unreadable header.
    """
    if not isinstance(sampling, SamplePatchd):
        raise ConfigError(
            f"configs/warp_on_device.json: recipe::sampling is {type(sampling).__name__}; expected SamplePatchd, the "
            "only one that gives cut-outs: leave this config out"
        )
    return sampling.cutouts(read_grid(item["image"]).spacing_mm for item in data)


class WarpOnDevice:
    """Turn a batch of `SamplePatchd.cutouts` into patches, on the device that the batch is on.

    Args:
        sampling: gives the cut-outs; its patch and margin count.
        window: lowest and highest HU, as for `WindowHud`.
    """

    def __init__(self, sampling: SamplePatchd, window: Sequence[float]) -> None:
        self.patch = sampling.patch
        self.margin = sampling.margin
        self.window = tuple(window)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Cut-outs (B, 1, k, j, i) with "warp", "scan", "shift_hu" in; windowed "image", "label", "weight" out."""
        index, (first, last) = self._index(batch["warp"]), batch["scan"].unbind(1)
        nearest = (index + 0.5).floor()
        low, high = (edge[:, :, None, None, None] for edge in (first, last))
        inside = ((nearest >= low) & (nearest <= high)).all(dim=1, keepdim=True)
        hu = _linear(batch["image"], index.clamp(low, high)) + batch["shift_hu"].view(-1, 1, 1, 1, 1)
        weight = inside.to(torch.uint8)
        clear_margin(weight, self.margin)
        kept = {key: value for key, value in batch.items() if key not in ("warp", "scan", "shift_hu")}
        return {
            **kept,
            "image": window_hu(hu.masked_fill_(~inside, AIR_HU), self.window),
            "label": _nearest(batch["label"], nearest).masked_fill_(~inside, 0),
            "weight": weight,
        }

    def _index(self, warp: Tensor) -> Tensor:
        """(B, 3, *patch): where each voxel of a patch lies in its cut-out."""
        index = warp[:, :, 3, None, None, None]
        for axis, size in enumerate(self.patch):
            shape = [-1 if axis == other else 1 for other in range(3)]
            along = torch.arange(size, device=warp.device, dtype=warp.dtype).view(1, 1, *shape)
            index = index + warp[:, :, axis, None, None, None] * along
        return index


def _linear(volume: Tensor, index: Tensor) -> Tensor:
    last = torch.tensor(volume.shape[:1:-1], device=index.device, dtype=index.dtype) - 1
    # grid_sample wants -1 to 1 from the first to the last centre, the last axis first, which is i here.
    grid = index.movedim(1, -1) * (2 / last) - 1
    return grid_sample(volume.to(index.dtype), grid, mode="bilinear", padding_mode="border", align_corners=True)


def _nearest(volume: Tensor, nearest: Tensor) -> Tensor:
    i, j, k = (
        at.clamp(0, extent - 1).long() for at, extent in zip(nearest.unbind(1), volume.shape[:1:-1], strict=True)
    )
    place = (k * volume.shape[3] + j) * volume.shape[4] + i
    return volume.flatten(1).gather(1, place.flatten(1)).view(volume.shape[0], 1, *nearest.shape[2:])
