"""Time reading and writing RTSTRUCT against rt-utils, dcmrtstruct2nii, PlatiPy, DicomRTTool and plastimatch.

    python scripts/bench/rtstruct.py [--rivals PYTHON ...] [--runs 3] [--work DIR] [--json FILE]

Two phantoms, 5 ROIs on 512 x 512 x 150 and 28 ROIs on 512 x 512 x 130. Every tool reads, and some write, the same files
in a process of their own (rivals.py), with their own number of threads. Imports come before the clock. "first" is the
first run in a process, "warm" the median of those after it, "process" a whole process with one run, and "with_opening"
an export with the opening of its CT. "peak" is the first run's resident memory over what the imports take, with what
is loaded once; "warm_peak" the last run's, which may reuse memory not given back. Masks are compared with a brute-force
even-odd test of the stored polygons. The tools need versions of pydicom that exclude each other; make environments:

    python -m venv rivals2
    rivals2/bin/pip install rt-utils dcmrtstruct2nii platipy opencv-python-headless 'pydicom<3'
    python -m venv rivals3
    rivals3/bin/pip install rt-utils DicomRTTool opencv-python-headless 'pydicom>=3'
    python scripts/bench/rtstruct.py --rivals rivals2/bin/python rivals3/bin/python

plastimatch and dciodvfy are Debian packages: apt-get install plastimatch dicom3tools.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from rivals import Masks, load_masks, save_masks

from rtcontour.phantom import HEAD_NECK_28, Phantom, draw_head_neck, draw_pelvis, write_patient

WORKER = str(Path(__file__).with_name("rivals.py"))
PELVIS_5 = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn")  # the five structures of Sartor 2020
IMPORTERS = ("rtcontour", "rt-utils", "dcmrtstruct2nii", "PlatiPy", "DicomRTTool", "plastimatch", "plastimatch with CT")
EXPORTERS = ("rtcontour", "rtcontour, full arrays", "rt-utils", "plastimatch")
IMPORT_FACTOR, MEMORY_FACTOR, EXPORT_FACTOR, SIZE_FACTOR = 3.0, 1.2, 4.0, 1.5  # what is aimed at


@dataclass(frozen=True)
class Row:
    """What one tool did; None where it was not measured, and `error` alone where the tool is absent or failed."""

    tool: str
    error: str = ""
    warm_s: float | None = None
    times_ours: float | None = None
    first_s: float | None = None
    process_s: float | None = None
    with_opening_s: float | None = None
    peak_mb: float | None = None
    warm_peak_mb: float | None = None
    masks: int | None = None
    voxels_off: int | None = None
    volume_error_percent: tuple[float, float] | None = None
    file_kb: float | None = None
    dciodvfy_errors: int | None = None


@dataclass(frozen=True)
class Case:
    """One data set: PATIENT folder, the true masks of its polygons, and what memory they need."""

    name: str
    patient: Path
    truth: Masks
    contours: int
    points: int
    ct_mb: float
    boxes_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rivals", nargs="*", default=[], metavar="PYTHON", help="interpreters that have other tools")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="keeps the data sets for the next time")
    parser.add_argument("--json", type=Path, help="takes all numbers")
    arguments = parser.parse_args()
    interpreters = find_interpreters([sys.executable, *arguments.rivals])
    record = {}
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or Path(folder)
        for name, draw in (("pelvis", pelvis), ("head and neck", head_neck)):
            case = make_case(name, work / name.replace(" ", "_"), draw)
            imports = list(measure(case, IMPORTERS, interpreters, arguments.runs, import_row))
            exports = list(measure(case, EXPORTERS, interpreters, arguments.runs, export_row))
            targets = judge(case, imports, exports)
            report(case, imports, exports, targets)
            rows = {"import": [asdict(row) for row in imports], "export": [asdict(row) for row in exports]}
            record[name] = {**describe(case), **rows, "targets": targets}
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


def pelvis() -> tuple[Phantom, tuple[str, ...]]:
    return draw_pelvis(7, spacing_mm=(0.9765625, 0.9765625, 2.0), slices=150), PELVIS_5


def head_neck() -> tuple[Phantom, tuple[str, ...]]:
    return draw_head_neck(7, spacing_mm=(0.9765625, 0.9765625, 3.0), slices=130), tuple(HEAD_NECK_28)


def make_case(name: str, patient: Path, draw: Callable[[], tuple[Phantom, tuple[str, ...]]]) -> Case:
    """The data set in the folder, made where it is not there."""
    if not (patient / "truth.npz").exists():
        shutil.rmtree(patient, ignore_errors=True)
        phantom, names = draw()
        phantom.contoured.clear()
        phantom.contoured.update({name: phantom.masks[name] for name in names})
        write_patient(phantom, patient)
        # DicomRTTool and plastimatch want CT and RTSTRUCT in one folder.
        shutil.copytree(patient / "ct", patient / "both")
        shutil.copy(patient / "rtstruct.dcm", patient / "both")
        grid = {"origin_mm": phantom.grid.origin_mm, "spacing_mm": phantom.grid.spacing_mm}
        (patient / "grid.json").write_text(json.dumps(grid))
        save_masks(patient / "truth.npz", brute_force(patient / "rtstruct.dcm", patient / "ct"))
    truth = load_masks(patient / "truth.npz")
    stored = dcmread(patient / "rtstruct.dcm").ROIContourSequence
    points = [int(c.NumberOfContourPoints) for roi in stored for c in roi.get("ContourSequence", ())]
    voxels = next(iter(truth.values())).size
    boxes = sum(box_size(mask) for mask in truth.values())
    return Case(name, patient, truth, len(points), sum(points), 2 * voxels / 1e6, boxes / 1e6)


def box_size(mask: NDArray[np.bool_]) -> int:
    """Voxels in the tight box of a mask."""
    return int(np.prod([np.ptp(axis) + 1 for axis in np.nonzero(mask)])) if mask.any() else 0


def brute_force(rtstruct: Path, ct_folder: Path) -> Masks:
    """Every voxel centre against every edge of the stored polygons, by the even-odd rule of docs/geometry.md."""
    headers = [dcmread(path, stop_before_pixels=True) for path in ct_folder.iterdir()]
    along_i, along_j = np.array(headers[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(along_i, along_j)
    headers.sort(key=lambda header: float(np.dot(header.ImagePositionPatient, normal)))
    origin, last = (np.array(header.ImagePositionPatient, float) for header in (headers[0], headers[-1]))
    between_rows, between_columns = (float(step) for step in headers[0].PixelSpacing)
    between_slices = np.dot(last - origin, normal) / (len(headers) - 1)
    axes = np.array([along_i, along_j, normal])
    spacing = np.array([between_columns, between_rows, between_slices])
    shape = (int(headers[0].Columns), int(headers[0].Rows), len(headers))
    structure_set = dcmread(rtstruct)
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in structure_set.StructureSetROISequence}
    masks = {name: np.zeros(shape, bool) for name in names.values()}
    for roi in structure_set.ROIContourSequence:
        for points_mm in closed_contours(roi):
            u, v, w = np.array([(points_mm - origin) @ axis for axis in axes]) / spacing[:, None]
            k = int(np.ceil(np.median(w) - 0.5))
            if 0 <= k < shape[2]:
                masks[names[int(roi.ReferencedROINumber)]][:, :, k] ^= inside_polygon(u, v, shape)
    return masks


def closed_contours(roi: Dataset) -> Iterator[NDArray[np.float64]]:
    """(n, 3) points in mm of each closed contour; XOR of their insides is the even-odd rule over all of them."""
    for contour in roi.get("ContourSequence", ()):
        if contour.ContourGeometricType in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR") and len(contour.ContourData) >= 9:
            yield np.array(contour.ContourData, float).reshape(-1, 3)


def inside_polygon(u: NDArray[np.float64], v: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """(columns, rows) True where an odd number of edges crosses the row at or before the column."""
    inside = np.zeros(shape[:2], bool)
    up = v < np.roll(v, -1)
    u0, u1 = np.where(up, u, np.roll(u, -1)), np.where(up, np.roll(u, -1), u)
    v0, v1 = np.where(up, v, np.roll(v, -1)), np.where(up, np.roll(v, -1), v)
    columns = np.arange(shape[0])
    for j in range(max(int(np.floor(v.min())), 0), min(int(np.ceil(v.max())) + 1, shape[1])):
        crosses = (v0 <= j) & (j < v1)  # never a horizontal edge
        a, b, c, d = u0[crosses], u1[crosses], v0[crosses], v1[crosses]
        crossings = a + (j - c) * (b - a) / (d - c)
        inside[:, j] = np.count_nonzero(crossings[:, None] <= columns, axis=0) % 2 == 1
    return inside


def find_interpreters(pythons: list[str]) -> dict[str, dict[str, str]]:
    """Interpreter -> version of each tool that it has."""
    found = {}
    for python in pythons:
        answer, _ = work(python, "probe")
        if isinstance(answer, str):
            sys.exit(f"{python}: cannot be started: {answer}")
        found[python] = answer
    return found


def measure(
    case: Case,
    tools: tuple[str, ...],
    interpreters: dict[str, dict[str, str]],
    runs: int,
    row_of: Callable[[Case, str, str, int], Row],
) -> Iterator[Row]:
    """A row for each tool and each interpreter that has it; rtcontour comes first, and the others in terms of it."""
    ours = None
    for tool in tools:
        for label, python in candidates(tool, interpreters):
            print(f"{case.name}: {label} ...", file=sys.stderr)
            row = replace(row_of(case, tool, python, runs), tool=label) if python else Row(label, "absent")
            ours = row.warm_s if ours is None else ours
            yield replace(row, times_ours=row.warm_s / ours) if row.warm_s and ours else row


def candidates(tool: str, interpreters: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """(name with versions, first interpreter with these) of a tool; no interpreter where it is absent."""
    package = tool.split(",")[0]
    if tool.startswith("plastimatch"):
        return [(tool, sys.executable if shutil.which("plastimatch") else "")]
    found: dict[str, str] = {}
    for python, versions in interpreters.items():
        if package in versions:
            found.setdefault(f"{tool} {versions[package]} (pydicom {versions.get('pydicom', 'none')})", python)
    return list(found.items()) or [(tool, "")]


def import_row(case: Case, tool: str, python: str, runs: int) -> Row:
    once, process_s = work(python, "import", tool, str(case.patient), "0")
    if isinstance(once, str):
        return Row(tool, once)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "masks.npz"
        answer, _ = work(python, "import", tool, str(case.patient), str(runs), str(saved))
        if isinstance(answer, str):
            return Row(tool, answer)
        row = compared(Row(tool), case.truth, load_masks(saved))
    return replace(
        row,
        warm_s=statistics.median(answer["warm_s"]),
        first_s=once["first_s"],
        process_s=process_s,
        peak_mb=once["peak_mb"],
        warm_peak_mb=answer["warm_peak_mb"],
    )


def export_row(case: Case, tool: str, python: str, runs: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rtstruct.dcm"
        answer, _ = work(
            python, "export", tool, str(case.patient), str(runs), str(path), str(case.patient / "truth.npz")
        )
        if isinstance(answer, str):
            return Row(tool, answer)
        row = compared(Row(tool), case.truth, brute_force(path, case.patient / "ct"))
        warm_s = statistics.median(answer["warm_s"])
        return replace(
            row,
            warm_s=warm_s,
            first_s=answer["first_s"],
            with_opening_s=warm_s + statistics.median(answer["opening_s"]),
            peak_mb=answer["peak_mb"],
            warm_peak_mb=answer["warm_peak_mb"],
            file_kb=path.stat().st_size / 1e3,
            dciodvfy_errors=dciodvfy_errors(path),
        )


def work(python: str, *arguments: str) -> tuple[Any, float]:
    """What rivals.py answers, or its error as one line; and the seconds of the whole process."""
    started = time.perf_counter()
    # -I: neither the caller's PYTHONPATH nor the files beside rivals.py hide a tool's modules.
    command = [python, "-I", "-W", "ignore", WORKER, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return str(error), 0.0
    seconds = time.perf_counter() - started
    if done.returncode:
        return (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1], seconds
    return json.loads(done.stdout.splitlines()[-1]), seconds


def compared(row: Row, truth: Masks, masks: Masks) -> Row:
    """How far the masks are from the truth; tools change the spelling of names in their own ways."""
    by_name = {name.lower().replace(" ", "_"): mask for name, mask in masks.items()}
    pairs = [(mask, by_name.get(name.lower().replace(" ", "_"))) for name, mask in truth.items()]
    met = [(true, mask) for true, mask in pairs if mask is not None]
    if any(true.shape != mask.shape for true, mask in met):
        return replace(row, masks=len(met))
    errors = [100.0 * (int(mask.sum()) / max(int(true.sum()), 1) - 1) for true, mask in met]
    return replace(
        row,
        masks=len(met),
        voxels_off=sum(int(np.count_nonzero(true != mask)) for true, mask in met),
        volume_error_percent=(min(errors), max(errors)) if errors else None,
    )


def dciodvfy_errors(path: Path) -> int | None:
    """Lines that dciodvfy calls errors; None where it is not installed."""
    if shutil.which("dciodvfy") is None:
        return None
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace")
    return sum(line.startswith("Error") for line in (said.stdout + said.stderr).splitlines())


def judge(case: Case, imports: list[Row], exports: list[Row]) -> dict[str, str]:
    """Each aim with what was found."""
    ours, written = imports[0], exports[0]
    if ours.warm_s is None or ours.peak_mb is None or written.warm_s is None or written.file_kb is None:
        return {"all": f"not met: rtcontour failed: {ours.error or written.error}"}
    whole = [row for row in imports[1:] if row.warm_s and row.masks == len(case.truth)]
    rt_utils = [row for row in exports if row.tool.startswith("rt-utils") and row.warm_s and row.file_kb]
    limit_mb = case.ct_mb + MEMORY_FACTOR * case.boxes_mb
    targets = {
        "memory": told(ours.peak_mb <= limit_mb, f"peak {ours.peak_mb:.1f} MB; limit {limit_mb:.1f} MB"),
        "exact": told(ours.voxels_off == 0, f"{ours.voxels_off} voxels off in {ours.masks} masks"),
        "round trip": told(written.voxels_off == 0, f"{written.voxels_off} voxels off in {written.masks} masks"),
        "dciodvfy": told(written.dciodvfy_errors == 0, f"{written.dciodvfy_errors} errors"),
    }
    if whole:
        fastest = min(whole, key=lambda row: row.warm_s or 0.0)
        factor = (fastest.warm_s or 0.0) / ours.warm_s
        targets["import"] = told(factor >= IMPORT_FACTOR, f"{factor:.2f} times faster than {fastest.tool}")
    if rt_utils:
        factor = min(row.warm_s or 0.0 for row in rt_utils) / written.warm_s
        size = written.file_kb / min(row.file_kb or 0.0 for row in rt_utils)
        targets["export"] = told(factor >= EXPORT_FACTOR, f"{factor:.2f} times faster than rt-utils")
        targets["file size"] = told(size <= SIZE_FACTOR, f"{size:.2f} of rt-utils'")
    return targets


def told(met: bool, found: str) -> str:
    return f"{'met' if met else 'NOT MET'}: {found}"


def describe(case: Case) -> dict[str, object]:
    return {
        "rois": len(case.truth),
        "shape": next(iter(case.truth.values())).shape,
        "contours": case.contours,
        "points": case.points,
        "ct_mb": case.ct_mb,
        "boxes_mb": case.boxes_mb,
        "cores": os.cpu_count(),
    }


def report(case: Case, imports: list[Row], exports: list[Row], targets: dict[str, str]) -> None:
    print(f"\n{case.name}: " + ", ".join(f"{key} {value}" for key, value in describe(case).items()))
    for kind, rows, apart in (("import", imports, "process_s"), ("export", exports, "with_opening_s")):
        names = ["warm_s", "times_ours", "first_s", apart, "peak_mb", "warm_peak_mb", "masks", "voxels_off"]
        names += ["volume_error_percent", *(["file_kb", "dciodvfy_errors"] if kind == "export" else [])]
        measured = [row for row in rows if not row.error]
        table = [[kind, *names], *([row.tool, *(cell(getattr(row, name)) for name in names)] for row in measured)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        print()
        for line in table:
            print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
        for row in rows:
            if row.error:
                print(f"{row.tool.ljust(widths[0])}  {row.error}")
    print()
    for name, found in targets.items():
        print(f"{name}: {found}")


def cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(f"{error:+.1f}" for error in value)
    if isinstance(value, float):
        return f"{value:.3f}" if value < 100 else f"{value:.0f}"
    return str(value)


if __name__ == "__main__":
    main()
