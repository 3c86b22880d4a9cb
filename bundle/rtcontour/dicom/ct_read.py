"""Read a CT series: geometry from the headers, Hounsfield units from the pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcontour.dicom.ct_geometry import CtStack, stack_ct, stack_images
from rtcontour.dicom.ct_pixels import read_hu
from rtcontour.dicom.ct_scan import images_of_files
from rtcontour.dicom.ct_series import CtGeometry, CtSeries
from rtcontour.dicom.ct_slices import Uneven, interpolate_slices
from rtcontour.dicom.dicom_file import quiet_pydicom
from rtcontour.errors import Finding


@quiet_pydicom()
def read_ct_series(folder: str | Path, *, series_uid: str | None = None, uneven: Uneven = "resample") -> CtSeries:
    """Read a CT series from a folder of DICOM files.

    Args:
        folder: walked recursively; whatever is not a CT slice is counted in a finding.
        series_uid: which series; None if the folder holds only one.
        uneven: what to do where slices are not evenly spaced: "resample" them to the finest regular grid, with a
            finding, or "refuse" them. Slices that are merely missing leave a regular grid, with a finding.

    Returns:
        The series, k ascending along the slice normal, hu (columns, rows, slices) int16. A slice that no image shows
        is interpolated between its neighbours and has None for its UID.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a slice that cannot be read.
        GeometryError: slices of different size or orientation, two at one position, sheared, or refused as uneven.
    """
    return _read_stack(stack_ct(folder, series_uid, uneven), Path(folder))


@quiet_pydicom()
def read_ct_files(paths: Iterable[str | Path], *, uneven: Uneven = "resample") -> CtSeries:
    """Read a CT series from exactly these files, wherever they lie, in any order.

    Args:
        paths: all files of one series, and no others.
        uneven: what to do where slices are not evenly spaced, as in `read_ct_series`.

    Returns:
        The series, as `read_ct_series` would read it from a folder with these files alone.

    Raises:
        InputFileError: no files, one that is no CT slice or cannot be read, or files of several series.
        GeometryError: slices of different size or orientation, two at one position, sheared, or refused as uneven.
    """
    files = sorted(map(Path, paths))
    images, folder = images_of_files(files), files[0].parent
    return _read_stack(stack_images(images, [], folder, uneven), folder)


def _read_stack(found: CtStack, folder: Path) -> CtSeries:
    hu, findings = read_hu(found.images, folder.name)
    if not found.stack.is_complete:
        hu = interpolate_slices(hu, found.stack)
    return with_voxels(found.geometry, hu, findings)


def with_voxels(geometry: CtGeometry, hu: NDArray[np.int16], findings: tuple[Finding, ...] = ()) -> CtSeries:
    """The series of this geometry with these voxels (columns, rows, slices)."""
    known = {field.name: getattr(geometry, field.name) for field in dataclasses.fields(geometry)}
    return CtSeries(**{**known, "hu": hu, "findings": (*geometry.findings, *findings)})
