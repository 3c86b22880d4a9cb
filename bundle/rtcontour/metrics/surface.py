"""Surface voxels, and the distances between the surfaces of two masks."""

from __future__ import annotations

from dataclasses import dataclass

import edt
import numpy as np
from numpy.typing import NDArray

PERCENTILE = 95.0


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """The two directed sets of distances between two surfaces, in mm; neither is empty.

    Attributes:
        from_predicted: for each surface voxel predicted, the distance to the nearest one of the truth.
        from_truth: for each surface voxel of the truth, the distance to the nearest one predicted.
    """

    from_predicted: NDArray[np.float64]
    from_truth: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean of the two directed means (Sartor 2020)."""
        return float(self.from_predicted.mean() + self.from_truth.mean()) / 2

    @property
    def largest(self) -> float:
        """Hausdorff distance."""
        return float(max(self.from_predicted.max(), self.from_truth.max()))

    @property
    def percentile_95(self) -> float:
        """Larger of the two directed 95th percentiles."""
        return float(max(np.percentile(d, PERCENTILE) for d in (self.from_predicted, self.from_truth)))

    @property
    def percentile_95_pooled(self) -> float:
        """95th percentile of both sets together (Geng 2024)."""
        return float(np.percentile(np.concatenate([self.from_predicted, self.from_truth]), PERCENTILE))


def surface_distances(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> SurfaceDistances:
    """Distances between voxel centres of two surfaces, both ways.

    Args:
        predicted: bool (i, j, k), not empty; beyond the array is outside.
        truth: the same shape, not empty.
        spacing_mm: distance between voxel centres along i, j and k.
    """
    predicted_surface, truth_surface = surface_voxels(predicted), surface_voxels(truth)
    return SurfaceDistances(
        _distance_to(truth_surface, spacing_mm)[predicted_surface].astype(np.float64),
        _distance_to(predicted_surface, spacing_mm)[truth_surface].astype(np.float64),
    )


def surface_voxels(inside: NDArray[np.bool_], axes: tuple[int, ...] = (0, 1, 2)) -> NDArray[np.bool_]:
    """Voxels inside with at least one face neighbour outside; beyond the array is outside.

    Args:
        inside: bool, any shape.
        axes: along which neighbours are looked at; (0, 1) gives the boundary pixels of each slice.

    Returns:
        bool, the shape of `inside`; all False for an empty mask.
    """
    core = inside.copy(order="K")
    for axis in axes:
        along, kept = np.moveaxis(inside, axis, 0), np.moveaxis(core, axis, 0)
        kept[0] = kept[-1] = False
        kept[1:] &= along[:-1]
        kept[:-1] &= along[1:]
    return inside & ~core


def _distance_to(surface: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.float32]:
    """Distance in mm of every voxel centre to the nearest surface voxel's."""
    return edt.edt(~surface, anisotropy=spacing_mm)
