"""Time a whole evaluation with its report: 40 cases of 512 x 512 x 150 voxels with 5 structures.

    python scripts/bench/evaluation.py [--cases 40] [--methods 1] [--keep FOLDER]

The cases are phantoms of the pelvis, moved about in the plane: as many are drawn as differ in anatomy (four), the rest
are copies. A prediction is the truth, moved by up to two voxels and blurred at its surface; every thirteenth misses
the bladder. `rtcontour evaluate` runs as a user runs it, in a process of its own, and leaves every table, figure and
the report. Files are in the page cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter

from rtcontour.datasets import merge_masks, write_image, write_label_names, write_labels
from rtcontour.grid import Grid
from rtcontour.phantom import draw_pelvis

STRUCTURES = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn")  # the five of Sartor 2020
LABELS = {name: value for value, name in enumerate(STRUCTURES, start=1)}
GRID = Grid((512, 512, 150), (0.9765625, 0.9765625, 3.0), (-250.0, -250.0, -225.0))
PATIENTS = 4
AIR_HU = -1000


def draw_patient(seed: int) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """HU and labels of a phantom in the middle of GRID."""
    phantom = draw_pelvis(seed, spacing_mm=GRID.spacing_mm)
    labels = merge_masks({name: phantom.masks[name] for name in STRUCTURES}, LABELS, phantom.grid)
    size = np.minimum(phantom.grid.shape, GRID.shape)
    start = (np.array(GRID.shape) - size) // 2
    place = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    taken = tuple(slice(0, n) for n in size)
    hu = np.full(GRID.shape, AIR_HU, np.int16, order="F")
    there = np.zeros(GRID.shape, np.uint8, order="F")
    hu[place], there[place] = phantom.hu[taken], labels[taken]
    return hu, there


def predict(labels: NDArray[np.uint8], rng: np.random.Generator, *, misses_bladder: bool) -> NDArray[np.uint8]:
    """What a model might give: every structure a little off."""
    predicted = np.zeros_like(labels)
    for value, box in enumerate(find_objects(labels, len(STRUCTURES)), start=1):
        if box is None or (misses_bladder and value == LABELS["Bladder"]):
            continue
        wide = tuple(slice(max(s.start - 6, 0), s.stop + 6) for s in box)
        inside = np.roll(labels[wide] == value, rng.integers(-2, 3, 2), (0, 1)).astype(np.float32)
        rough = gaussian_filter(rng.standard_normal(inside.shape, np.float32), (4, 4, 1.5))
        predicted[wide][gaussian_filter(inside, (2, 2, 0.7)) + 2 * rough > 0.5] = value
    return predicted


def write_cases(folder: Path, cases: int, methods: int) -> list[Path]:
    """Data set in `folder`/truth and label maps of each method beside it; gives the places of the methods."""
    rng = np.random.default_rng(0)
    patients = [draw_patient(seed) for seed in range(PATIENTS)]
    places = [folder / f"method_{n + 1}" for n in range(methods)]
    listed = []
    for n in range(cases):
        case, moved = f"case_{n:02d}", rng.integers(-6, 7, 2)
        hu, labels = (np.asfortranarray(np.roll(array, moved, (0, 1))) for array in patients[n % PATIENTS])
        write_image(folder / "truth" / "images" / f"{case}.nii.gz", hu, GRID)
        write_labels(folder / "truth" / "labels" / f"{case}.nii.gz", labels, GRID)
        for place in places:
            predicted = predict(labels, rng, misses_bladder=n % 13 == 5)
            write_labels(place / f"{case}.nii.gz", predicted, GRID)
        entry = {"case": case, "patient": case, "image": f"images/{case}.nii.gz", "label": f"labels/{case}.nii.gz"}
        listed.append({**entry, "cohort": "cervix" if n % 4 == 0 else "anorectal"})
    for place in places:
        write_label_names(place, LABELS)
    data = {"name": "Phantoms", "labels": {"background": 0, **LABELS}, "training": [], "validation": [], "test": listed}
    (folder / "truth" / "datalist.json").write_text(json.dumps(data))
    return places


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a whole evaluation with its report.")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--methods", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="makes the data here, or takes those of an earlier run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        places = [folder / f"method_{n + 1}" for n in range(arguments.methods)]
        if not all(place.is_dir() for place in places):
            write_cases(folder, arguments.cases, arguments.methods)
        against = [part for place in places[1:] for part in ("--against", f"{place.name}={place}")]
        command = [sys.executable, "-m", "rtcontour", "evaluate", str(places[0]), str(folder / "truth")]
        started = time.perf_counter()
        subprocess.run([*command, str(Path(temporary) / "scores"), *against], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    print(f"{arguments.cases} cases, {len(STRUCTURES)} structures, {arguments.methods} method(s): {seconds:.0f} s")


if __name__ == "__main__":
    main()
