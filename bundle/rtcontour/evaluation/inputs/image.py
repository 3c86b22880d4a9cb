"""read_hu: the CT of a case, for pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.datasets import read_image
from rtcontour.dicom import read_ct_series
from rtcontour.errors import Finding, InputFileError
from rtcontour.evaluation.inputs.case import CaseFiles
from rtcontour.evaluation.inputs.structure_set import series_of
from rtcontour.grid import Grid


def read_hu(files: CaseFiles, *, findings: list[Finding] | None = None) -> tuple[NDArray[np.int16], Grid]:
    """The CT of a case as int16 HU (i, j, k), Fortran-ordered, and its grid.

    Args:
        files: a case whose `image` is a NIfTI file or a folder of DICOM slices.
        findings: gets what was odd in a NIfTI file; logged where it is None.

    Raises:
        InputFileError: no image is known, or it cannot be read.
        GeometryError: slices that do not make a stack.
    """
    if files.image is None:
        raise InputFileError(f"{files.path}: its CT is not known; name it with --ct")
    if files.image.is_file():
        return read_image(files.image, findings=findings)
    ct: Any = read_ct_series(files.image, series_uid=series_of(files))
    return ct.hu, ct.grid
