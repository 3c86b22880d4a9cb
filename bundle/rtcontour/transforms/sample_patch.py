"""SamplePatchd: one random patch, many of them centred on a structure, turned and scaled at random where asked."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.transforms import RandomizableTransform
from numpy.typing import NDArray
from torch import Tensor

from rtcontour.errors import ConfigError
from rtcontour.transforms.augmentation import Augmentation, Warp
from rtcontour.transforms.cut import cut
from rtcontour.transforms.draw import generator_of
from rtcontour.transforms.resample import image_spacing_mm, voxel_ratios
from rtcontour.transforms.warp import AIR_HU, warp_patch

SAME_EXTENT = 1e-6  # voxels; the same voxel size read from two files may differ in its last digit


class SamplePatchd(RandomizableTransform):
    """Show a part of a case read by `ReadCased` and indexed by `IndexCentresd` as a patch.

    A share of the patches is centred on a voxel of a structure (the structure uniform among those contoured in the
    case, then its voxel uniform), the others on a voxel of the body. What lies outside the scan is air, label 0 and
    "weight" 0. New voxel size, rotation and scaling are one interpolation.

    An item with a "draw" (`Draw`) gives the patch of that number, whoever makes it; others follow MONAI's seeds.

    Args:
        patch: size (i, j, k) in voxels.
        structure_share: how many of the patches are centred on a structure, 0 to 1.
        margin: voxels on either side of a patch, along i, j, k, that are context only: their "weight" is 0.
        spacing_mm: voxel size of the patch; None, for one axis or for all, keeps the scan's own.
        augmentation: what rotation, scale and shift in HU are drawn from; None leaves patches as they are.

    Raises:
        ConfigError: a share or an augmentation that is none, or a margin that leaves nothing of the patch.

    Source:
        Sartor 2020 takes patches of 136 x 136 x 72; how their centres are drawn is not printed.
    """

    def __init__(
        self,
        patch: Sequence[int],
        structure_share: float = 0.5,
        margin: Sequence[int] = (0, 0, 0),
        *,
        spacing_mm: Sequence[float | None] | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__()
        is_share = isinstance(structure_share, int | float) and not isinstance(structure_share, bool)
        if not is_share or not 0 <= structure_share <= 1:
            raise ConfigError(f"recipe::sampling: structure_share is {structure_share!r}; expected 0 to 1")
        if augmentation is not None and not isinstance(augmentation, Augmentation):
            raise ConfigError(
                f'recipe::sampling: augmentation is {augmentation!r}; expected an entry with "_target_": '
                '"rtcontour.transforms.Augmentation", or null for none'
            )
        if not isinstance(margin, Sequence) or len(margin) != len(patch):
            raise ConfigError(
                f"recipe::sampling: margin is {margin!r}; expected three whole numbers, such as [0, 0, 1]"
            )
        if any(2 * m >= n for m, n in zip(margin, patch, strict=True)):
            raise ConfigError(
                f"recipe::sampling: margin {list(margin)} leaves nothing of patch {list(patch)}; lower it"
            )
        self.patch = tuple(patch)
        self.structure_share = structure_share
        self.margin = tuple(margin)
        self.spacing_mm = spacing_mm
        self.augmentation = augmentation
        self._cutout_size: tuple[int, ...] | None = None

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label", "annotated", "centres" in; patches with "weight" (1, i, j, k) out."""
        generator, draw = generator_of(data, self.R), data.get("draw")
        # The centre comes first, so that the same patch without augmentation lies in the same place.
        centre = self._draw_centre(data["centres"], generator) if draw is None or draw.centre is None else draw.centre
        augment = draw is None or draw.augment
        warp = self.augmentation.draw(generator) if self.augmentation and augment else Warp.none()
        if self._cutout_size is not None:
            return self._cutout(data, warp, centre, self._cutout_size)
        patch = warp_case(data, warp, centre, self.patch, self.spacing_mm)
        clear_margin(patch["weight"], self.margin)
        return patch

    def _draw_centre(self, centres: Sequence[Any], generator: np.random.Generator) -> tuple[int, ...]:
        filled = [entry for entry in centres[1:] if len(entry)]
        if filled and generator.random() < self.structure_share:
            entry = filled[generator.integers(len(filled))]
        else:
            entry = centres[0]
        return tuple(int(index) for index in entry[generator.integers(len(entry))])

    def cutouts(self, scans_mm: Iterable[Sequence[float]]) -> SamplePatchd:
        """The same patches, each as the part of its scan that holds it, for `WarpOnDevice` to interpolate.

        Out come "image" and "label" (1, k, j, i) of one size, so that they make a batch; where the patch lies in them,
        "warp", "scan" and "shift_hu"; "annotated" and "case".

        Args:
            scans_mm: voxel sizes of all scans that will be sampled.
        """
        sampling = copy.deepcopy(self)
        sizes = np.array([self._needed_voxels(own) for own in scans_mm])
        sampling._cutout_size = tuple(sizes.max(axis=0).tolist())
        return sampling

    def _needed_voxels(self, own_mm: Sequence[float]) -> NDArray[np.int64]:
        """Size of the cut-out that holds any patch of a scan, however it is turned and scaled."""
        reach = Warp(np.eye(3) if self.augmentation is None else self.augmentation.reach_mm())
        extent = reach.voxel_matrix(own_mm, _wanted_mm(own_mm, self.spacing_mm)) @ (np.array(self.patch) // 2)
        return 2 * ((extent + SAME_EXTENT).astype(np.int64) + 2)

    def _cutout(
        self, data: Mapping[Hashable, Any], warp: Warp, centre: Sequence[int], size: Sequence[int]
    ) -> dict[Hashable, Any]:
        image, label = voxels_of(data["image"]), voxels_of(data["label"])
        own, wanted = spacings_mm(data, self.spacing_mm)
        needed = self._needed_voxels(own)
        if (needed > size).any():
            raise ConfigError(
                f"recipe::sampling: case {data['case']} of {list(own)} mm needs cut-outs of {needed.tolist()} voxels, "
                f"they have {list(size)}; name its voxel size among those of the scans"
            )
        start = [c - n // 2 for c, n in zip(centre, size, strict=True)]
        matrix = warp.voxel_matrix(own, wanted)
        first = np.subtract(centre, start) - matrix @ (np.array(self.patch) // 2)
        scan = np.array([[-s for s in start], [n - 1 - s for n, s in zip(image.shape, start, strict=True)]])
        return {
            # As they lie in memory: (1, k, j, i), since to reorder them would take as long as to warp them.
            "image": torch.from_numpy(cut(image, start, size, AIR_HU, order="F").T)[None],
            "label": torch.from_numpy(cut(label, start, size, 0, order="F").T)[None],
            "warp": torch.from_numpy(np.column_stack([matrix, first]).astype(np.float32)),
            "scan": torch.from_numpy(scan.astype(np.float32)),
            "shift_hu": torch.tensor(warp.shift_hu, dtype=torch.float32),
            "annotated": data["annotated"],
            "case": data["case"],
        }


def warp_case(
    data: Mapping[Hashable, Any],
    warp: Warp,
    centre: Sequence[float],
    size: Sequence[int],
    spacing_mm: Sequence[float | None] | None = None,
) -> dict[Hashable, Any]:
    """A patch of a case about a voxel of its scan: "image" in HU, "label", "weight", and what it says of itself."""
    own, wanted = spacings_mm(data, spacing_mm)
    matrix = warp.voxel_matrix(own, wanted)
    patch = warp_patch(voxels_of(data["image"]), voxels_of(data["label"]), matrix, centre, size, warp.shift_hu)
    tensors: dict[Hashable, Any] = {key: torch.from_numpy(voxels)[None] for key, voxels in patch._asdict().items()}
    return {**tensors, "annotated": data["annotated"], "case": data["case"]}


def spacings_mm(
    data: Mapping[Hashable, Any], wanted_mm: Sequence[float | None] | None
) -> tuple[Sequence[float], Sequence[float]]:
    """Voxel size of a case's scan, and that of its patches."""
    own = data["spacing_mm"] if "spacing_mm" in data else image_spacing_mm(data["image"])
    return own, _wanted_mm(own, wanted_mm)


def _wanted_mm(own_mm: Sequence[float], wanted_mm: Sequence[float | None] | None) -> list[float]:
    return [mm * ratio for mm, ratio in zip(own_mm, voxel_ratios(own_mm, wanted_mm), strict=True)]


def voxels_of(volume: Tensor | NDArray[Any]) -> NDArray[Any]:
    """The array [i, j, k] of (1, i, j, k)."""
    return volume[0] if isinstance(volume, np.ndarray) else volume.detach().as_subclass(Tensor).numpy()[0]


def clear_margin(weight: Tensor, margin: Sequence[int]) -> None:
    """Set (.., i, j, k) to 0 within `margin` voxels of either end of each axis."""
    for axis, width in enumerate(margin, start=-3):
        if width:
            weight.narrow(axis, 0, width).zero_()
            weight.narrow(axis, weight.shape[axis] - width, width).zero_()
