"""compare_masks and score_structure: all scores of one structure of one case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics.added_path import added_path_length_mm
from rtcontour.metrics.joint_box import JointBox
from rtcontour.metrics.nearest import steps_around
from rtcontour.metrics.scores import Outcome, StructureScores
from rtcontour.metrics.surface import surface_distances
from rtcontour.metrics.surface_elements import surface_dice
from rtcontour.structures import tolerance_of


def score_structure(name: str, predicted: Mask, truth: Mask | None) -> StructureScores:
    """Score a named structure, whose tolerance is that of the structure table.

    Args:
        name: a structure; any name will do.
        predicted: the structure as predicted; empty where it was not.
        truth: the structure as contoured, on the same grid; None where nobody looked for it.

    Raises:
        GeometryError: the masks lie on different grids.
    """
    if truth is None:
        return StructureScores("not contoured", predicted.volume_cc)
    return compare_masks(predicted, truth, tolerance_mm=tolerance_of(name))


def compare_masks(predicted: Mask, truth: Mask, *, tolerance_mm: float) -> StructureScores:
    """Score one structure; definitions are those of `StructureScores`.

    The work is done in the box that holds both masks; none is unfolded to its grid.

    Args:
        predicted: the structure as predicted; empty where it was not.
        truth: the structure as contoured, on the same grid.
        tolerance_mm: the largest distance that counts as agreement in `surface_dice`.

    Returns:
        The scores. "Not contoured" is never among the outcomes: a mask cannot know it.

    Raises:
        GeometryError: the masks lie on different grids.
    """
    grid = truth.grid
    if not predicted.grid.matches(grid):
        raise GeometryError(
            f"predicted mask is on {predicted.grid.shape} voxels of {predicted.grid.spacing_mm} mm, the truth on "
            f"{grid.shape} of {grid.spacing_mm} mm, or elsewhere; resample one to the grid of the other"
        )
    if not (predicted.voxels.any() or truth.voxels.any()):
        return StructureScores("both empty", 0.0, 0.0, specificity=1.0)
    box = JointBox.of(predicted, truth, steps_around(grid.spacing_mm).margin)
    scores = replace(_overlap_scores(box, grid), added_path_length_mm=added_path_length_mm(box, grid.spacing_mm))
    if scores.outcome != "compared":
        return replace(scores, surface_dice=0.0)
    distances = surface_distances(box, grid.spacing_mm)
    shift_mm = _shift_mm(box, grid)
    return replace(
        scores,
        msd_mm=distances.mean,
        hd_mm=distances.largest,
        hd95_mm=distances.percentile_95,
        hd95_pooled_mm=distances.percentile_95_pooled,
        surface_dice=surface_dice(box, grid.spacing_mm, tolerance_mm),
        centroid_shift_mm=float(np.linalg.norm(shift_mm)),
        lateral_bias_mm=float(shift_mm[0]),
        ap_bias_mm=float(shift_mm[1]),
        si_bias_mm=float(shift_mm[2]),
    )


def _overlap_scores(box: JointBox, grid: Grid) -> StructureScores:
    """What follows from counting voxels alone."""
    tp = box.common_voxels
    fp, fn = box.predicted.voxels - tp, box.truth.voxels - tp
    tn = int(np.prod(grid.shape)) - tp - fp - fn
    return StructureScores(
        outcome=_outcome(tp + fp, tp + fn),
        volume_cc=(tp + fp) * grid.voxel_volume_cc,
        truth_volume_cc=(tp + fn) * grid.voxel_volume_cc,
        volume_error=_ratio(fp - fn, tp + fn),
        dice=_ratio(2 * tp, 2 * tp + fp + fn),
        sensitivity=_ratio(tp, tp + fn),
        specificity=_ratio(tn, tn + fp),
        precision=_ratio(tp, tp + fp),
    )


def _shift_mm(box: JointBox, grid: Grid) -> NDArray[np.float64]:
    """Predicted minus true centre of mass, (3,) patient LPS."""
    predicted, truth = (side.index_sums / side.voxels for side in (box.predicted, box.truth))
    return (predicted - truth) * grid.spacing_mm @ np.array(grid.direction)


def _outcome(predicted_voxels: int, truth_voxels: int) -> Outcome:
    if predicted_voxels and truth_voxels:
        return "compared"
    return "missed" if truth_voxels else "false organ"


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
