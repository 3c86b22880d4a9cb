"""Find the CT slices of a folder and choose one series among them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcontour.dicom.ct_enhanced import parse_frames
from rtcontour.dicom.ct_headers import CtFile, read_headers
from rtcontour.dicom.ct_image import CtImage, parse_image
from rtcontour.dicom.dicom_file import quiet_pydicom, text
from rtcontour.errors import Finding, InputFileError
from rtcontour.files import require_folder


def find_ct_images(folder: str | Path, series_uid: str | None) -> tuple[list[CtImage], list[Finding]]:
    """The slices of one CT series, in no particular order, anywhere below the folder.

    Args:
        folder: walked recursively; files that are not CT slices are counted in a finding.
        series_uid: which series; None if the folder holds only one.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a slice that cannot be read.
    """
    folder = Path(folder)
    require_folder(folder, "the CT slices")
    read = list(read_headers(sorted(path for path in folder.rglob("*") if path.is_file())))
    files = [file for file in read if isinstance(file, CtFile)]
    slices = [file for file in files if not file.is_localizer]
    if not slices:
        raise InputFileError(f"{folder}: {_instead_of_ct(read)}; give the folder that holds the CT slices")
    findings = _count_skipped(folder, others=len(read) - len(files), localizers=len(files) - len(slices))
    images = [image for file in _choose_series(folder, slices, series_uid) for image in _images_of(file)]
    if not images:
        raise InputFileError(f"{folder}: the series has localizers only; give the folder that holds the CT slices")
    return images, findings


def images_of_files(paths: Iterable[Path]) -> list[CtImage]:
    """The slices of exactly these files, in no particular order.

    Raises:
        InputFileError: no files, one that is no CT slice or cannot be read, or files of several series.
    """
    paths = list(paths)
    if not paths:
        raise InputFileError("no files to read a CT series from; give the files of its slices")
    files = []
    for path, read in zip(paths, read_headers(paths), strict=True):
        if not isinstance(read, CtFile) or read.is_localizer:
            found = read if isinstance(read, str) else "a localizer"
            raise InputFileError(f"{path}: is no CT slice ({found or 'not DICOM'}); give the files of one series")
        files.append(read)
    series = {text(file.header, "SeriesInstanceUID"): file.path for file in files}
    if len(series) > 1:
        where = ", ".join(path.name for path in series.values())
        raise InputFileError(f"{paths[0].parent}: {len(series)} CT series, as of {where}; give the files of one")
    images = [image for file in files for image in _images_of(file)]
    if not images:
        raise InputFileError(f"{paths[0]}: holds localizers only; give the files of one series")
    return images


@quiet_pydicom()
def find_ct_folders(folder: str | Path) -> list[Path]:
    """The folders, this one and all below it, in which CT slices lie, in order of their names; [] where there are none.

    Raises:
        InputFileError: a file that cannot be opened, or a broken one that may be a slice.
    """
    files = read_headers(sorted(path for path in Path(folder).rglob("*") if path.is_file()))
    return sorted({file.path.parent for file in files if isinstance(file, CtFile) and not file.is_localizer})


def depths_mm(images: Iterable[CtImage]) -> NDArray[np.float64]:
    """(n,) position of each slice along the normal of the first, in mm."""
    images = list(images)
    normal = np.cross(*images[0].axes)
    return np.stack([image.position_mm for image in images]) @ normal


def _images_of(file: CtFile) -> list[CtImage]:
    if file.is_enhanced:
        return parse_frames(file.path, file.header, file.pixels_at)
    return [parse_image(file.path, file.header, file.pixels_at)]


def _instead_of_ct(read: list[CtFile | str]) -> str:
    modalities = sorted({what for what in read if isinstance(what, str) and what})
    there = f"; DICOM modalities there: {', '.join(modalities)}" if modalities else ""
    return f"no CT slices ({len(read)} files{there})"


def _choose_series(folder: Path, files: list[CtFile], series_uid: str | None) -> list[CtFile]:
    series: dict[str, list[CtFile]] = {}
    for file in files:
        series.setdefault(text(file.header, "SeriesInstanceUID"), []).append(file)
    wanted = series_uid if series_uid is not None or len(series) > 1 else next(iter(series))
    if wanted in series:
        return series[wanted]
    there = "; ".join(f"{uid} ({_describe(slices)})" for uid, slices in series.items())
    problem = f"{len(series)} CT series" if wanted is None else f"no CT series {wanted}"
    raise InputFileError(f"{folder}: {problem}; choose with --series UID (series_uid=UID) one of: {there}")


def _describe(files: list[CtFile]) -> str:
    try:
        images = [image for file in files for image in _images_of(file)]
    except InputFileError:
        return f"{len(files)} files, of which one cannot be read"
    if len(images) == 1:
        return "1 slice"
    return f"{len(images)} slices, {np.median(np.diff(np.sort(depths_mm(images)))):.4g} mm apart"


def _count_skipped(folder: Path, *, others: int, localizers: int) -> list[Finding]:
    findings = []
    if others:
        findings.append(Finding("files-skipped", f"files that are not CT slices: {others}", "note", folder.name))
    if localizers:
        findings.append(Finding("localizer-skipped", f"localizers among the CT: {localizers}", "note", folder.name))
    return findings
