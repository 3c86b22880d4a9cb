"""Time `rtcontour masks` against `plastimatch convert`: whole processes, same RTSTRUCT and CT, both writing .nii.gz.

    python scripts/bench/masks.py [--slices 150] [--runs 3]

Prints a line a run and the ratio of the medians, the first run of each left out (it fills the caches).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rtcontour.phantom import draw_pelvis, write_patient

ROIS = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=150)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("plastimatch") is None:
        sys.exit("plastimatch is not installed: apt-get install plastimatch")
    with tempfile.TemporaryDirectory() as folder:
        patient = make_patient(Path(folder), arguments.slices)
        ours = [sys.executable, "-m", "rtcontour", "masks", f"{patient}/rtstruct.dcm", f"{patient}/ct"]
        theirs = ["plastimatch", "convert", "--input", f"{patient}/rtstruct.dcm", "--referenced-ct", f"{patient}/ct"]
        theirs += ["--prefix-format", "nii.gz", "--output-prefix"]
        seconds = {
            name: [run([*command, f"{folder}/{name}{number}"]) for number in range(arguments.runs + 1)][1:]
            for name, command in (("rtcontour", ours), ("plastimatch", theirs))
        }
    for name, times in seconds.items():
        print(f"{name}: {', '.join(f'{t:.2f}' for t in times)} s")
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"rtcontour takes {medians['rtcontour'] / medians['plastimatch']:.2f} of plastimatch's time")


def make_patient(folder: Path, slices: int) -> Path:
    """A phantom of 512 x 512 voxels a slice whose structure set has the five structures of Sartor 2020."""
    phantom = draw_pelvis(7, spacing_mm=(0.9765625, 0.9765625, 2.0), slices=slices)
    phantom.contoured.clear()
    phantom.contoured.update({name: phantom.masks[name] for name in ROIS})
    return write_patient(phantom, folder / "patient")


def run(command: list[str]) -> float:
    """Seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
