"""Whether the contours of a structure set lie in a CT, told from the positions of its slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rtcontour.dicom.archive import CtFound

OPEN_KINDS = frozenset({"POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"})  # isocentres and lines may lie anywhere
ON_SLICE = 0.25  # of the slice spacing: contours between two slices were drawn on another scan
LONE_SLICE_MM = 1.0  # stands for half a spacing where there is one slice


@dataclass(frozen=True)
class Place:
    """How contours lie in a CT.

    Attributes:
        off: how many are outside the scanned volume or between slices.
        distance_mm: the mean distance of a contour from the nearest slice, missing ones counted.
    """

    off: int
    distance_mm: float


def closed_contours(path: Path) -> list[NDArray[np.float64]]:
    """(n, 3) LPS points of each closed contour of an RTSTRUCT, in mm.

    Raises:
        InputFileError: it cannot be read.
    """
    from rtcontour.dicom import read_structure_set

    contours = [contour for roi in read_structure_set(path).rois for contour in roi.contours]
    return [one.points_mm for one in contours if len(one.points_mm) > 2 and one.kind not in OPEN_KINDS]


def place_on(contours: Sequence[NDArray[np.float64]], ct: CtFound) -> Place:
    """Where one or more contours lie: by the mean of its points, each is inside the image and near a slice, or off."""
    centres = np.stack([points.mean(axis=0) for points in contours]) @ np.array(ct.axes).T
    spacing = ct.spacing_mm
    margin = np.array([0, 0, spacing / 2 if spacing else LONE_SLICE_MM])
    inside = np.all((centres >= np.array(ct.low_mm) - margin) & (centres <= np.array(ct.high_mm) + margin), axis=1)
    distance = _distance_mm(centres[:, 2], np.array(ct.depths_mm), spacing)
    near = distance <= (spacing * ON_SLICE if spacing else LONE_SLICE_MM)
    return Place(int(np.count_nonzero(~(inside & near))), float(distance.mean()))


def _distance_mm(depths: NDArray[np.float64], slices: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """From the nearest slice, or from the nearest place where an even stack has one: a slice may be missing."""
    above = np.clip(np.searchsorted(slices, depths), 0, slices.size - 1)
    below = np.maximum(above - 1, 0)
    distance = np.minimum(np.abs(slices[above] - depths), np.abs(slices[below] - depths))
    if not spacing:
        return distance
    steps = (depths - slices[0]) / spacing
    return np.minimum(distance, np.abs(steps - np.rint(steps)) * spacing)
