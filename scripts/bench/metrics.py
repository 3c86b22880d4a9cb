"""Time all scores of one case against MONAI, SimpleITK, MedPy, surface-distance and edt in boxes.

    python scripts/bench/metrics.py [--runs 3] [--slow] [--json FILE]

Two cases from phantoms, 5 labels on 512 x 512 x 150 and 28 on 512 x 512 x 130: the truth, and a prediction with jitter
from slice to slice that is moved by some voxels. Every tool gets the same two label maps in a process of its own, with
its own number of threads; imports come before the clock. "best" is the fastest of `runs`, "first" the first one, and
"peak" the resident memory that the first run takes over the packages and the two label maps.

rtcontour computes every field of StructureScores; the others Dice, sensitivity, specificity, a mean and a 95th
percentile of the surface distances (surface-distance: surface Dice too), by the definition that they have. "In boxes"
means that each structure is cut to the box of both masks first, which those packages leave to their users. Where a
definition is ours, the largest difference from our number is printed. --slow adds SimpleITK without boxes, and MONAI
with 28 labels, one at a time, for all at once need more than 11 GB.

The rivals: pip install medpy simpleitk surface-distance.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rivals import Memory

Labels = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]
Numbers = dict[str, dict[str, float]]  # structure -> score -> value

PELVIS_5 = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn")  # the five structures of Sartor 2020
MOVED = (3, -2, 1)  # voxels


def ours(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    from dataclasses import asdict

    from rtcontour.metrics import compare_labels

    return {name: asdict(one) for name, one in compare_labels(predicted, truth, spacing_mm, names).items()}


def monai_whole(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    """All labels as channels, as its metrics want them."""
    return _monai(predicted, truth, spacing_mm, names)


def monai_by_label(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    result: Numbers = {}
    for name, value in names.items():
        one, other = ((labels == value).astype(np.uint8) for labels in (predicted, truth))
        result |= _monai(one, other, spacing_mm, {name: 1})
    return result


def _monai(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    import torch
    from monai.metrics import (
        compute_average_surface_distance,
        compute_confusion_matrix_metric,
        compute_dice,
        compute_hausdorff_distance,
        get_confusion_matrix,
    )
    from monai.networks.utils import one_hot

    channels = max(names.values()) + 1
    p, t = (one_hot(torch.as_tensor(np.array(x))[None, None], channels) for x in (predicted, truth))
    spacing = list(spacing_mm)
    table = get_confusion_matrix(p, t, include_background=False)
    columns = {
        "dice": compute_dice(p, t, include_background=False),
        "sensitivity": compute_confusion_matrix_metric("sensitivity", table),
        "specificity": compute_confusion_matrix_metric("specificity", table),
        # Both directions as one set, for one call makes it; our mean of the two means takes two.
        "mean of the pooled distances": compute_average_surface_distance(p, t, symmetric=True, spacing=spacing),
        "hd95_mm": compute_hausdorff_distance(p, t, percentile=95, spacing=spacing),
    }
    return {name: {key: float(c[0, value - 1]) for key, c in columns.items()} for name, value in names.items()}


def simpleitk_in_boxes(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    return {name: _simpleitk(p, t, spacing_mm, size) for name, p, t, size in pairs(predicted, truth, names)}


def simpleitk_whole(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    size = truth.size
    return {n: _simpleitk(predicted == v, truth == v, spacing_mm, size) for n, v in names.items()}


def _simpleitk(predicted: Bools, truth: Bools, spacing_mm: Spacing, size: int) -> dict[str, float]:
    """Its overlap measures, its contours (six neighbours) and its distance maps of them."""
    import SimpleITK as sitk

    images = []
    for mask in (predicted, truth):
        # A frame of background: its contour filter takes beyond the image for inside.
        image = sitk.GetImageFromArray(np.pad(mask, 1).transpose(2, 1, 0).astype(np.uint8))
        image.SetSpacing(spacing_mm)
        images.append(image)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    contours = [sitk.LabelContour(image, fullyConnected=False) for image in images]
    maps = [sitk.SignedMaurerDistanceMap(c, squaredDistance=False, useImageSpacing=True) for c in contours]
    on = [sitk.GetArrayViewFromImage(c) != 0 for c in contours]
    sets = [np.maximum(sitk.GetArrayViewFromImage(maps[1 - n])[on[n]], 0) for n in (0, 1)]
    return {
        "dice": overlap.GetDiceCoefficient(),
        "sensitivity": 1 - overlap.GetFalseNegativeError(),
        "specificity": _specificity(predicted, truth, size),
        **_from_sets(*sets),
    }


def medpy_in_boxes(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    from medpy.metric import binary

    return {
        name: {
            "dice": binary.dc(p, t),
            "sensitivity": binary.sensitivity(p, t),
            "specificity": _specificity(p, t, size),
            "mean of the pooled distances": binary.assd(p, t, voxelspacing=spacing_mm),
            "hd95_pooled_mm": binary.hd95(p, t, voxelspacing=spacing_mm),
        }
        for name, p, t, size in pairs(predicted, truth, names)
    }


def surface_distance(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    """It cuts to the box of both masks itself; its mean and percentile weigh surface elements by their area."""
    import surface_distance as package

    result: Numbers = {}
    for name, value in names.items():
        p, t = predicted == value, truth == value
        sets = package.compute_surface_distances(t, p, spacing_mm)
        both = np.count_nonzero(p & t)
        result[name] = {
            "dice": package.compute_dice_coefficient(t, p),
            "sensitivity": both / np.count_nonzero(t),
            "specificity": _specificity(p, t, t.size),
            "mean by area": float(np.mean(package.compute_average_surface_distance(sets))),
            "percentile by area": package.compute_robust_hausdorff(sets, 95),
            "surface_dice": package.compute_surface_dice_at_tolerance(sets, _tolerance(name) * (1 + 1e-6)),
        }
    return result


def edt_in_boxes(predicted: Labels, truth: Labels, spacing_mm: Spacing, names: dict[str, int]) -> Numbers:
    """What one writes with numpy and edt on two threads."""
    import edt

    result: Numbers = {}
    for name, p, t, size in pairs(predicted, truth, names):
        surfaces = [_surface(mask) for mask in (p, t)]
        maps = [edt.edt(np.asfortranarray(~s), anisotropy=spacing_mm, parallel=2) for s in surfaces]
        both = np.count_nonzero(p & t)
        result[name] = {
            "dice": 2 * both / (np.count_nonzero(p) + np.count_nonzero(t)),
            "sensitivity": both / np.count_nonzero(t),
            "specificity": _specificity(p, t, size),
            **_from_sets(maps[1][surfaces[0]], maps[0][surfaces[1]]),
        }
    return result


TOOLS: dict[str, Callable[[Labels, Labels, Spacing, dict[str, int]], Numbers]] = {
    "rtcontour": ours,
    "edt in boxes, two threads": edt_in_boxes,
    "SimpleITK in boxes": simpleitk_in_boxes,
    "MedPy in boxes": medpy_in_boxes,
    "surface-distance": surface_distance,
    "MONAI": monai_whole,
    "MONAI, a label at a time": monai_by_label,
    "SimpleITK": simpleitk_whole,
}


def pairs(predicted: Labels, truth: Labels, names: dict[str, int]) -> Iterator[tuple[str, Bools, Bools, int]]:
    """Name, both masks in their joint box, and the number of voxels of the volume."""
    for name, value in names.items():
        p, t = predicted == value, truth == value
        either = p | t
        along = [np.flatnonzero(either.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
        box = tuple(slice(a[0], a[-1] + 1) for a in along)
        yield name, p[box], t[box], truth.size


def _surface(inside: Bools) -> Bools:
    padded = np.pad(inside, 1)
    core = inside.copy()
    for axis in range(3):
        for step in (-1, 1):
            core &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    return inside & ~core


def _from_sets(there: NDArray[np.floating], back: NDArray[np.floating]) -> dict[str, float]:
    return {
        "msd_mm": float(there.mean(dtype=float) + back.mean(dtype=float)) / 2,
        "hd95_mm": float(max(np.percentile(there, 95), np.percentile(back, 95))),
        "hd95_pooled_mm": float(np.percentile(np.concatenate([there, back]), 95)),
    }


def _specificity(predicted: Bools, truth: Bools, size: int) -> float:
    either = np.count_nonzero(predicted | truth)
    return (size - either) / (size - np.count_nonzero(truth))


def _tolerance(name: str) -> float:
    from rtcontour.structures import tolerance_of

    return tolerance_of(name)


def make_case(folder: Path, which: str) -> None:
    """predicted.npy, truth.npy and case.json of a phantom."""
    from rtcontour.phantom import HEAD_NECK_28, draw_head_neck, draw_pelvis
    from rtcontour.phantom.habits import Habit, contour_by_habit

    inplane = 0.9765625
    if which == "5 labels":
        phantom, names = draw_pelvis(7, spacing_mm=(inplane, inplane, 2.0), slices=150), PELVIS_5
    else:
        phantom, names = draw_head_neck(7, spacing_mm=(inplane, inplane, 3.0), slices=130), tuple(HEAD_NECK_28)
    true = {name: phantom.masks[name] for name in names}
    habit = Habit("generous", 0.8, 0.6, frozenset())
    found = contour_by_habit(true, habit, np.random.default_rng(3))
    for side, masks, moved in (("truth", true, (0, 0, 0)), ("predicted", found, MOVED)):
        labels = np.zeros(phantom.grid.shape, np.uint8, order="F")
        for value, name in enumerate(names, start=1):
            labels[masks[name].box][masks[name].voxels] = value
        np.save(folder / f"{side}.npy", np.roll(labels, moved, (0, 1, 2)))
    values = {name: value for value, name in enumerate(names, start=1)}
    (folder / "case.json").write_text(json.dumps({"names": values, "spacing_mm": phantom.grid.spacing_mm}))


def work(tool: str, folder: Path, runs: int) -> None:
    """In a process of its own: time one tool and print what it gave."""
    case = json.loads((folder / "case.json").read_text())
    predicted, truth = (np.asfortranarray(np.load(folder / f"{side}.npy")) for side in ("predicted", "truth"))
    spacing = tuple(case["spacing_mm"])
    small = np.zeros((8, 8, 8), np.uint8, order="F")
    small[2:6, 2:6, 2:6] = 1
    TOOLS[tool](small, small, (1.0, 1.0, 1.0), {"Bladder": 1})  # imports
    times, peaks = [], []
    for _ in range(runs):
        memory = Memory(of_child=False)
        started = time.perf_counter()
        numbers = TOOLS[tool](predicted, truth, spacing, case["names"])
        times.append(time.perf_counter() - started)
        peaks.append(memory.peak_mb())
    print(json.dumps({"first_s": times[0], "best_s": min(times), "peak_mb": peaks[0], "numbers": numbers}))


def measure(tool: str, folder: Path, runs: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--worker", tool, str(folder), "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def largest_differences(numbers: Numbers, reference: Numbers) -> dict[str, float]:
    """Score -> largest difference over the structures, of scores that we have under the same name."""
    shared = [key for key in next(iter(numbers.values())) if key in next(iter(reference.values()))]
    return {key: max(abs(numbers[name][key] - reference[name][key]) for name in numbers) for key in shared}


def report(which: str, rows: dict[str, dict[str, Any]]) -> None:
    mine = rows["rtcontour"]
    print(f"\n{which}\n{'tool':27} {'best s':>8} {'first s':>8} {'peak MB':>8} {'times ours':>11}  largest differences")
    for tool, row in rows.items():
        if "error" in row:
            print(f"{tool:27} {row['error']}")
            continue
        apart = "" if tool == "rtcontour" else largest_differences(row["numbers"], mine["numbers"])
        text = ", ".join(f"{key} {value:.1e}" for key, value in apart.items()) if apart else ""
        ratio = row["best_s"] / mine["best_s"]
        print(f"{tool:27} {row['best_s']:8.3f} {row['first_s']:8.3f} {row['peak_mb']:8.0f} {ratio:11.1f}  {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="SimpleITK without boxes, MONAI with 28 labels")
    parser.add_argument("--json", type=Path, help="takes all numbers")
    parser.add_argument("--worker", nargs=2, metavar=("TOOL", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker[0], Path(arguments.worker[1]), arguments.runs)
    record = {}
    for which in ("5 labels", "28 labels"):
        tools = [tool for tool in TOOLS if tool not in ("MONAI", "MONAI, a label at a time", "SimpleITK")]
        tools += ["MONAI"] if which == "5 labels" else []
        if arguments.slow:
            tools += ["SimpleITK"] if which == "5 labels" else ["MONAI, a label at a time"]
        with tempfile.TemporaryDirectory() as folder:
            make_case(Path(folder), which)
            rows = {tool: measure(tool, Path(folder), arguments.runs) for tool in tools}
        report(which, rows)
        record[which] = rows
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
