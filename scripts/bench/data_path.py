"""Time training patches against MONAI's transforms and nnU-Net's, one thread, all in one run.

    python scripts/bench/data_path.py [--cases 2] [--patches 8] [--rounds 3] [--work DIR]

Phantoms of 512 x 512 x 100 voxels; patches of 136 x 136 x 72, half of them on a structure; rotation of 0.15 rad about
each axis, scale of 10 %, a shift of 100 HU, then the window of 800 HU. All cases are in memory, or mapped from files
that are. The ways take turns; printed are medians over all patches. What loads or caches cases comes before the clock.

MONAI's ways crop first and warp the crop. nnU-Net's loader is followed step by step on its mapped float32 arrays:
a crop larger than the patch, then the SpatialTransform of batchgeneratorsv2 with its default settings, or with nearest
labels. It is left out where batchgeneratorsv2 is not installed:

    pip install --no-deps batchgeneratorsv2
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from monai.data import CacheDataset
from monai.transforms import (
    ClassesToIndicesd,
    Compose,
    FgBgToIndicesd,
    LoadImaged,
    RandAffined,
    RandCropByLabelClassesd,
    RandCropByPosNegLabeld,
    RandShiftIntensityd,
    ScaleIntensityRanged,
)
from numpy.typing import NDArray

from rtcontour.datasets import monai_items, read_datalist
from rtcontour.phantom import write_data_set
from rtcontour.training.patches.dataset import PatchDataset
from rtcontour.transforms import SamplePatchd, WindowHud
from rtcontour.transforms.augmentation import Augmentation
from rtcontour.transforms.draw import Draw
from rtcontour.transforms.warp_on_device import cutouts

STRUCTURES = ["Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"]
PATCH, AUGMENTATION, WINDOW = (136, 136, 72), Augmentation(), (-800, 800)
AIMED_S, AIMED_FACTOR = 0.03, 3.0
KEYS = ("image", "label")

Patches = Iterator[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2)
    parser.add_argument("--patches", type=int, default=8, help="of each way in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for the phantoms, kept for the next run")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        ways = make_ways(draw_cases(work / "data", arguments.cases), work)
        seconds = time_in_turns(ways, arguments.patches, arguments.rounds)
    report({name: statistics.median(times) for name, times in seconds.items()})


def draw_cases(folder: Path, cases: int) -> list[dict[str, Any]]:
    if not folder.is_dir():
        print(f"drawing {cases} phantoms", flush=True)
        write_data_set(folder, training=cases, validation=1, test=0, seed=0, slices=100)
    return monai_items(read_datalist(folder), "training", STRUCTURES)[:cases]


def make_ways(items: list[dict[str, Any]], work: Path) -> dict[str, Patches]:
    """Name -> patches without end. Each way caches its cases here."""
    kept = PatchDataset(items, None, work / "volumes")
    kept.prepare(workers=1)
    sample = SamplePatchd(PATCH, augmentation=AUGMENTATION)
    ways = {
        "rtcontour": our_patches(items, work, Compose([sample, WindowHud("image", WINDOW)])),
        "rtcontour, cut-outs for a GPU": our_patches(items, work, cutouts(sample, items)),
    }
    loaded = [
        Compose([LoadImaged(KEYS, ensure_channel_first=True)])({key: item[key] for key in KEYS}) for item in items
    ]
    for cached in (False, True):
        how = "indices cached, no copy" if cached else "as it is"
        ways[f"MONAI RandCropByPosNegLabeld, {how}"] = monai_patches(loaded, crop_by_sign, cached=cached)
        ways[f"MONAI RandCropByLabelClassesd, {how}"] = monai_patches(loaded, crop_by_class, cached=cached)
    try:
        import batchgeneratorsv2  # noqa: F401
    except ImportError:
        print("nnU-Net: batchgeneratorsv2 is not installed; left out")
        return ways
    for mode, how in (("bilinear", "as it is"), ("nearest", "nearest labels")):
        ways[f"nnU-Net, {how}"] = nnunet_patches(kept, work, mode)
    return ways


def our_patches(items: list[dict[str, Any]], work: Path, transform: Any) -> Patches:
    dataset = PatchDataset(items, transform, work / "volumes")
    for number in itertools.count():
        yield dataset[Draw(number % len(items), (0, number))]


def crop_by_sign(*, cached: bool) -> tuple[Any, Any]:
    where = {"fg_indices_key": "label_fg_indices", "bg_indices_key": "label_bg_indices"} if cached else {}
    crop = RandCropByPosNegLabeld(KEYS, "label", PATCH, allow_smaller=True, **where)
    return FgBgToIndicesd("label"), crop


def crop_by_class(*, cached: bool) -> tuple[Any, Any]:
    classes = 1 + len(STRUCTURES)
    where = {"indices_key": "label_cls_indices"} if cached else {}
    ratios = [len(STRUCTURES), *[1] * len(STRUCTURES)]
    crop = RandCropByLabelClassesd(KEYS, "label", PATCH, ratios, classes, allow_smaller=True, warn=False, **where)
    return ClassesToIndicesd("label", num_classes=classes), crop


def monai_patches(loaded: list[Any], make: Callable[..., tuple[Any, Any]], *, cached: bool) -> Patches:
    index, crop = make(cached=cached)
    turn, scale = AUGMENTATION.rotation_rad, AUGMENTATION.scale
    warp = RandAffined(
        KEYS, prob=1.0, rotate_range=(turn,) * 3, scale_range=(scale,) * 3, mode=("bilinear", "nearest"),
        padding_mode="border",
    )  # fmt: skip
    shift = RandShiftIntensityd("image", AUGMENTATION.shift_hu, prob=1.0)
    window = ScaleIntensityRanged("image", *WINDOW, -1.0, 1.0, clip=True)
    items = [index(item) for item in loaded] if cached else loaded
    chain = Compose([crop, warp, shift, window])
    dataset = CacheDataset(items, chain, copy_cache=not cached, progress=False)
    for number in itertools.count():
        yield dataset[number % len(items)]


def nnunet_patches(kept: PatchDataset, work: Path, mode: str) -> Patches:
    from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform

    turn, scales = AUGMENTATION.rotation_rad, (1 - AUGMENTATION.scale, 1 + AUGMENTATION.scale)
    spatial = SpatialTransform(
        PATCH, patch_center_dist_from_border=0, random_crop=False, p_rotation=1.0, rotation=(-turn, turn),
        p_scaling=1.0, scaling=scales, p_synchronize_scaling_across_axes=1, bg_style_seg_sampling=False, mode_seg=mode,
    )  # fmt: skip
    size = larger_patch(turn, scales[0])
    kept.transform = dict
    paths = [as_float32(kept[case], work / f"nnunet_{case}") for case in range(len(kept))]
    random = np.random.default_rng(0)
    for number in itertools.count():
        case = number % len(paths)
        image, label = (np.load(path, mmap_mode="r") for path in paths[case])
        centres = kept[case]["centres"]
        of_class = centres[random.integers(1, len(centres)) if number % 2 else 0]
        voxel = of_class[random.integers(len(of_class))]
        start = [int(c) - n // 2 for c, n in zip(voxel, size, strict=True)]
        patch = {
            "image": torch.from_numpy(padded(image, start, size)),
            "segmentation": torch.from_numpy(padded(label, start, size)),
        }
        patch = spatial(**patch)
        patch["image"] += random.uniform(-1, 1) * AUGMENTATION.shift_hu
        patch["image"].clamp_(*WINDOW).div_(WINDOW[1])
        yield patch


def larger_patch(turn: float, smallest: float) -> list[int]:
    """What nnU-Net v2 cuts first: the patch after one rotation about any axis, divided by the smallest scale."""
    sizes = [np.array(PATCH, float)]
    for one, two in ((1, 2), (0, 2), (0, 1)):
        turned = sizes[0].copy()
        turned[one] = np.cos(turn) * sizes[0][one] + np.sin(turn) * sizes[0][two]
        turned[two] = np.sin(turn) * sizes[0][one] + np.cos(turn) * sizes[0][two]
        sizes.append(turned)
    return (np.max(sizes, axis=0) / smallest).astype(int).tolist()


def as_float32(case: dict[Any, Any], stem: Path) -> tuple[Path, Path]:
    """The arrays of its preprocessed cases: float32 images and int16 labels (1, i, j, k), C-ordered."""
    paths = stem.with_suffix(".image.npy"), stem.with_suffix(".label.npy")
    for path, volume, dtype in zip(paths, (case["image"], case["label"]), (np.float32, np.int16), strict=True):
        np.save(path, np.ascontiguousarray(volume, dtype))
    return paths


def padded(volume: NDArray[Any], start: list[int], size: list[int]) -> NDArray[Any]:
    """As its loader crops: the part inside the scan, padded with zeros."""
    inside = tuple(
        slice(min(max(s, 0), extent), max(min(s + n, extent), 0))
        for s, n, extent in zip(start, size, volume.shape[1:], strict=True)
    )
    box = np.asarray(volume[(slice(None), *inside)])
    edges = [(i.start - s, s + n - i.stop) for i, s, n in zip(inside, start, size, strict=True)]
    return np.pad(box, [(0, 0), *edges])


def time_in_turns(ways: dict[str, Patches], patches: int, rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in ways.items():
        print(f"warming up {name}", flush=True)
        next(way)
    for _ in range(rounds):
        for name, way in ways.items():
            for _ in range(patches):
                started = time.perf_counter()
                next(way)
                seconds[name].append(time.perf_counter() - started)
    return seconds


def report(medians: dict[str, float]) -> None:
    ours = medians["rtcontour"]
    print("| way | seconds a patch | patches a second | times ours |\n|---|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.3f} | {1 / median:.1f} | {median / ours:.1f} |")
    rivals = [median for name, median in medians.items() if not name.startswith("rtcontour")]
    print(
        f"aimed at {AIMED_S} s and {AIMED_FACTOR:g} times the best other: {ours:.3f} s, {min(rivals) / ours:.1f} times"
    )


if __name__ == "__main__":
    main()
