"""Contour Data: decimal strings of the file to millimetres and back, in bulk.

pydicom makes an object of every number; a structure set holds hundreds of thousands of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtcontour.errors import OutputError

DECIMALS = 2  # 0.01 mm is far below what contouring resolves
LONGEST_DECIMAL_STRING = 16  # DICOM PS3.5 6.2, DS


def read_numbers(item: Dataset, keyword: str) -> NDArray[np.float64]:
    """The numbers of one element with a text representation (DS, IS); (0,) if it is absent or empty.

    Raises:
        ValueError: text that is no finite number.
    """
    raw = _stored_text(item, keyword).strip(b" \0")
    if not raw:
        return np.empty(0)
    try:
        values = np.array(raw.split(b"\\"), np.float64)
    except ValueError as error:
        raise ValueError(f"{keyword} holds text that is no number") from error
    if not np.isfinite(values).all():
        raise ValueError(f"{keyword} holds a number that is not finite")
    return values


def _stored_text(item: Dataset, keyword: str) -> bytes:
    """The value as it stands in the file; where pydicom has decoded it already, as it stood there."""
    if keyword not in item:
        return b""
    value = item.get_item(Tag(keyword)).value
    if value is None or isinstance(value, bytes):
        return value or b""
    values = [value] if isinstance(value, str | int | float) else value
    return b"\\".join(str(number).encode() for number in values)


def read_points_mm(item: Dataset) -> NDArray[np.float64]:
    """(n, 3) LPS points of one contour item; (0, 3) if it holds none.

    Raises:
        ValueError: text that is no finite number, or a count that is no multiple of three.
    """
    values = read_numbers(item, "ContourData")
    if values.size % 3:
        raise ValueError(f"{values.size} coordinates, expected a multiple of three (x, y, z)")
    return values.reshape(-1, 3)


def points_element(points_mm: NDArray[np.float64]) -> DataElement:
    """Contour Data of (n, 3) LPS points with two decimals, for a file in Implicit VR.

    Raises:
        OutputError: a coordinate too long for a decimal string, so no coordinate of a patient.
    """
    values = np.round(np.asarray(points_mm, np.float64).ravel(), DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    farthest = float(np.abs(values).max(initial=0.0))
    if not (np.isfinite(farthest) and len(f"-{farthest:.{DECIMALS}f}") <= LONGEST_DECIMAL_STRING):
        raise OutputError(f"a contour reaches {farthest:g} mm; expected patient coordinates in mm: check the grid")
    text = "\\".join([f"%.{DECIMALS}f"] * values.size) % tuple(values.tolist())
    # Implicit VR writes no VR, so bytes declared OB reach the file as they are; declared DS, each would be parsed.
    return DataElement(Tag("ContourData"), "OB", (text + " " * (len(text) % 2)).encode("ascii"))
