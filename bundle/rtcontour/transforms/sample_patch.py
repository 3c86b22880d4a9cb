"""SamplePatchd: one random patch, many of them centred on a structure, turned and scaled at random where asked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

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

Place = Literal["worker", "device"]


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
        warp_on: "worker" gives patches; "device" gives cut-outs for `WarpOnDevice`, which does the interpolation.
        cutout: size of these in voxels of the scan, by default what the case needs; `cutout_size` tells what a data
            set with several voxel sizes needs.

    Raises:
        ConfigError: a share that is none, a margin that leaves nothing of the patch, or another place to warp.

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
        warp_on: Place = "worker",
        cutout: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if isinstance(structure_share, bool) or not 0 <= structure_share <= 1:
            raise ConfigError(f"recipe::sampling: structure_share is {structure_share!r}; expected 0 to 1")
        if any(2 * m >= n for m, n in zip(margin, patch, strict=True)):
            raise ConfigError(
                f"recipe::sampling: margin {list(margin)} leaves nothing of patch {list(patch)}; lower it"
            )
        if warp_on not in get_args(Place):
            raise ConfigError(f"recipe::sampling: warp_on is {warp_on!r}; expected {' or '.join(get_args(Place))}")
        self.patch = tuple(patch)
        self.structure_share = structure_share
        self.margin = tuple(margin)
        self.spacing_mm = spacing_mm
        self.augmentation = augmentation
        self.warp_on = warp_on
        self.cutout = None if cutout is None else tuple(cutout)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label", "annotated", "centres" in; patches with "weight" (1, i, j, k) out."""
        generator, draw = generator_of(data, self.R), data.get("draw")
        # The centre comes first, so that the same patch without augmentation lies in the same place.
        centre = self._draw_centre(data["centres"], generator) if draw is None or draw.centre is None else draw.centre
        augmented = self.augmentation is not None and (draw is None or draw.augment)
        warp = self.augmentation.draw(generator) if self.augmentation and augmented else Warp.none()
        if self.warp_on == "device":
            return self._cutout(data, warp, centre)
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

    def _cutout(self, data: Mapping[Hashable, Any], warp: Warp, centre: Sequence[int]) -> dict[Hashable, Any]:
        image, label = voxels_of(data["image"]), voxels_of(data["label"])
        own, wanted = spacings_mm(data, self.spacing_mm)
        needed = cutout_size(self.patch, [own], self.spacing_mm, self.augmentation)
        size = self.cutout or needed
        if any(n < m for n, m in zip(size, needed, strict=True)):
            raise ConfigError(
                f"recipe::sampling: case {data['case']} needs a cutout of {list(needed)} voxels of {list(own)} mm, "
                f"cutout is {list(size)}; raise it"
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


def cutout_size(
    patch: Sequence[int],
    scans_mm: Iterable[Sequence[float]],
    spacing_mm: Sequence[float | None] | None = None,
    augmentation: Augmentation | None = None,
) -> tuple[int, ...]:
    """The cut-out in voxels of the scan that holds any warp of a patch, for scans of each of the voxel sizes given."""
    reach = np.eye(3) if augmentation is None else augmentation.reach_mm()
    half = np.array(patch) // 2
    extents = []
    for own in scans_mm:
        wanted = [mm if new is None else new for mm, new in zip(own, spacing_mm or [None] * 3, strict=True)]
        extents.append(Warp(reach).voxel_matrix(own, wanted) @ half)
    return tuple(2 * (int(extent) + 2) for extent in np.max(extents, axis=0))


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
    return own, [mm * ratio for mm, ratio in zip(own, voxel_ratios(own, wanted_mm), strict=True)]


def voxels_of(volume: Tensor | NDArray[Any]) -> NDArray[Any]:
    """The array [i, j, k] of (1, i, j, k)."""
    return volume[0] if isinstance(volume, np.ndarray) else volume.detach().as_subclass(Tensor).numpy()[0]


def clear_margin(weight: Tensor, margin: Sequence[int]) -> None:
    """Set (.., i, j, k) to 0 within `margin` voxels of either end of each axis."""
    for axis, width in enumerate(margin, start=-3):
        if width:
            weight.narrow(axis, 0, width).zero_()
            weight.narrow(axis, weight.shape[axis] - width, width).zero_()
