"""AnnotatedScore: any score of `compare_labels` as a metric of MONAI, with no outcome dropped in silence."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from rtcontour.errors import ConfigError, GeometryError
from rtcontour.grid import Grid
from rtcontour.metrics import MEASURE_NAMES, OUTCOMES, StructureScores, compare_labels
from rtcontour.training.annotated_metric import AnnotatedMetric


class CaseScores:
    """Scores cases, and remembers those of a prediction as long as it is in memory.

    Give one to several `AnnotatedScore`s of an evaluator, and each case is scored once.

    Args:
        structures: names of channels 1, 2, ...
    """

    def __init__(self, structures: Sequence[str]) -> None:
        self.structures = tuple(structures)
        self._known: Any = WeakTensorKeyDictionary()

    def __call__(self, predicted: Tensor, truth: Tensor, annotated: Tensor) -> dict[str, StructureScores]:
        """Scores by structure.

        Args:
            predicted: (1, i, j, k) label map.
            truth: the same; this one or `predicted` is a MetaTensor, whose affine (index -> RAS mm) says the geometry.
            annotated: (1 + structures,) bool, which channels somebody contoured.
        """
        # A tensor may be changed in place, which its version tells, and the number of a freed one is given anew.
        state = (_version(predicted), _version(truth), tuple(annotated.tolist()))
        known_truth, known_state, scores = self._known.get(predicted, (lambda: None, None, {}))
        if known_truth() is not truth or known_state != state:
            scores = self._score(predicted, truth, annotated)
            self._known[predicted] = (weakref.ref(truth), state, scores)
        return dict(scores)

    def _score(self, predicted: Tensor, truth: Tensor, annotated: Tensor) -> dict[str, StructureScores]:
        grid = _grid_of(truth, predicted)
        channels = {name: channel for channel, name in enumerate(self.structures, start=1)}
        drawn = [name for name, channel in channels.items() if annotated[channel]]
        found, true = self._label_map(predicted), self._label_map(truth)
        return compare_labels(found, true, grid.spacing_mm, channels, annotated=drawn, direction=grid.direction)

    def _label_map(self, tensor: Tensor) -> NDArray[np.integer]:
        """An argmax of MONAI comes as floating-point numbers; integers keep their type, lest 257 become 1."""
        integers = torch.int32 if tensor.is_floating_point() or tensor.dtype == torch.bool else tensor.dtype
        return np.asarray(tensor.detach().as_subclass(Tensor)[0].to(integers).cpu())


class AnnotatedScore(AnnotatedMetric):
    """Mean over the structures of the mean of one score over the cases where it is defined.

    A missed or false organ has no distances and is not in the mean of one: read `outcomes` beside it. Dice and surface
    Dice count both as 0. The rows, (cases, structures, 2), hold each value, NaN where there is none, and the number
    of its outcome in OUTCOMES.

    Args:
        structures: names of channels 1, 2, ...
        measure: an attribute of `StructureScores`.
        scores: where several metrics share their work; None makes one of its own.

    Raises:
        ConfigError: there is no such measure, or `scores` is for other structures.
    """

    def __init__(self, structures: Sequence[str], measure: str = "msd_mm", *, scores: CaseScores | None = None) -> None:
        super().__init__(structures, row_shape=(len(structures), 2))
        if measure not in MEASURE_NAMES:
            raise ConfigError(f"measure {measure!r} is not known; expected one of {', '.join(MEASURE_NAMES)}")
        self.measure = measure
        self.scores = scores or CaseScores(structures)
        if self.scores.structures != self.structures:
            raise ConfigError(
                f"{measure} is of {list(self.structures)}, the shared scores of {list(self.scores.structures)}; give "
                "both the same structures"
            )

    def _compute_list(self, y_pred: Any, y: Any = None, **_: Any) -> Any:
        return torch.stack([self._row(self.scores(p, *truth)) for p, truth in zip(y_pred, y, strict=True)])

    def _row(self, case: Mapping[str, StructureScores]) -> Tensor:
        values = [(getattr(one, self.measure), OUTCOMES.index(one.outcome)) for one in case.values()]
        return torch.tensor([(np.nan if value is None else value, outcome) for value, outcome in values]).double()

    def per_structure(self) -> dict[str, float]:
        """Mean of each structure over the cases so far; NaN where the score was defined in none."""
        means = torch.nanmean(self.rows()[..., 0], dim=0)
        return dict(zip(self.structures, means.tolist(), strict=True))

    def outcomes(self) -> dict[str, dict[str, int]]:
        """How many of the cases so far had each of the five outcomes, by structure."""
        found = self.rows()[..., 1]
        counts = {outcome: (found == number).sum(dim=0).tolist() for number, outcome in enumerate(OUTCOMES)}
        return {name: {outcome: counts[outcome][n] for outcome in OUTCOMES} for n, name in enumerate(self.structures)}

    def aggregate(self, *_: Any, **__: Any) -> Tensor:
        """The mean of the structures' means, a scalar; NaN where nothing could be scored."""
        return torch.nanmean(torch.tensor(list(self.per_structure().values())))


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _grid_of(*tensors: Tensor) -> Grid:
    """Of the first that knows where it lies."""
    for tensor in tensors:
        affine = getattr(tensor, "affine", None)
        if affine is not None:
            i, j, k = tensor.shape[1:]
            return Grid.from_affine_ras(np.asarray(affine.cpu(), np.float64), (i, j, k))
    raise GeometryError(
        "prediction and truth are tensors without an affine, so their spacing is unknown; "
        "give MetaTensors, as MONAI's and rtcontour's readers make them"
    )
