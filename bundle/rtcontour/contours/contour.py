"""Contour and Roi: what a structure set says about one structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FARTHEST_MM = 1e6  # a kilometre: no position of a patient


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour of one slice.

    Attributes:
        points_mm: (n, 3) float64, patient LPS in mm; a closed contour does not repeat its first point.
        kind: the DICOM contour geometric type, such as "CLOSED_PLANAR" or "POINT".
        image_uid: SOP Instance UID of the image it was drawn on, where the file names one.
    """

    points_mm: NDArray[np.float64]
    kind: str = "CLOSED_PLANAR"
    image_uid: str | None = None


def is_placed(contour: Contour) -> bool:
    """Whether a contour has points, all of which could be positions of a patient."""
    return len(contour.points_mm) > 0 and bool(np.all(np.abs(contour.points_mm) <= FARTHEST_MM))


@dataclass(frozen=True, eq=False)
class Roi:
    """One region of interest of a structure set, under the file's own name.

    Attributes:
        number: ROI number, unique in its structure set.
        name: as the clinic wrote it.
        contours: every item of the file in its order, points and empty ones too.
        interpreted_type: DICOM RT ROI interpreted type ("ORGAN", "PTV", ...), "" where the file has none.
        color: display colour (red, green, blue), 0 to 255.
    """

    number: int
    name: str
    contours: tuple[Contour, ...]
    interpreted_type: str = ""
    color: tuple[int, int, int] | None = None
