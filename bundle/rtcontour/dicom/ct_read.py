"""Read a CT series: geometry from the headers, Hounsfield units from the pixels."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from rtcontour.dicom.ct_geometry import read_ct_geometry
from rtcontour.dicom.ct_scan import READING_THREADS
from rtcontour.dicom.ct_series import CtGeometry, CtSeries
from rtcontour.dicom.dicom_file import BROKEN_BYTES, quiet_pydicom, read_dicom, understood
from rtcontour.dicom.hounsfield import to_hu
from rtcontour.errors import Finding, InputFileError


@quiet_pydicom()
def read_ct_series(folder: str | Path, *, series_uid: str | None = None) -> CtSeries:
    """Read a CT series from a folder of DICOM files.

    Args:
        folder: walked recursively; whatever is not a CT slice is counted in a finding.
        series_uid: which series; None if the folder holds only one.

    Returns:
        The series, k ascending along the slice normal, hu (columns, rows, slices) int16.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a slice that cannot be read.
        GeometryError: slices of different size or orientation, two at one position, one missing, or sheared.
    """
    geometry = read_ct_geometry(folder, series_uid=series_uid)
    hu = np.empty(geometry.grid.shape, np.int16, order="F")
    rounded_slices = 0
    with ThreadPoolExecutor(READING_THREADS) as pool:
        for k, (slice_hu, rounded) in enumerate(pool.map(_read_slice, geometry.paths)):
            hu[:, :, k] = slice_hu
            rounded_slices += rounded
    findings = _rounding(rounded_slices, Path(folder).name)
    return with_voxels(geometry, hu, findings)


def with_voxels(geometry: CtGeometry, hu: NDArray[np.int16], findings: tuple[Finding, ...] = ()) -> CtSeries:
    """The series of this geometry with these voxels (columns, rows, slices)."""
    known = {field.name: getattr(geometry, field.name) for field in dataclasses.fields(geometry)}
    return CtSeries(**{**known, "hu": hu, "findings": (*geometry.findings, *findings)})


def _rounding(slices: int, subject: str) -> tuple[Finding, ...]:
    if not slices:
        return ()
    return (Finding("hu-rounded", f"{slices} slices hold fractions of a Hounsfield unit", "note", subject),)


def _read_slice(path: Path) -> tuple[NDArray[np.int16], bool]:
    """(columns, rows) Hounsfield units of one file, and whether they were rounded."""
    dataset = read_dicom(path)
    stored = _decode(dataset, path)
    if stored.ndim != 2:
        raise InputFileError(f"{path}: pixels have shape {stored.shape}, expected rows x columns; export plain slices")
    with understood(path):
        slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None:
        raise InputFileError(f"{path}: has no Rescale Slope and Intercept, so its values are no HU; export it again")
    return to_hu(stored.T, float(slope), float(intercept), path)


def _decode(dataset: FileDataset, path: Path) -> NDArray[np.generic]:
    """(rows, columns) stored values: the one place where an array is in pydicom's order."""
    try:
        return dataset.pixel_array
    except RuntimeError as error:  # pydicom's word for "no decoder for this transfer syntax"
        raise InputFileError(
            f"{path}: pixels are compressed ({dataset.file_meta.TransferSyntaxUID.name}) and could not be decoded; "
            "install pylibjpeg with its plugins, or decompress the series (gdcmconv --raw)"
        ) from error
    except BROKEN_BYTES as error:
        raise InputFileError(f"{path}: has broken or incomplete pixels; export or copy the file again") from error
