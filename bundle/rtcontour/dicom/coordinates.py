"""Contour Data: decimal strings of the file to millimetres and back, in bulk.

pydicom makes an object of every number; a structure set holds hundreds of thousands of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.dicom.dicom_file import NotUnderstood, stored_bytes
from rtcontour.errors import OutputError

DECIMALS = 2  # 0.01 mm is far below what contouring resolves
LONGEST_DECIMAL_STRING = 16  # DICOM PS3.5 6.2, DS
SEPARATOR = b"\\"
PADDING = b" \0"


def read_numbers(item: Dataset, keyword: str) -> NDArray[np.float64]:
    """The numbers of one element with a text representation (DS, IS); (0,) if it is absent or empty.

    Raises:
        NotUnderstood: text that is no finite number.
    """
    return _parse(_stored_text(item, keyword).strip(PADDING), keyword)


def _parse(stored: bytes, keyword: str) -> NDArray[np.float64]:
    if not stored:
        return np.empty(0)
    try:
        values = np.array(stored.split(SEPARATOR), np.float64)
    except ValueError as error:
        raise NotUnderstood(f"{keyword} holds text that is no number") from error
    if not np.isfinite(values).all():
        raise NotUnderstood(f"{keyword} holds a number that is not finite")
    return values


def _stored_text(item: Dataset, keyword: str) -> bytes:
    """The value as it stands in the file; where pydicom has decoded it already, as it stood there."""
    stored = stored_bytes(item, keyword)
    if stored is not None:
        return stored
    value = item[keyword].value
    values = [value] if isinstance(value, str | int | float) else value or ()
    return SEPARATOR.join(str(number).encode() for number in values)


def read_points_mm(items: Sequence[Dataset]) -> list[NDArray[np.float64]]:
    """(n, 3) LPS points of each contour item; (0, 3) for one that holds none.

    Raises:
        ContourDataError: text that is no finite number, or a count that is no multiple of three.
    """
    stored = [_stored_text(item, "ContourData").strip(PADDING + SEPARATOR) for item in items]
    counts = [text.count(SEPARATOR) + 1 if text else 0 for text in stored]
    wrong = next((n for n, count in enumerate(counts) if count % 3), None)
    if wrong is not None:
        raise ContourDataError(wrong, f"{counts[wrong]} coordinates, expected a multiple of three (x, y, z)")
    try:
        values = _parse(SEPARATOR.join(filter(None, stored)), "ContourData")
    except NotUnderstood:
        _name_the_contour(stored)
        raise
    return np.split(values.reshape(-1, 3), np.cumsum(counts)[:-1] // 3) if items else []


def _name_the_contour(stored: Sequence[bytes]) -> None:
    """Find which of the contours cannot be read: looked for only when one of them is known to be broken."""
    for n, text in enumerate(stored):
        try:
            _parse(text, "ContourData")
        except NotUnderstood as error:
            raise ContourDataError(n, str(error)) from error


class ContourDataError(NotUnderstood):
    """Contour Data that are no coordinates.

    Attributes:
        contour: which of the contours, from 0.
    """

    def __init__(self, contour: int, message: str) -> None:
        super().__init__(message)
        self.contour = contour


def decimal_strings(points_mm: NDArray[np.float64]) -> list[str]:
    """The coordinates of (n, 3) LPS points as 3 n decimal strings, to 0.01 mm and without needless zeros.

    Raises:
        OutputError: a coordinate too long for a decimal string, so no coordinate of a patient.
    """
    values = np.asarray(points_mm, np.float64).ravel()
    farthest = float(np.abs(values).max(initial=0.0))
    if not (np.isfinite(farthest) and len(f"-{farthest:.{DECIMALS}f}") <= LONGEST_DECIMAL_STRING):
        raise OutputError(f"a contour reaches {farthest:g} mm; expected patient coordinates in mm: check the grid")
    # Few coordinates are new: the points of a slice share their z, and those of a column or row their x or y.
    hundredths, which = np.unique(np.rint(values * 10**DECIMALS).astype(np.int64), return_inverse=True)
    texts = np.array([_decimal(number) for number in hundredths.tolist()], object)
    return texts[which].tolist() if texts.size else []


def _decimal(hundredths: int) -> str:
    text = f"{hundredths / 10**DECIMALS:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return text or "0"
