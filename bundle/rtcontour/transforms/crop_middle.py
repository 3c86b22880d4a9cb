"""CropMiddled: cut one large patch about the middle of the body."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.transforms import RandomizableTransform

from rtcontour.transforms.sample_patch import cut_case


class CropMiddled(RandomizableTransform):
    """Cut a patch of a case read by `ReadCased` and indexed by `IndexCentresd`, nearly the same each time.

    Its middle is that of the body in the plane and that of the uppermost slices along k, moved at random. What lies
    outside the scan is air, label 0 and "weight" 0.

    Args:
        patch: size (i, j, k) in voxels.
        jitter: the middle moves by at most this many voxels along i, j, k, uniform.
        top_slices: how many slices, counted from the head, the middle along k is that of; all where there are fewer.

    Source:
        Tang 2019 as published in code: of the last 180 slices at most 160 x 240 x 240 voxels (k, j, i), moved by 4, 16
        and 16.
    """

    def __init__(self, patch: Sequence[int], jitter: Sequence[int] = (16, 16, 4), top_slices: int = 180) -> None:
        super().__init__()
        self.patch = tuple(patch)
        self.jitter = tuple(jitter)
        self.top_slices = top_slices

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label", "annotated", "centres" in; a patch with "weight" (1, i, j, k) out."""
        moved = [m + self.R.randint(-j, j + 1) for m, j in zip(self._middle(data), self.jitter, strict=True)]
        return cut_case(data, [m - n // 2 for m, n in zip(moved, self.patch, strict=True)], self.patch)

    def _middle(self, data: Mapping[Hashable, Any]) -> list[int]:
        slices = data["image"].shape[-1]
        body = data["centres"][0]
        i, j, _ = ((body.amin(dim=0) + body.amax(dim=0)) // 2).tolist()
        return [i, j, slices - min(slices, self.top_slices) // 2]
