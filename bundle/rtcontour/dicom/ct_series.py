"""A CT series: where its slices lie, and their Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.errors import Finding
from rtcontour.grid import Grid


@dataclass(frozen=True, eq=False, kw_only=True)
class CtGeometry:
    """What the headers of a CT series say: enough to rasterise contours and to write a structure set.

    Attributes:
        grid: the voxels; k ascends along the slice normal (row direction x column direction).
        series_uid: Series Instance UID.
        study_uid: Study Instance UID.
        frame_of_reference_uid: None where the headers have none.
        image_uids: SOP Instance UID of the image of each slice, by k; None for a slice that no image shows.
        paths: file of each image, by ascending position along the normal.
        study: patient and study attributes, as a structure set drawn on this CT repeats them.
        findings: what was odd in the folder or the headers.
        frames: frame number of each slice, by k, in an enhanced multi-frame image; () where each slice is a file.
    """

    grid: Grid
    series_uid: str
    study_uid: str
    frame_of_reference_uid: str | None
    image_uids: tuple[str | None, ...] = field(repr=False)
    paths: tuple[Path, ...] = field(repr=False)
    study: Dataset = field(repr=False)
    findings: tuple[Finding, ...] = ()
    frames: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class CtSeries(CtGeometry):
    """A CT series with its voxels.

    Attributes:
        hu: (columns, rows, slices) int16 Hounsfield units, Fortran-ordered, the shape of the grid.
    """

    hu: NDArray[np.int16] = field(repr=False)
