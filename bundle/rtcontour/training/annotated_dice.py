"""AnnotatedDice: Dice for validation that never scores a structure nobody contoured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from monai.metrics import CumulativeIterationMetric
from torch import Tensor


class AnnotatedDice(CumulativeIterationMetric):
    """Mean over the structures of their mean Dice over cases.

    Per case and structure: 2 |P and T| / (|P| + |T|); a missed or a false structure counts 0; empty in both, or not
    contoured in the case, is left out (NaN in the buffer). `aggregate` is 0 where nothing could be scored.

    Args:
        structures: names of channels 1, 2, ...
    """

    def __init__(self, structures: Sequence[str]) -> None:
        super().__init__()
        self.structures = tuple(structures)

    def _compute_list(self, y_pred: Any, y: Any = None, **_: Any) -> Any:
        return torch.stack([self._dice(p, *truth) for p, truth in zip(y_pred, y, strict=True)])

    def _compute_tensor(self, y_pred: Any, y: Any = None, **_: Any) -> Any:
        complete = torch.ones(len(self.structures) + 1, dtype=torch.bool)
        return self._compute_list(list(y_pred), [(truth, complete) for truth in y])

    def _dice(self, predicted: Tensor, truth: Tensor, annotated: Tensor) -> Tensor:
        classes = len(self.structures) + 1
        pairs = predicted.flatten().long() * classes + truth.flatten().to(predicted.device).long()
        table = torch.bincount(pairs, minlength=classes**2).view(classes, classes).double()
        dice = 2 * table.diagonal() / (table.sum(0) + table.sum(1))  # 0 / 0, empty in both, is NaN
        dice[~annotated.to(dice.device)] = torch.nan
        return dice[1:].float()

    def per_structure(self) -> dict[str, float]:
        """Mean Dice of each structure over the cases so far; NaN where none could be scored."""
        buffer = self.get_buffer()
        means = torch.nanmean(buffer, dim=0) if buffer is not None else torch.full((len(self.structures),), torch.nan)
        return dict(zip(self.structures, means.tolist(), strict=True))

    def aggregate(self, *_: Any, **__: Any) -> Tensor:
        """The mean of the structures' means, a scalar."""
        means = torch.tensor(list(self.per_structure().values()))
        return torch.nan_to_num(torch.nanmean(means), nan=0.0)


def predictions_and_labels(output: Sequence[Mapping[str, Any]]) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]]]:
    """Decollated engine output -> ([label maps (1, i, j, k)], [(truth, annotated)]), as `AnnotatedDice` takes them."""
    return [item["pred"] for item in output], [(item["label"], item["annotated"]) for item in output]
