"""BodyWindows: sliding windows over the patient, not over the air around, on the voxels that the network knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from torch import Tensor
from torch.nn import functional as F

from rtcontour.transforms import image_spacing_mm, resample, voxel_ratios
from rtcontour.transforms import window_hu as scale_hu

AIR = -1.0  # the lowest value of a windowed image
BODY_HU = -320.0  # above lung and air, below fat


class BodyWindows(SlidingWindowInferer):
    """Overlapping windows, Gaussian weights on the logits, inside the box of everything denser than air.

    Outside the box every class but background gets logits that no argmax picks. Above and below the box the network
    sees a slice of air, as it did in training where a patch reached beyond the scan. An image smaller than a window is
    padded with air. The logits are float32, whatever autocast computes in. Where the network works on voxels of another
    size, the box is resampled to them and its logits are resampled back, so that the answer lies on the scan's voxels.

    Args:
        tile: window (i, j, k) in voxels of the network; None, for one axis or for all, takes the whole box.
        overlap: of neighbouring windows, 0 to below 1.
        window_hu: lowest and highest HU of the windowed images.
        spacing_mm: voxel size that the network works on; None, for one axis or for all, keeps the scan's own.
    """

    def __init__(
        self,
        tile: Sequence[int | None] | None,
        overlap: float = 0.5,
        window_hu: Sequence[float] = (-800.0, 800.0),
        spacing_mm: Sequence[float | None] | None = None,
    ) -> None:
        super().__init__(
            roi_size=[size or -1 for size in tile or [None] * 3],  # -1: the whole axis
            sw_batch_size=1,
            overlap=overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=AIR,
        )
        self.body = float(scale_hu(torch.tensor(BODY_HU), window_hu))  # AIR where the window begins above it
        self.spacing_mm = spacing_mm

    def __call__(self, inputs: Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
        """(1, 1, i, j, k) windowed image, with its affine where it is resampled -> (1, classes, i, j, k) logits."""
        ratios: tuple[float, ...] = (1.0, 1.0, 1.0)
        if self.spacing_mm is not None:
            ratios = voxel_ratios(image_spacing_mm(inputs), self.spacing_mm)
        inputs = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        box = body_box(inputs, self.body)
        crop = F.pad(inputs[box], (1, 1), value=AIR)
        seen = resample(crop, ratios)
        there = cast(Tensor, super().__call__(seen, lambda tile: network(tile).float(), *args, **kwargs))
        inside = resample(there, [1 / ratio for ratio in ratios], crop.shape[2:])[..., 1:-1]
        logits = inside.new_full((inputs.shape[0], inside.shape[1], *inputs.shape[2:]), -30.0)
        logits[:, 0] = 30.0
        logits[box] = inside
        return logits


def body_box(image: Tensor, body: float) -> tuple[slice, ...]:
    """The slices of (B, 1, i, j, k) around everything above `body`; everything where there is nothing."""
    dense = (image > body).flatten(0, 1).any(dim=0)
    box = [slice(None), slice(None)]
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        along = torch.nonzero(dense.any(dim=others)).flatten()
        box.append(slice(int(along[0]), int(along[-1]) + 1) if len(along) else slice(None))
    return tuple(box)
