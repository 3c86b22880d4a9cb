"""read_hu and check_image: the CT of a case, for pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.datasets import read_grid, read_image
from rtcontour.errors import Finding, GeometryError, InputFileError, deliver
from rtcontour.evaluation.inputs.case import CaseFiles, with_case
from rtcontour.evaluation.inputs.describe import tell_apart
from rtcontour.grid import Grid

# Functions below import what reads DICOM, which takes long to load, only where a CT is DICOM.


def read_hu(files: CaseFiles, *, findings: list[Finding] | None = None) -> tuple[NDArray[np.int16], Grid]:
    """The CT of a case as int16 HU (i, j, k), Fortran-ordered, and its grid.

    Args:
        files: a case whose `image` is a NIfTI file or a folder of DICOM slices.
        findings: gets what was odd in the CT; logged where it is None.

    Raises:
        InputFileError: no image is known, or it cannot be read.
        GeometryError: slices that do not make a stack.
    """
    if files.image is None:
        raise InputFileError(f"{files.path}: its CT is not known; name it with --ct")
    if files.image.is_file():
        return read_image(files.image, findings=findings)
    from rtcontour.dicom import read_ct_series
    from rtcontour.evaluation.inputs.structure_set import odd_of_ct, series_of

    ct: Any = read_ct_series(files.image, series_uid=series_of(files))
    deliver(with_case(files, odd_of_ct(files, ct)), findings)
    return ct.hu, ct.grid


def check_image(files: CaseFiles, grid: Grid) -> None:
    """Refuse a CT that is not on a grid, such as that of the contours; only its headers are read.

    Args:
        files: a case whose `image` is a NIfTI file or a folder of DICOM slices.
        grid: where it should be.

    Raises:
        InputFileError: no image is known, or it cannot be read.
        GeometryError: it is on another grid, or its slices do not make a stack.
    """
    found = _grid_of(files)
    if not found.matches(grid):
        raise GeometryError(
            f"{files.name}: the CT {files.image} is not on the grid of {files.path}: {tell_apart(found, grid)}; name "
            "the CT that was contoured with --ct"
        )


def _grid_of(files: CaseFiles) -> Grid:
    if files.image is None:
        raise InputFileError(f"{files.path}: its CT is not known; name it with --ct")
    if files.image.is_file():
        return read_grid(files.image)
    from rtcontour.dicom import read_ct_geometry
    from rtcontour.evaluation.inputs.structure_set import series_of

    return read_ct_geometry(files.image, series_uid=series_of(files)).grid
