"""What the suite tests: eight known shapes on five scans, and two synthetic patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rtcontour.conformance.shapes import Bifurcation, Box, Ellipsoid, Shape, Tube
from rtcontour.contours import Contour
from rtcontour.grid import Grid
from rtcontour.mask import Mask

if TYPE_CHECKING:
    from rtcontour.phantom import Phantom

SCANS = {
    "axial": Grid((120, 108, 32), (1.0, 1.0, 3.0), (-59.5, -161.3, -402.7)),
    "oblique": Grid(
        (116, 128, 36), (1.1, 0.9, 2.5), (31.4, -12.8, 400.1), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6))
    ),
    "feet-first": Grid((110, 124, 34), (0.977, 0.977, 2.5), (57.2, -66.1, 12.5), ((-1, 0, 0), (0, 1, 0), (0, 0, -1))),
    "non-square": Grid((144, 84, 44), (0.7, 1.3, 2.0), (-49.9, 12.4, -855.0)),
    "anisotropic": Grid((188, 172, 17), (0.5, 0.5, 5.0), (-46.6, -42.8, 97.5)),
}
SARTOR_5 = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn")
OFF_CENTRE_MM = np.array([np.sqrt(2) - 1, 1 - np.sqrt(3), np.pi - 3])  # no shape is symmetrical about a voxel
# Tubes slant, as they do in patients: in an upright one the same voxel would be a near miss on every slice at once.
SLANT = (0.137, -0.091)
SEED = 2020


@dataclass(frozen=True, eq=False)
class Structure:
    """One structure of known truth.

    Attributes:
        truth: the voxels whose centre is inside, by the shape's formula or as the patient was drawn.
        contours: what is written to the structure set: the shape's own cuts, not rounded; None to trace the truth.
        shape: its formula, in scan coordinates; None for an organ of a synthetic patient.
    """

    truth: Mask
    contours: tuple[Contour, ...] | None = None
    shape: Shape | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """A scan with its structures by name; hu is int16 of the grid's shape."""

    name: str
    grid: Grid
    hu: NDArray[np.int16]
    structures: dict[str, Structure]


def shapes_case(name: str) -> Case:
    """The shapes on one of SCANS, in water."""
    grid = SCANS[name]
    structures = {of: known_structure(shape, grid) for of, shape in shapes_on(grid).items()}
    return Case(name, grid, np.zeros(grid.shape, np.int16, order="F"), structures)


def shapes_on(grid: Grid) -> dict[str, Shape]:
    """The eight shapes near the middle of a scan of 84 mm or more each way."""
    spacing = np.asarray(grid.spacing_mm)
    u, v, w = (np.asarray(grid.shape) // 2 * spacing + OFF_CENTRE_MM).tolist()
    line = (np.asarray(grid.shape) // 2 + [0.1, -0.2, 0.1]) * spacing  # holds one column of centres, none half-way
    annulus = Tube((u, v, w), 18.3, _whole_slices(41, grid), SLANT, hole=(2.9, -1.7, 11.1))
    trunk_mm, branch_mm = _whole_slices(17, grid), _whole_slices(24, grid)
    return {
        "Sphere": Ellipsoid((u, v, w), (17.3, 17.3, 17.3)),
        "Ellipsoid": Ellipsoid((u, v, w), (23.9, 12.7, 16.1), tilt_deg=25, turn_deg=35),
        "Tube": Tube((u, v, w), 9.7, _whole_slices(47, grid), SLANT),
        "Annulus": annulus,
        "Keyhole": replace(annulus, keyhole=True),
        "Bifurcation": Bifurcation((u, v, w + spacing[2] / 2), 8.3, trunk_mm, branch_mm, 1.4, SLANT),
        "Voxel_Line": Box(tuple(line.tolist()), tuple((spacing * [1, 1, 9]).tolist())),
        "Tiny_Lens": Ellipsoid((u, v, w), (4.5, 4.5, 2.0)),
    }


def _whole_slices(length_mm: float, grid: Grid) -> float:
    """A length near this one that an odd number of slices fill: volumes and centroids then suffer least from slices."""
    return (2 * round((length_mm / grid.spacing_mm[2] - 1) / 2) + 1) * grid.spacing_mm[2]


def known_structure(shape: Shape, grid: Grid) -> Structure:
    """A shape's voxels, and its contours on every slice of a scan."""
    i, j, k = np.ogrid[tuple(slice(n) for n in grid.shape)]
    inside = shape.contains(i * grid.spacing_mm[0], j * grid.spacing_mm[1], k * grid.spacing_mm[2])
    contours = []
    for w in np.arange(grid.shape[2]) * grid.spacing_mm[2]:
        for section in shape.sections(float(w)):
            in_scan_mm = np.column_stack([section, np.full(len(section), w)])
            # Not by Grid.to_mm, which is among what the suite tests.
            contours.append(Contour(in_scan_mm @ np.asarray(grid.direction) + grid.origin_mm))
    return Structure(Mask.from_array(inside, grid), tuple(contours), shape)


def pelvis_case() -> Case:
    """The five structures of Sartor 2020 in a synthetic pelvis."""
    from rtcontour.phantom import draw_pelvis  # late, since it loads compiled code

    return _patient_case("pelvis", draw_pelvis(SEED, spacing_mm=(1.6, 1.6, 3.0), columns_rows=(256, 224)), SARTOR_5)


def head_neck_case() -> Case:
    """The 28 structures of Tang 2019 in a synthetic head and neck."""
    from rtcontour.phantom import HEAD_NECK_28, draw_head_neck

    drawn = draw_head_neck(SEED, spacing_mm=(1.0, 1.0, 2.5), columns_rows=(256, 272))
    return _patient_case("head and neck", drawn, HEAD_NECK_28)


def _patient_case(name: str, drawn: Phantom, structures: tuple[str, ...]) -> Case:
    return Case(name, drawn.grid, drawn.hu, {of: Structure(drawn.masks[of]) for of in structures})


CASES: dict[str, Callable[[], Case]] = {
    **{name: partial(shapes_case, name) for name in SCANS},
    "pelvis": pelvis_case,
    "head and neck": head_neck_case,
}
