"""compare_labels: all scores of all structures of one case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.mask import tight_box
from rtcontour.metrics.added_path import added_path_length_mm
from rtcontour.metrics.scores import Outcome, StructureScores
from rtcontour.metrics.surface import surface_distances
from rtcontour.metrics.surface_elements import surface_dice
from rtcontour.structures import tolerance_of

Spacing = tuple[float, float, float]
Labels = NDArray[np.integer] | Mapping[str, NDArray[np.bool_]]


def compare_labels(
    predicted: Labels,
    truth: Labels,
    spacing_mm: Spacing,
    names: Mapping[str, int],
    *,
    annotated: Collection[str] | None = None,
) -> dict[str, StructureScores]:
    """Score every named structure of one case; definitions are those of `StructureScores`.

    Args:
        predicted: an integer label map (i, j, k), or {name: bool array}, whose structures may overlap. A name that
            the latter lacks was not predicted.
        truth: the same, of the same shape. A name that a mapping lacks was not contoured.
        spacing_mm: distance between voxel centres along i, j and k.
        names: {name: label value}; values are looked at for label maps only.
        annotated: the structures that somebody contoured in the truth; None means all. Others are "not contoured",
            and names that are not in `names` are of no account.

    Returns:
        One record a name, in the order of `names`. An empty array gives "missed", "false organ" or "both empty".

    Raises:
        GeometryError: arrays that are not 3D, of one shape and of integers or bools, or an impossible spacing.
    """
    shape, spacing = _common_shape(predicted, truth), _checked_spacing(spacing_mm)
    if annotated is None:
        annotated = list(truth) if isinstance(truth, Mapping) else list(names)
    scores = {}
    for name, value in names.items():
        found = _inside(predicted, name, value, shape)
        if name in annotated:
            scores[name] = _compare_masks(found, _inside(truth, name, value, shape), spacing, tolerance_of(name))
        else:
            scores[name] = StructureScores("not contoured", _volume_cc(_count(found), spacing))
    return scores


def _compare_masks(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Spacing, tolerance_mm: float
) -> StructureScores:
    size, box = predicted.size, tight_box(predicted | truth)
    # Beyond this box nothing is inside, so surfaces and distances within it are those of the whole volume.
    predicted, truth = predicted[box], truth[box]
    scores = _overlap_scores(predicted, truth, size, spacing_mm)
    if scores.outcome == "both empty":
        return scores
    path_mm = added_path_length_mm(predicted, truth, spacing_mm)
    if scores.outcome != "compared":
        return replace(scores, surface_dice=0.0, added_path_length_mm=path_mm)
    distances = surface_distances(predicted, truth, spacing_mm)
    return replace(
        scores,
        msd_mm=distances.mean,
        hd_mm=distances.largest,
        hd95_mm=distances.percentile_95,
        hd95_pooled_mm=distances.percentile_95_pooled,
        surface_dice=surface_dice(predicted, truth, spacing_mm, tolerance_mm),
        added_path_length_mm=path_mm,
        centroid_shift_mm=_centroid_shift_mm(predicted, truth, spacing_mm),
    )


def _overlap_scores(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], size: int, spacing_mm: Spacing
) -> StructureScores:
    """What follows from counting voxels alone; `size` is the number of voxels of the whole volume."""
    tp = _count(predicted & truth)
    fp, fn = _count(predicted) - tp, _count(truth) - tp
    tn = size - tp - fp - fn
    return StructureScores(
        outcome=_outcome(tp + fp, tp + fn),
        volume_cc=_volume_cc(tp + fp, spacing_mm),
        truth_volume_cc=_volume_cc(tp + fn, spacing_mm),
        volume_error=_ratio(fp - fn, tp + fn),
        dice=_ratio(2 * tp, 2 * tp + fp + fn),
        sensitivity=_ratio(tp, tp + fn),
        specificity=_ratio(tn, tn + fp),
        precision=_ratio(tp, tp + fp),
    )


def _centroid_shift_mm(predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Spacing) -> float:
    shift = np.argwhere(predicted).mean(axis=0) - np.argwhere(truth).mean(axis=0)
    return float(np.linalg.norm(shift * spacing_mm))


def _outcome(predicted_voxels: int, truth_voxels: int) -> Outcome:
    if predicted_voxels and truth_voxels:
        return "compared"
    if truth_voxels:
        return "missed"
    return "false organ" if predicted_voxels else "both empty"


def _count(inside: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(inside))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _volume_cc(voxels: int, spacing_mm: Spacing) -> float:
    return voxels * float(np.prod(spacing_mm)) / 1000.0


def _inside(labels: Labels, name: str, value: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if not isinstance(labels, Mapping):
        return np.asarray(labels) == value
    return np.asarray(labels[name]) if name in labels else np.zeros(shape, np.bool_)


def _common_shape(predicted: Labels, truth: Labels) -> tuple[int, ...]:
    shapes = {shape for labels in (predicted, truth) for shape in _checked_shapes(labels)}
    if len(shapes) > 1:
        raise GeometryError(f"predicted and truth have shapes {sorted(shapes)}; resample one to the grid of the other")
    return shapes.pop() if shapes else (0, 0, 0)


def _checked_shapes(labels: Labels) -> list[tuple[int, ...]]:
    if isinstance(labels, Mapping):
        masks = {name: np.asarray(array) for name, array in labels.items()}
        for name, mask in masks.items():
            if mask.ndim != 3 or mask.dtype != np.bool_:
                raise GeometryError(f"mask of {name} is {mask.dtype} {mask.shape}; expected a 3D bool array")
        return [mask.shape for mask in masks.values()]
    label_map = np.asarray(labels)
    if label_map.ndim != 3 or label_map.dtype.kind not in "iu":
        raise GeometryError(f"label map is {label_map.dtype} {label_map.shape}; expected a 3D array of integers")
    return [label_map.shape]


def _checked_spacing(spacing_mm: Spacing) -> Spacing:
    if len(spacing_mm) != 3 or not all(0 < s < np.inf for s in spacing_mm):
        raise GeometryError(f"spacing is {spacing_mm} mm; expected three positive distances")
    i, j, k = (float(s) for s in spacing_mm)
    return i, j, k
