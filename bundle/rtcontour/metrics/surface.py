"""The distances between the surfaces of two masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.metrics.joint_box import SURFACE, JointBox, Side
from rtcontour.metrics.nearest import Spacing, distances_mm

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


def surface_distances(box: JointBox, spacing_mm: Spacing) -> SurfaceDistances:
    """Distances between voxel centres of the two surfaces, both ways; neither mask is empty.

    Args:
        box: the two masks, with the margin of `steps_around`.
        spacing_mm: distance between voxel centres along i, j and k.
    """
    to_predicted, to_truth = SURFACE
    return SurfaceDistances(
        _directed_mm(box, box.predicted, to_truth, spacing_mm), _directed_mm(box, box.truth, to_predicted, spacing_mm)
    )


def _directed_mm(box: JointBox, side: Side, mark: int, spacing_mm: Spacing) -> NDArray[np.float64]:
    """The distances of a side's surface voxels; those on both surfaces come last, with 0."""
    distances = np.zeros(side.surface_voxels)
    distances[: len(side.own_surface)] = distances_mm(box, side.own_surface, mark, spacing_mm)
    return distances
