"""Time the import of an archive against reading its CTs with pydicom and writing the same files with nibabel.

    python scripts/bench/cohort.py [--patients 24] [--processes 2] [--work DIR] [--json FILE]

Synthetic pelvis patients, 512 x 512 x 150, five structures and some others each; four are drawn, and the others are the
same under other names and UIDs. Both sides use as many processes. The rival's time is that of
`dcmread(path).pixel_array` of every slice, rescaled to HU and stacked, and of `nibabel.save` of image, label map and
masks, whose voxels it has in memory; it reads no contours and checks nothing. Ours is the whole import: start of the
processes, scan, pairing, contours, files, measures, audit. "peak" is the largest resident memory of one process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

import nibabel
import numpy as np
import pydicom

from rtcontour.datasets import SPLITS, read_datalist
from rtcontour.datasets.cohort import import_archive
from rtcontour.phantom import draw_pelvis, write_patient

SLICES, SPACING_MM = 150, (0.9765625, 0.9765625, 2.5)
DRAWN = 4  # patients; drawing one takes ten times as long as importing her
AIMED_AT = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=24)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--work", type=Path, help="keeps the archive here, for another run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        archive = work / "archive"
        write_archive(archive, arguments.patients)
        found = measure(archive, work, arguments.processes)
    print_table(found)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def write_archive(archive: Path, patients: int) -> None:
    for drawn in range(DRAWN):
        missing = [number for number in range(drawn, patients, DRAWN) if not (archive / str(number)).exists()]
        if missing:
            phantom = draw_pelvis(drawn, slices=SLICES, spacing_mm=SPACING_MM)
        for number in missing:
            write_patient(replace(phantom, seed=number), archive / str(number))


def measure(archive: Path, work: Path, processes: int) -> dict[str, Any]:
    data, rival = work / "data", work / "rival"
    for folder in (data, data.with_name("data.key"), rival):
        shutil.rmtree(folder, ignore_errors=True)
    started = time.perf_counter()
    with watched_memory(of_children=processes > 1) as peaks_mb:
        import_archive(archive, data, recipe="pelvis_fcn", workers=processes, findings=[])
    ours_s = time.perf_counter() - started
    jobs = [
        (sorted((archive / patient).glob("ct/*.dcm")), files_of(data, case), rival / case.case)
        for patient, case in zip(sorted(path.name for path in archive.iterdir()), cases(data), strict=True)
    ]
    if processes == 1:
        rival_s = sum(map(read_and_write, jobs))
    else:  # those of a process one after the other; loading what it writes does not count
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            rival_s = sum(pool.map(read_and_write, jobs)) / processes
    patients = len(jobs)
    return {
        "patients": patients,
        "processes": processes,
        "ours_s": ours_s / patients,
        "rival_s": rival_s / patients,
        "ratio": ours_s / rival_s,
        "peak_mb": max(peaks_mb.values()),
    }


def cases(data: Path) -> list:
    return [case for split in SPLITS for case in read_datalist(data).split(split)]


def files_of(data: Path, case: Any) -> list[Path]:
    return [case.image, case.label, *sorted((data / "masks" / case.case).iterdir())]


def read_and_write(job: tuple[list[Path], list[Path], Path]) -> float:
    """Seconds to read a patient's CT with pydicom and to write her files with nibabel."""
    slices, files, folder = job
    folder.mkdir(parents=True)
    arrays = [(path.name, np.asanyarray(nibabel.load(path).dataobj), nibabel.load(path).affine) for path in files]
    started = time.perf_counter()
    read = [pydicom.dcmread(path) for path in slices]
    read.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    hu = np.stack([image.pixel_array * image.RescaleSlope + image.RescaleIntercept for image in read]).astype(np.int16)
    arrays[0] = (arrays[0][0], np.ascontiguousarray(hu.transpose(2, 1, 0)), arrays[0][2])
    for number, (name, voxels, affine) in enumerate(arrays):
        nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / f"{number}_{name}")
    return time.perf_counter() - started


@contextmanager
def watched_memory(*, of_children: bool) -> Iterator[dict[int, float]]:
    """Process -> its largest resident memory so far in MB: of those that this one starts, or of itself.

    The system's own record of ended children does not serve: it begins with what their parent had when it started them.
    """
    peaks_mb: dict[int, float] = {}
    ended = Event()

    def watch() -> None:
        while not ended.wait(0.02):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for process in children if of_children else [str(os.getpid())]:
                with suppress(OSError, IndexError):  # it ended meanwhile
                    peak_kb = Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0]
                    peaks_mb[int(process)] = int(peak_kb) / 1024

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peaks_mb
    finally:
        ended.set()
        watcher.join()


def print_table(found: dict[str, Any]) -> None:
    print(f"{found['patients']} patients of 512 x 512 x {SLICES}, {found['processes']} processes, seconds a patient")
    print("| import | pydicom and nibabel | ratio | aimed at | peak of a process |")
    print("|---|---|---|---|---|")
    seconds = f"{found['ours_s']:.2f} | {found['rival_s']:.2f} | {found['ratio']:.2f}"
    print(f"| {seconds} | {AIMED_AT} | {found['peak_mb']:.0f} MB |")


if __name__ == "__main__":
    main()
