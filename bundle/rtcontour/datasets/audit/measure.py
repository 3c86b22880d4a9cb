"""CaseMeasures: a case in numbers, all that the checks of the audit look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.datasets.audit.image_measures import ImageMeasures, measure_image
from rtcontour.datasets.audit.structure_measures import StructureMeasures, measure_structure
from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@dataclass(frozen=True)
class CaseMeasures:
    """One case in numbers.

    Attributes:
        shape: columns, rows and slices of the CT.
        spacing_mm: its voxel size.
        image: what is known of the CT.
        structures: structure -> what is known of it, those without a voxel included.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    image: ImageMeasures
    structures: Mapping[str, StructureMeasures]

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """The field of view along i, j and k, whole voxels."""
        i, j, k = (n * step for n, step in zip(self.shape, self.spacing_mm, strict=True))
        return i, j, k

    def to_json(self) -> dict[str, Any]:
        """Plain values, as JSON holds them; `from_json` gives back an equal record, also from what was read."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> CaseMeasures:
        """From what `to_json` gave."""
        i, j, k = entry["shape"]
        di, dj, dk = entry["spacing_mm"]
        structures = {name: StructureMeasures.from_json(one) for name, one in entry["structures"].items()}
        return cls((i, j, k), (di, dj, dk), ImageMeasures.from_json(entry["image"]), structures)


def measure_case(hu: NDArray[np.int16], grid: Grid, masks: Mapping[str, Mask]) -> CaseMeasures:
    """Measure a CT and the structures on it.

    Args:
        hu: (i, j, k) int16 HU, Fortran-ordered.
        grid: its grid.
        masks: structure -> voxels on that grid; empty ones are measured as such.

    Raises:
        GeometryError: the image or a mask lies on another grid.
    """
    if hu.shape != grid.shape:
        raise GeometryError(f"the image has shape {hu.shape}, its grid {grid.shape}; give the grid it was read with")
    for name, mask in masks.items():
        if not mask.grid.matches(grid):
            raise GeometryError(f"mask {name!r} lies on another grid than the image; rasterize it on this one")
    image, body = measure_image(hu, grid)
    structures = {
        name: measure_structure(mask, body, [other for key, other in masks.items() if key != name])
        for name, mask in masks.items()
    }
    i, j, k = (round(float(step), 6) for step in grid.spacing_mm)
    return CaseMeasures(grid.shape, (i, j, k), image, structures)
