"""CtImage: what the header of one CT slice says, whether it is a file of its own or a frame of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.dicom.coordinates import read_numbers
from rtcontour.dicom.dicom_file import integer_of, text, understood
from rtcontour.errors import InputFileError

NO_HU = frozenset({"OD", "MGML", "Z_EFF", "ED", "EDW", "PCT"})  # other terms of Rescale Type, DICOM PS3.3 C.11.1.1.2


@dataclass(frozen=True, eq=False)
class CtImage:
    """The header of one CT slice.

    Attributes:
        path: its file.
        uid: SOP Instance UID.
        series_uid: Series Instance UID.
        shape: (columns, rows).
        position_mm: (3,) patient position of the centre of the first voxel.
        axes: (2, 3) directions along a row and along a column.
        spacing_mm: (2,) between columns, between rows: the order of i and j.
        rescale: Rescale Slope and Intercept; None where the header has none.
        thickness_mm: Slice Thickness; None where the header has none.
        header: the attributes of the file that are needed, without the pixels.
        pixels_at: where the plain pixel values begin in the file; None where pydicom has to decode them.
        frame: frame number, from 1, in a multi-frame file; None where the slice is a file of its own.
    """

    path: Path
    uid: str
    series_uid: str
    shape: tuple[int, int]
    position_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]
    rescale: tuple[float, float] | None
    thickness_mm: float | None
    header: Dataset = field(repr=False)
    pixels_at: int | None = None
    frame: int | None = None


def parse_image(path: Path, header: Dataset, pixels_at: int | None) -> CtImage:
    """The image of a plain CT file.

    Raises:
        InputFileError: an attribute that places the slice is missing or no number.
    """
    with understood(path):
        between_rows, between_columns = numbers(path, header, "PixelSpacing", 2)
        return CtImage(
            path=path,
            uid=text(header, "SOPInstanceUID"),
            series_uid=text(header, "SeriesInstanceUID"),
            shape=matrix_of(path, header),
            position_mm=numbers(path, header, "ImagePositionPatient", 3),
            axes=perpendicular(numbers(path, header, "ImageOrientationPatient", 6).reshape(2, 3)),
            spacing_mm=np.array([between_columns, between_rows]),
            rescale=rescale_of(path, header),
            thickness_mm=thickness_of(path, header),
            header=header,
            pixels_at=pixels_at,
        )


def matrix_of(path: Path, header: Dataset) -> tuple[int, int]:
    """(columns, rows).

    Raises:
        InputFileError: one of them is missing or not positive.
    """
    columns, rows = integer_of(header, "Columns"), integer_of(header, "Rows")
    if not columns or not rows or min(columns, rows) < 0:
        raise InputFileError(f"{path}: has {columns} columns and {rows} rows, expected numbers; export the CT again")
    return columns, rows


def numbers(path: Path, header: Dataset, keyword: str, count: int) -> NDArray[np.float64]:
    """The (count,) numbers of one element.

    Raises:
        InputFileError: there are more, fewer, or such that are not finite.
    """
    with understood(path):
        values = read_numbers(header, keyword)
    if values.size != count:
        raise InputFileError(f"{path}: {keyword} has {values.size} numbers, expected {count}; export the CT again")
    return values


def rescale_of(path: Path, item: Dataset) -> tuple[float, float] | None:
    """Rescale Slope and Intercept; None where one of them is missing.

    Raises:
        InputFileError: they are no numbers, or lead to something else than Hounsfield units.
    """
    kind = text(item, "RescaleType").upper()
    if kind in NO_HU:
        raise InputFileError(f"{path}: its values are {kind}, not HU; give the series with Hounsfield units")
    if not (text(item, "RescaleSlope") and text(item, "RescaleIntercept")):
        return None
    return float(numbers(path, item, "RescaleSlope", 1)[0]), float(numbers(path, item, "RescaleIntercept", 1)[0])


def thickness_of(path: Path, item: Dataset) -> float | None:
    """Slice Thickness in mm; None where it is missing, empty, or not positive."""
    if not text(item, "SliceThickness"):
        return None
    thickness_mm = float(numbers(path, item, "SliceThickness", 1)[0])
    return thickness_mm if thickness_mm > 0 else None


def perpendicular(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same directions as exact unit vectors: headers write cosines with a few digits.

    Directions that are far from perpendicular stay as they are, for the grid to refuse.
    """
    lengths = np.linalg.norm(axes, axis=1)
    if abs(np.dot(*axes)) > 1e-3 or np.abs(lengths - 1).max() > 1e-3:
        return axes
    row = axes[0] / lengths[0]
    column = axes[1] - np.dot(axes[1], row) * row
    return np.stack([row, column / np.linalg.norm(column)])
