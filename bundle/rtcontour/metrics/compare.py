"""compare_labels: all scores of all structures of one case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import ConfigError, GeometryError
from rtcontour.grid import IDENTITY, Grid
from rtcontour.mask import Mask
from rtcontour.metrics.boxes import Box, label_boxes
from rtcontour.metrics.nearest import Spacing
from rtcontour.metrics.pair import score_structure
from rtcontour.metrics.scores import StructureScores
from rtcontour.metrics.surface_elements import element_areas
from rtcontour.processors import count_processors

Labels = NDArray[np.integer] | Mapping[str, NDArray[np.bool_]]
Direction = tuple[tuple[float, float, float], ...]

MOST_THREADS = 4  # each holds the box of one structure


def compare_labels(
    predicted: Labels,
    truth: Labels,
    spacing_mm: Spacing,
    names: Mapping[str, int],
    *,
    annotated: Iterable[str] | None = None,
    direction: Direction = IDENTITY,
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
        direction: rows are the unit vectors of i, j and k in patient LPS; only the three biases depend on it.

    Returns:
        One record a name, in the order of `names`. An empty array gives "missed", "false organ" or "both empty".

    Raises:
        GeometryError: arrays that are not 3D, of one shape and of integers or bools, an impossible spacing, or
            directions that are not perpendicular.
        ConfigError: a label value that is no integer, or one text in place of the annotated names.
    """
    grid = Grid(_common_shape(predicted, truth), _checked_spacing(spacing_mm), (0.0, 0.0, 0.0), direction)
    drawn = _annotated_names(annotated, truth, names)
    element_areas(grid.spacing_mm)  # a table that is kept: made here once, and not by every thread at the same time
    with ThreadPoolExecutor(min(MOST_THREADS, count_processors())) as threads:
        found, true = threads.map(partial(_locate, names=names), (predicted, truth))
        # The largest first: begun last, it would keep one thread busy when the others have nothing left.
        scores = {
            name: threads.submit(_compare, name, found, true if name in drawn else None, grid)
            for name in sorted(names, key=found.size_of, reverse=True)
        }
        return {name: scores[name].result() for name in names}


@dataclass(frozen=True, eq=False)
class _Located:
    """One side of the comparison, and where in it each structure is."""

    labels: Labels
    names: Mapping[str, int]
    boxes: Mapping[str, Box]

    def size_of(self, name: str) -> int:
        return int(np.prod([along.stop - along.start for along in self.boxes[name]]))

    def mask(self, name: str, grid: Grid) -> Mask:
        box = self.boxes[name]
        i, j, k = (along.start for along in box)
        if not isinstance(self.labels, Mapping):
            return Mask(grid, (i, j, k), np.asarray(self.labels)[box] == self.names[name])
        empty = np.zeros((0, 0, 0), np.bool_)
        return Mask(grid, (i, j, k), np.asarray(self.labels.get(name, empty))[box])


def _locate(labels: Labels, names: Mapping[str, int]) -> _Located:
    if not isinstance(labels, Mapping):
        values = _checked_values(names)
        boxes = label_boxes(np.asarray(labels), values.values())
        return _Located(labels, values, {name: boxes[value] for name, value in values.items()})
    empty = np.zeros((0, 0, 0), np.bool_)
    masks = {name: np.asarray(labels.get(name, empty)) for name in names}
    return _Located(labels, names, {name: label_boxes(mask, [1])[1] for name, mask in masks.items()})


def _compare(name: str, predicted: _Located, truth: _Located | None, grid: Grid) -> StructureScores:
    """Scores of one structure; no truth where nobody looked for it."""
    return score_structure(name, predicted.mask(name, grid), None if truth is None else truth.mask(name, grid))


def _common_shape(predicted: Labels, truth: Labels) -> tuple[int, int, int]:
    shapes = {shape for labels in (predicted, truth) for shape in _checked_shapes(labels)}
    if len(shapes) > 1:
        raise GeometryError(f"predicted and truth have shapes {sorted(shapes)}; resample one to the grid of the other")
    i, j, k = shapes.pop() if shapes else (1, 1, 1)  # without any array, any shape will do: all is empty
    return i, j, k


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


def _checked_spacing(spacing_mm: Any) -> Spacing:
    steps = list(spacing_mm) if isinstance(spacing_mm, Iterable) else []
    numbers = all(isinstance(step, SupportsFloat) and getattr(step, "ndim", 0) == 0 for step in steps)  # a text is none
    if len(steps) != 3 or not numbers or not all(0 < step < np.inf for step in steps):
        raise GeometryError(f"spacing is {spacing_mm} mm; expected three positive distances")
    i, j, k = (float(step) for step in steps)
    return i, j, k


def _checked_values(names: Mapping[str, Any]) -> dict[str, int]:
    for name, value in names.items():
        if not isinstance(value, Integral):
            raise ConfigError(f"label value of {name} is {value!r}; expected an integer, as in the label map")
    return {name: int(value) for name, value in names.items()}


def _annotated_names(annotated: Iterable[str] | None, truth: Labels, names: Mapping[str, int]) -> frozenset[str]:
    if isinstance(annotated, str):  # each of its letters would pass for a name
        raise ConfigError(f"annotated is {annotated!r}; expected names in a list, [{annotated!r}]")
    if annotated is None:
        annotated = truth if isinstance(truth, Mapping) else names
    return frozenset(annotated)
