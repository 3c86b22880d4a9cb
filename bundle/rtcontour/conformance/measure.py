"""What the suite measures on one structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rtcontour.conformance.cases import Structure
from rtcontour.conformance.even_odd import even_odd
from rtcontour.contours import Contour
from rtcontour.grid import Grid
from rtcontour.mask import Mask

IN_SLICE = np.zeros((3, 3, 3), np.bool_)
IN_SLICE[:, :, 1] = True  # background joins across corners, as the tracing rule has it


@dataclass(frozen=True)
class Measured:
    """One structure of one case: a row of the table. `COLUMNS` says in words what each value means.

    None stands for what has no answer: a structure without a formula, or the centroid of nothing.
    """

    case: str
    structure: str
    truth_volume_cc: float
    exact_volume_cc: float | None
    volume_error_percent: float | None
    exact_volume_error_percent: float | None
    dice: float
    even_odd_differing_voxels: int
    centroid_shift_mm: float | None
    exact_centroid_shift_mm: float | None
    slices: int
    slices_missed: int
    holes: int
    holes_read: int
    import_seconds: float
    contour_volume_error_percent: float | None
    round_trip_differing_voxels: int
    keyhole_differing_voxels: int
    findings: str


COLUMNS = {
    "case": "the scan",
    "structure": "the ROI",
    "truth_volume_cc": "volume of the truth: the voxels whose centre is inside the shape by its formula, or inside the "
    "organ as the synthetic patient was drawn",
    "exact_volume_cc": "volume of the shape by its formula",
    "volume_error_percent": "volume of the imported mask against the truth's voxels",
    "exact_volume_error_percent": "volume of the imported mask against the formula; most of it is what voxels and "
    "slices do to any shape, so it is not judged",
    "dice": "Dice of the imported mask and the truth; 1 where both are empty",
    "even_odd_differing_voxels": "voxels in which the imported mask differs from a brute-force even-odd test of the "
    "stored contours at every voxel centre",
    "centroid_shift_mm": "distance of the imported mask's centroid from that of the truth's voxels",
    "exact_centroid_shift_mm": "distance of the imported mask's centroid from that of the shape by its formula; not "
    "judged, as above",
    "slices": "slices on which the truth has voxels",
    "slices_missed": "those of them on which the imported mask has none",
    "holes": "holes of the truth, counted in every slice",
    "holes_read": "holes of the imported mask",
    "import_seconds": "time from contours to voxels, without reading the file",
    "contour_volume_error_percent": "export: area of the contours written for the truth times the slice distance, "
    "against the volume of its voxels; contours pass half-way between voxel centres and cut each corner, so small "
    "structures lose most; not judged",
    "round_trip_differing_voxels": "voxels that differ after the truth was written as an RTSTRUCT and read again",
    "keyhole_differing_voxels": "the same, with holes joined to the outer contour by keyholes",
    "findings": "codes of what the import found odd",
}


@dataclass(frozen=True, eq=False)
class Imported:
    """What came back from a structure set: the contours as they are stored, the mask, and how long that took."""

    contours: tuple[Contour, ...]
    mask: Mask
    seconds: float


def measure(
    case: str, name: str, structure: Structure, imported: Imported, written: Imported, with_keyholes: Imported
) -> Measured:
    """Compare what was read with what is true.

    Args:
        case: name of the case.
        name: name of the structure.
        structure: the truth.
        imported: the structure read from its own contours.
        written: the truth, written by this package and read again.
        with_keyholes: the same with keyholes.
    """
    truth, mask, shape = structure.truth, imported.mask, structure.shape
    exact_cc = None if shape is None else shape.volume_mm3 / 1000
    exact_centroid = None if shape is None else np.asarray(shape.centroid) @ _axes(truth.grid) + truth.grid.origin_mm
    true_slices, read_slices = _slices(truth), _slices(mask)
    return Measured(
        case=case,
        structure=name,
        truth_volume_cc=truth.volume_cc,
        exact_volume_cc=exact_cc,
        volume_error_percent=_percent(mask.volume_cc, truth.volume_cc),
        exact_volume_error_percent=None if exact_cc is None else _percent(mask.volume_cc, exact_cc),
        dice=dice(mask.full(), truth.full()),
        even_odd_differing_voxels=_differing(mask, even_odd(imported.contours, mask.grid)),
        centroid_shift_mm=_distance(centroid_mm(mask), centroid_mm(truth)),
        exact_centroid_shift_mm=_distance(centroid_mm(mask), exact_centroid),
        slices=int(true_slices.sum()),
        slices_missed=int(np.sum(true_slices & ~read_slices)),
        holes=count_holes(truth),
        holes_read=count_holes(mask),
        import_seconds=imported.seconds,
        contour_volume_error_percent=_percent(contour_volume_cc(written.contours, truth.grid), truth.volume_cc),
        round_trip_differing_voxels=_differing(written.mask, truth.full()),
        keyhole_differing_voxels=_differing(with_keyholes.mask, truth.full()),
        findings=" ".join(sorted({finding.code for finding in mask.findings})),
    )


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice of two arrays of one shape; 1 where both are empty."""
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return float(2 * np.count_nonzero(one & other) / total) if total else 1.0


def centroid_mm(mask: Mask) -> NDArray[np.float64] | None:
    """Mean position of the voxel centres, (3,) in LPS mm; None of an empty mask."""
    if not mask.voxel_count:
        return None
    index = np.argwhere(mask.voxels).mean(axis=0) + mask.start
    centroid: NDArray[np.float64] = (index * mask.grid.spacing_mm) @ _axes(mask.grid) + mask.grid.origin_mm
    return centroid


def count_holes(mask: Mask) -> int:
    """Pieces of background that a slice of the mask encloses, over all slices."""
    if not mask.voxel_count:
        return 0
    background = np.pad(~mask.voxels, ((1, 1), (1, 1), (0, 0)), constant_values=True)
    _, pieces = ndimage.label(background, IN_SLICE)
    return int(pieces) - mask.voxels.shape[2]  # on every slice one piece is what surrounds the structure


def contour_volume_cc(contours: Sequence[Contour], grid: Grid) -> float:
    """Area of contours, of which holes run the other way round, times the distance of the slices."""
    area_mm2 = 0.0
    for contour in contours:
        in_scan_mm = (contour.points_mm - grid.origin_mm) @ _axes(grid).T
        u, v = (in_scan_mm[:, :2] - in_scan_mm[0, :2]).T
        area_mm2 += float(np.sum(u * np.roll(v, -1) - np.roll(u, -1) * v)) / 2
    return abs(area_mm2) * grid.spacing_mm[2] / 1000


def _axes(grid: Grid) -> NDArray[np.float64]:
    return np.asarray(grid.direction, np.float64)


def _slices(mask: Mask) -> NDArray[np.bool_]:
    """Bool, one value a slice of the grid: whether the mask has a voxel there."""
    there = np.zeros(mask.grid.shape[2], np.bool_)
    there[mask.box[2]] = mask.voxels.any(axis=(0, 1))
    return there


def _differing(mask: Mask, expected: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask.full() != expected))


def _percent(value: float, of: float) -> float | None:
    return 100 * (value / of - 1) if of else None


def _distance(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> float | None:
    return None if one is None or other is None else float(np.linalg.norm(one - other))
