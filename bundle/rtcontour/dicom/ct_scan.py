"""Find the CT slices of a folder and choose one series among them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage

from rtcontour.dicom.dicom_file import announced_sop_class, is_dicom, quiet_pydicom, read_dicom, understood
from rtcontour.errors import Finding, InputFileError

READING_THREADS = 8  # archives lie on network disks: waiting overlaps


@dataclass(frozen=True, eq=False)
class CtImage:
    """The header of one CT slice.

    Attributes:
        path: its file.
        series_uid: Series Instance UID.
        shape: (columns, rows).
        position_mm: (3,) patient position of the centre of the first voxel.
        axes: (2, 3) directions along a row and along a column.
        spacing_mm: (between columns, between rows), the order of i and j.
        header: all attributes but the pixels.
    """

    path: Path
    series_uid: str
    shape: tuple[int, int]
    position_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]
    header: Dataset = field(repr=False)


def find_ct_images(folder: str | Path, series_uid: str | None) -> tuple[list[CtImage], list[Finding]]:
    """The slices of one CT series, in no particular order, anywhere below the folder.

    Args:
        folder: walked recursively; files that are not CT slices are counted in a finding.
        series_uid: which series; None if the folder holds only one.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a slice that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise InputFileError(f"{folder}: {found}; give the folder that holds the CT slices")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(READING_THREADS) as pool:
        headers = list(pool.map(_read_header, files))
    slices = [(path, header) for path, header in zip(files, headers, strict=True) if _is_ct(header)]
    images = [_parse(path, header) for path, header in slices if header is not None and not _is_localizer(header)]
    if not images:
        raise InputFileError(f"{folder}: {_instead_of_ct(headers)}; give the folder that holds the CT slices")
    findings = _count_skipped(folder, others=len(files) - len(slices), localizers=len(slices) - len(images))
    return _choose_series(folder, images, series_uid), findings


@quiet_pydicom()
def find_ct_folders(folder: str | Path) -> list[Path]:
    """The folders, this one and all below it, in which CT slices lie, in order of their names.

    Raises:
        InputFileError: a file that cannot be opened, or a broken one that may be a slice.
    """
    folders: dict[Path, list[Path]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            folders.setdefault(path.parent, []).append(path)
    return sorted(path for path, files in folders.items() if any(_is_slice(_read_header(file)) for file in files))


def depths_mm(images: Iterable[CtImage]) -> NDArray[np.float64]:
    """(n,) position of each slice along the normal of the first, in mm."""
    images = list(images)
    normal = np.cross(*images[0].axes)
    return np.stack([image.position_mm for image in images]) @ normal


def _read_header(path: Path) -> Dataset | None:
    """None for what is not DICOM, and for a broken file that says it is something else than CT."""
    if not is_dicom(path):
        return None
    try:
        return read_dicom(path, pixels=False)
    except InputFileError:
        if announced_sop_class(path) in (None, CTImageStorage):
            raise
        return None


def _is_ct(header: Dataset | None) -> bool:
    return header is not None and header.get("SOPClassUID") == CTImageStorage


def _is_slice(header: Dataset | None) -> bool:
    return header is not None and _is_ct(header) and not _is_localizer(header)


def _is_localizer(header: Dataset) -> bool:
    return "LOCALIZER" in (header.get("ImageType") or ())


def _instead_of_ct(headers: list[Dataset | None]) -> str:
    found = sorted({str(header.get("Modality") or "unknown") for header in headers if header is not None})
    if any(header is not None and header.get("SOPClassUID") == EnhancedCTImageStorage for header in headers):
        return "holds enhanced (multi-frame) CT, which is not read; convert it to one file a slice"
    return f"no CT slices ({len(headers)} files" + (f"; DICOM modalities there: {', '.join(found)})" if found else ")")


def _parse(path: Path, header: Dataset) -> CtImage:
    with understood(path):
        rows, columns = (int(_numbers(path, header, name, 1)[0]) for name in ("Rows", "Columns"))
        between_rows, between_columns = _numbers(path, header, "PixelSpacing", 2)
        return CtImage(
            path=path,
            series_uid=str(header.get("SeriesInstanceUID") or ""),
            shape=(columns, rows),
            position_mm=_numbers(path, header, "ImagePositionPatient", 3),
            axes=_perpendicular(_numbers(path, header, "ImageOrientationPatient", 6).reshape(2, 3)),
            spacing_mm=np.array([between_columns, between_rows]),
            header=header,
        )


def _numbers(path: Path, header: Dataset, keyword: str, count: int) -> NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(header.get(keyword) or [], np.float64))
    if len(values) != count or not np.isfinite(values).all():
        raise InputFileError(f"{path}: {keyword} has {len(values)} numbers, expected {count}; export the CT again")
    return values


def _perpendicular(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same directions as exact unit vectors: headers write cosines with a few digits.

    Directions that are far from perpendicular stay as they are, for the grid to refuse.
    """
    lengths = np.linalg.norm(axes, axis=1)
    if abs(np.dot(*axes)) > 1e-3 or np.abs(lengths - 1).max() > 1e-3:
        return axes
    row = axes[0] / lengths[0]
    column = axes[1] - np.dot(axes[1], row) * row
    return np.stack([row, column / np.linalg.norm(column)])


def _choose_series(folder: Path, images: list[CtImage], series_uid: str | None) -> list[CtImage]:
    series: dict[str, list[CtImage]] = {}
    for image in images:
        series.setdefault(image.series_uid, []).append(image)
    wanted = series_uid if series_uid is not None or len(series) > 1 else images[0].series_uid
    if wanted in series:
        return series[wanted]
    there = "; ".join(f"{uid} ({_describe(slices)})" for uid, slices in series.items())
    problem = f"{len(series)} CT series" if wanted is None else f"no CT series {wanted}"
    raise InputFileError(f"{folder}: {problem}; choose with --series UID (series_uid=UID) one of: {there}")


def _describe(images: list[CtImage]) -> str:
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
