"""One RTSTRUCT tool at work in its own interpreter: `rtstruct.py` starts this file and reads its last line, a JSON.

    PYTHON -I rivals.py probe                                             which tools this interpreter has
    PYTHON -I rivals.py import TOOL PATIENT RUNS [MASKS.npz]              CT and masks into memory
    PYTHON -I rivals.py export TOOL PATIENT RUNS OUT.dcm MASKS.npz        masks in memory to a file

Only the standard library, numpy and the tool are imported here, for the tools need versions of pydicom that exclude
each other. PATIENT holds ct/, rtstruct.dcm and both/, the same files in one folder. A tool is two functions: what is
timed, and what makes of its result bool masks (columns, rows, slices) by name. Imports come before the clock starts.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Masks = dict[str, np.ndarray]
PACKAGES = ("rtcontour", "rt-utils", "dcmrtstruct2nii", "PlatiPy", "DicomRTTool", "pydicom")
RAM_FOLDER = (
    Path("/dev/shm") if Path("/dev/shm").is_dir() else None
)  # a tool that writes files shall not wait for a disk


def import_rtcontour(patient: Path) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    from rtcontour import rasterize, read_ct_series, read_structure_set

    def read() -> Any:
        ct = read_ct_series(patient / "ct")
        structure_set = read_structure_set(patient / "rtstruct.dcm")
        return ct, {roi.name: rasterize(roi, ct.grid) for roi in structure_set.rois}

    return read, lambda result: {name: mask.full() for name, mask in result[1].items()}


def import_rt_utils(patient: Path) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    """Its CT is the list of slices with their stored values, which it decodes when it opens the series."""
    from rt_utils import RTStructBuilder

    def read() -> Any:
        opened = RTStructBuilder.create_from(str(patient / "ct"), str(patient / "rtstruct.dcm"))
        return opened, {name: opened.get_roi_mask_by_name(name) for name in opened.get_roi_names()}

    return read, lambda result: {name: mask.transpose(1, 0, 2) for name, mask in result[1].items()}


def import_dcmrtstruct2nii(patient: Path) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    """Its readers and converter in memory; the public function does the same and compresses every mask to a file."""
    import dcmrtstruct2nii.facade.dcmrtstruct2nii as facade
    import SimpleITK

    def read() -> Any:
        rois = facade.RtStructInputAdapter().ingest(str(patient / "rtstruct.dcm"))
        image = facade.DcmInputAdapter().ingest(str(patient / "ct"))
        convert = facade.DcmPatientCoords2Mask().convert
        return image, {roi["name"]: convert(roi["sequence"], image, 0, 255) for roi in rois if "sequence" in roi}

    return read, lambda result: {name: SimpleITK.GetArrayViewFromImage(mask).T for name, mask in result[1].items()}


def import_platipy(patient: Path) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    import SimpleITK
    from platipy.dicom.io import rtstruct_to_nifti as platipy

    def read() -> Any:
        image = platipy.read_dicom_image(str(patient / "ct"))
        structure_set = platipy.read_dicom_struct_file(str(patient / "rtstruct.dcm"))
        masks, names = platipy.transform_point_set_from_dicom_struct(image, structure_set)
        return image, dict(zip(names, masks, strict=True))

    return read, lambda result: {name: SimpleITK.GetArrayViewFromImage(mask).T for name, mask in result[1].items()}


def import_dicom_rt_tool(patient: Path) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    import DicomRTTool

    def read() -> Any:
        reader = DicomRTTool.DicomReaderWriter(arg_max=False, verbose=False)
        reader.walk_through_folders(str(patient / "both"))
        reader.set_contour_names_and_associations(reader.return_rois(print_rois=False))
        reader.get_images_and_mask()
        return reader

    def masks_of(reader: Any) -> Masks:
        return {name: reader.mask[..., channel].T for channel, name in enumerate(reader.Contour_Names, start=1)}

    return read, masks_of


def import_plastimatch(patient: Path, *, with_ct: bool = False) -> tuple[Callable[[], Any], Callable[[Any], Masks]]:
    """The command with masks, and the CT, as uncompressed files in memory; without the CT it reads headers only."""

    def read() -> Any:
        folder = tempfile.TemporaryDirectory(dir=RAM_FOLDER)
        source = ["--input", f"{patient}/rtstruct.dcm", "--referenced-ct", f"{patient}/ct"]
        if with_ct:
            source = ["--input", f"{patient}/both", "--output-img", f"{folder.name}/ct.mha"]
        sink = ["--xor-contours", "--prefix-format", "mha", "--output-prefix", f"{folder.name}/masks"]
        subprocess.run(["plastimatch", "convert", *source, *sink], check=True, capture_output=True)
        return folder

    def masks_of(folder: Any) -> Masks:
        return {path.stem: read_mha(path) for path in sorted(Path(folder.name, "masks").glob("*.mha"))}

    return read, masks_of


def export_rtcontour(
    patient: Path, masks: Masks, *, full: bool = False
) -> tuple[Callable[[], Any], Callable[[Any, Path], None]]:
    """From its own masks, which are boxes; or from full arrays, as the others."""
    from rtcontour import Mask, write_structure_set
    from rtcontour.dicom import read_ct_geometry

    grid = read_ct_geometry(patient / "ct").grid
    arrays = {name: np.asfortranarray(mask) for name, mask in masks.items()}
    masks.clear()
    boxes = {} if full else {name: Mask.from_array(array, grid) for name, array in arrays.items()}
    if not full:
        arrays.clear()

    def write(ct: Any, path: Path) -> None:
        given = {name: Mask.from_array(array, ct.grid) for name, array in arrays.items()} if full else boxes
        write_structure_set(path, given, ct, findings=[])

    return lambda: read_ct_geometry(patient / "ct"), write


def export_rt_utils(patient: Path, masks: Masks) -> tuple[Callable[[], Any], Callable[[Any, Path], None]]:
    from rt_utils import RTStructBuilder

    arrays = {name: np.ascontiguousarray(mask.transpose(1, 0, 2)) for name, mask in masks.items()}
    masks.clear()

    def write(opened: Any, path: Path) -> None:
        for name, mask in arrays.items():
            opened.add_roi(mask=mask, name=name)
        opened.save(str(path))

    return lambda: RTStructBuilder.create_new(str(patient / "ct")), write


def export_plastimatch(patient: Path, masks: Masks) -> tuple[Callable[[], Any], Callable[[Any, Path], None]]:
    """The command, from uncompressed files in memory; it opens the series itself."""
    folder = tempfile.TemporaryDirectory(dir=RAM_FOLDER)
    header = mha_header(patient)
    for name, mask in masks.items():
        size = " ".join(map(str, mask.shape))
        text = f"{header}DimSize = {size}\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
        Path(folder.name, f"{name}.mha").write_bytes(text.encode() + mask.tobytes(order="F"))
    masks.clear()

    def write(out: Any, path: Path) -> None:
        source = ["--input-prefix", folder.name, "--referenced-ct", f"{patient}/ct"]
        command = ["plastimatch", "convert", *source, "--output-dicom", out.name]
        subprocess.run(command, check=True, capture_output=True)
        (written,) = Path(out.name).glob("*")
        shutil.copyfile(written, path)

    return lambda: tempfile.TemporaryDirectory(dir=RAM_FOLDER), write


IMPORTS = {
    "rtcontour": import_rtcontour,
    "rt-utils": import_rt_utils,
    "dcmrtstruct2nii": import_dcmrtstruct2nii,
    "PlatiPy": import_platipy,
    "DicomRTTool": import_dicom_rt_tool,
    "plastimatch": import_plastimatch,
    "plastimatch with CT": lambda patient: import_plastimatch(patient, with_ct=True),
}
EXPORTS = {
    "rtcontour": export_rtcontour,
    "rtcontour, full arrays": lambda patient, masks: export_rtcontour(patient, masks, full=True),
    "rt-utils": export_rt_utils,
    "plastimatch": export_plastimatch,
}


def time_import(tool: str, patient: Path, runs: int, keep: Path | None) -> dict[str, Any]:
    """A first run, then `runs` more in the same process; of the last run the masks are kept."""
    read, masks_of = IMPORTS[tool](patient)
    times: list[float] = []
    peaks: list[float] = []
    result = None
    for _ in range(runs + 1):
        result = None
        memory = Memory(of_child=tool.startswith("plastimatch"))
        started = time.perf_counter()
        result = read()
        times.append(time.perf_counter() - started)
        peaks.append(memory.peak_mb())
    if keep is not None:
        save_masks(keep, masks_of(result))
    return {"first_s": times[0], "warm_s": times[1:], "peak_mb": peaks[0], "warm_peak_mb": peaks[-1]}


def time_export(tool: str, patient: Path, runs: int, path: Path, masks: Path) -> dict[str, Any]:
    """As time_import; opening the series is timed apart, and once more before every run."""
    open_series, write = EXPORTS[tool](patient, load_masks(masks))
    times: list[float] = []
    opening: list[float] = []
    peaks: list[float] = []
    for _ in range(runs + 1):
        path.unlink(missing_ok=True)
        gc.collect()
        started = time.perf_counter()
        opened = open_series()
        opening.append(time.perf_counter() - started)
        memory = Memory(of_child=tool.startswith("plastimatch"))
        started = time.perf_counter()
        write(opened, path)
        times.append(time.perf_counter() - started)
        peaks.append(memory.peak_mb())
    seconds = {"first_s": times[0], "warm_s": times[1:], "opening_s": opening[1:]}
    return {**seconds, "peak_mb": peaks[0], "warm_peak_mb": peaks[-1]}


class Memory:
    """Peak of resident memory over what is resident now, imports included; of a child process the whole."""

    def __init__(self, *, of_child: bool) -> None:
        self._of_child = of_child
        gc.collect()
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # Linux: the high-water mark falls to what is resident now
        self._start_kb = _status_kb("VmRSS")

    def peak_mb(self) -> float:
        """The peak since the start."""
        # ru_maxrss of this process would not do: after vfork and exec it starts at the peak of the parent.
        own_kb = _status_kb("VmHWM") - self._start_kb
        peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if self._of_child else own_kb
        return peak_kb * 1024 / 1e6


def _status_kb(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def save_masks(path: Path, masks: Masks) -> None:
    """Masks by name, eight voxels a byte."""
    packed: dict[str, Any] = {f"packed_{n}": np.packbits(mask != 0) for n, mask in enumerate(masks.values())}
    shapes: dict[str, Any] = {f"shape_{n}": np.array(mask.shape) for n, mask in enumerate(masks.values())}
    np.savez(path, names=np.array(list(masks), dtype=str), **packed, **shapes)


def load_masks(path: Path) -> Masks:
    """What save_masks saved."""
    with np.load(path) as saved:
        masks = {}
        for n, name in enumerate(saved["names"]):
            shape = tuple(saved[f"shape_{n}"])
            bits = np.unpackbits(saved[f"packed_{n}"], count=int(np.prod(shape)))
            masks[str(name)] = bits.reshape(shape).astype(bool)
        return masks


def read_mha(path: Path) -> np.ndarray:
    """Voxels (columns, rows, slices) of an uncompressed MetaImage of bytes."""
    header, marker, voxels = path.read_bytes().partition(b"ElementDataFile = LOCAL\n")
    if not marker or b"MET_UCHAR" not in header:
        raise ValueError(f"{path.name}: expected uncompressed bytes behind the header")
    size = next(line.split(b"=")[1] for line in header.splitlines() if line.startswith(b"DimSize"))
    return np.frombuffer(voxels, np.uint8).reshape([int(n) for n in size.split()], order="F")


def mha_header(patient: Path) -> str:
    """The geometry of PATIENT for a MetaImage, taken from what rtstruct.py wrote beside it."""
    grid = json.loads((patient / "grid.json").read_text())
    origin, spacing = (" ".join(map(str, grid[key])) for key in ("origin_mm", "spacing_mm"))
    return (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        f"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {origin}\nElementSpacing = {spacing}\n"
    )


def probe() -> dict[str, str]:
    """Version of every package here that is one of the tools."""
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def main() -> None:
    kind, *rest = sys.argv[1:]
    if kind == "probe":
        answer: dict[str, Any] = probe()
    elif kind == "import":
        answer = time_import(rest[0], Path(rest[1]), int(rest[2]), Path(rest[3]) if rest[3:] else None)
    else:
        answer = time_export(rest[0], Path(rest[1]), int(rest[2]), Path(rest[3]), Path(rest[4]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
