"""SamplePatchd: cut one random patch, many of them centred on a structure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.transforms import RandomizableTransform
from torch import Tensor

from rtcontour.errors import ConfigError

AIR_HU = -1000


class SamplePatchd(RandomizableTransform):
    """Cut a patch of a case read by `ReadCased` and indexed by `IndexCentresd`.

    A share of the patches is centred on a voxel of a structure (the structure uniform among those contoured in the
    case, then its voxel uniform), the others on a voxel of the body. What lies outside the scan is air, label 0 and
    "weight" 0.

    Args:
        patch: size (i, j, k) in voxels.
        structure_share: how many of the patches are centred on a structure, 0 to 1.
        margin: voxels on either side of a patch, along i, j, k, that are context only: their "weight" is 0.

    Raises:
        ConfigError: a share that is none, or a margin that leaves nothing of the patch.

    Source:
        Sartor 2020 takes patches of 136 x 136 x 72; how their centres are drawn is not printed.
    """

    def __init__(self, patch: Sequence[int], structure_share: float = 0.5, margin: Sequence[int] = (0, 0, 0)) -> None:
        super().__init__()
        if isinstance(structure_share, bool) or not 0 <= structure_share <= 1:
            raise ConfigError(f"recipe::sampling: structure_share is {structure_share!r}; expected 0 to 1")
        if any(2 * m >= n for m, n in zip(margin, patch, strict=True)):
            raise ConfigError(
                f"recipe::sampling: margin {list(margin)} leaves nothing of patch {list(patch)}; lower it"
            )
        self.patch = tuple(patch)
        self.structure_share = structure_share
        self.margin = tuple(margin)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label", "annotated", "centres" in; patches with "weight" (1, i, j, k) out."""
        centre = self._draw_centre(data["centres"])
        start = [int(c) - n // 2 for c, n in zip(centre, self.patch, strict=True)]
        patch = cut_case(data, start, self.patch)
        patch["weight"][~self._scored()] = 0
        return patch

    def _scored(self) -> Tensor:
        scored = torch.zeros(1, *self.patch, dtype=torch.bool)
        scored[0][tuple(slice(m, n - m) for m, n in zip(self.margin, self.patch, strict=True))] = True
        return scored

    def _draw_centre(self, centres: Sequence[Tensor]) -> Tensor:
        filled = [entry for entry in centres[1:] if len(entry)]
        if filled and self.R.random() < self.structure_share:
            entry = filled[self.R.randint(len(filled))]
        else:
            entry = centres[0]
        return entry[self.R.randint(len(entry))]


def cut_case(data: Mapping[Hashable, Any], start: Sequence[int], size: Sequence[int]) -> dict[Hashable, Any]:
    """The box [start, start + size) of a case: "image", "label", "weight", and what it says of itself.

    What lies outside the scan is air, label 0 and "weight" 0.
    """
    inside = torch.ones(1, dtype=torch.uint8).expand(data["image"].shape)
    return {
        "image": cut(data["image"].as_tensor(), start, size, AIR_HU),
        "label": cut(data["label"].as_tensor(), start, size, 0),
        "weight": cut(inside, start, size, 0),
        "annotated": data["annotated"],
        "case": data["case"],
    }


def cut(volume: Tensor, start: Sequence[int], size: Sequence[int], fill: float) -> Tensor:
    """The box [start, start + size) of a (1, i, j, k) volume, contiguous, filled where it leaves the volume."""
    box = volume.new_full((1, *size), fill)
    source, target = [slice(None)], [slice(None)]
    for first, length, extent in zip(start, size, volume.shape[1:], strict=True):
        low, high = max(first, 0), min(first + length, extent)
        source.append(slice(low, max(low, high)))
        target.append(slice(low - first, max(low, high) - first))
    box[tuple(target)] = volume[tuple(source)]
    return box
