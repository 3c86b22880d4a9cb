"""CropMiddled: cut one large patch about the middle of the body."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.transforms import RandomizableTransform

from rtcontour.transforms.augmentation import Warp
from rtcontour.transforms.draw import generator_of
from rtcontour.transforms.resample import voxel_ratios
from rtcontour.transforms.sample_patch import spacings_mm, voxels_of, warp_case


class CropMiddled(RandomizableTransform):
    """Cut a patch of a case read by `ReadCased` and indexed by `IndexCentresd`, nearly the same each time.

    Its middle is that of the body in the plane and that of the uppermost slices along k, moved at random, or the
    centre that the item's "draw" names. What lies outside the scan is air, label 0 and "weight" 0.

    Args:
        patch: size (i, j, k) in voxels.
        jitter: the middle moves by at most this many voxels of the patch along i, j, k, uniform.
        top_slices: how many slices of the patch, counted from the head, the middle along k is that of; all where
            there are fewer.
        spacing_mm: voxel size of the patch; None, for one axis or for all, keeps the scan's own.

    Source:
        Tang 2019 as published in code: of the last 180 slices at most 160 x 240 x 240 voxels (k, j, i), moved by 4, 16
        and 16.
    """

    def __init__(
        self,
        patch: Sequence[int],
        jitter: Sequence[int] = (16, 16, 4),
        top_slices: int = 180,
        *,
        spacing_mm: Sequence[float | None] | None = None,
    ) -> None:
        super().__init__()
        self.patch = tuple(patch)
        self.jitter = tuple(jitter)
        self.top_slices = top_slices
        self.spacing_mm = spacing_mm

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label", "annotated", "centres" in; a patch with "weight" (1, i, j, k) out."""
        generator, draw = generator_of(data, self.R), data.get("draw")
        own, _ = spacings_mm(data, self.spacing_mm)
        ratios = voxel_ratios(own, self.spacing_mm)
        moves = [int(generator.integers(-width, width + 1)) for width in self.jitter]
        if draw is not None and not draw.augment:
            moves = [0, 0, 0]
        middle = self._middle(data, ratios[2])
        centre: Sequence[int] = [round(m + move * ratio) for m, move, ratio in zip(middle, moves, ratios, strict=True)]
        if draw is not None and draw.centre is not None:
            centre = draw.centre
        return warp_case(data, Warp.none(), centre, self.patch, self.spacing_mm)

    def _middle(self, data: Mapping[Hashable, Any], ratio: float) -> list[int]:
        slices = voxels_of(data["image"]).shape[2]
        body = np.asarray(data["centres"][0])
        i, j, _ = ((body.min(axis=0) + body.max(axis=0)) // 2).tolist()
        return [i, j, slices - min(slices, round(self.top_slices * ratio)) // 2]
