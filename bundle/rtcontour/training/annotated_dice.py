"""AnnotatedDice: Dice for validation that never scores a structure nobody contoured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rtcontour.errors import ConfigError
from rtcontour.training.annotated_metric import AnnotatedMetric


class AnnotatedDice(AnnotatedMetric):
    """Mean over the structures of their mean Dice over cases.

    Per case and structure: 2 |P and T| / (|P| + |T|); a missed or a false structure counts 0; empty in both, or not
    contoured in the case, is left out (NaN in the buffer). `aggregate` is 0 where nothing could be scored. Where
    several processes score, each its own cases, the means are over the cases of all of them.

    Args:
        structures: names of channels 1, 2, ...

    Raises:
        ConfigError: on a case with a label that is no channel.
    """

    def __init__(self, structures: Sequence[str]) -> None:
        super().__init__(structures, row_shape=(len(structures),))

    def _compute_list(self, y_pred: Any, y: Any = None, **_: Any) -> Any:
        return torch.stack([self._dice(p, *truth) for p, truth in zip(y_pred, y, strict=True)])

    def _dice(self, predicted: Tensor, truth: Tensor, annotated: Tensor) -> Tensor:
        classes = len(self.structures) + 1
        for side, labels in (("prediction", predicted), ("truth", truth)):
            self._check_labels(side, labels)
        pairs = predicted.flatten().long() * classes + truth.flatten().to(predicted.device).long()
        table = torch.bincount(pairs, minlength=classes**2).view(classes, classes).double()
        dice = 2 * table.diagonal() / (table.sum(0) + table.sum(1))  # 0 / 0, empty in both, is NaN
        dice[~annotated.to(dice.device)] = torch.nan
        return dice[1:].float()

    def _check_labels(self, side: str, labels: Tensor) -> None:
        lowest, highest = (float(end) for end in labels.aminmax()) if labels.numel() else (0.0, 0.0)
        if not (lowest >= 0 and highest <= len(self.structures)):  # so asked, NaN is refused too
            raise ConfigError(
                f"{side} has labels from {lowest:g} to {highest:g}; expected 0 to {len(self.structures)}, background "
                f"and {', '.join(self.structures)}: give label maps of these channels"
            )

    def per_structure(self) -> dict[str, float]:
        """Mean Dice of each structure over the cases so far; NaN where none could be scored."""
        means = torch.nanmean(self.rows(), dim=0)  # in double, their order does not show
        return dict(zip(self.structures, means.tolist(), strict=True))

    def aggregate(self, *_: Any, **__: Any) -> Tensor:
        """The mean of the structures' means, a scalar."""
        means = torch.tensor(list(self.per_structure().values()))
        return torch.nan_to_num(torch.nanmean(means), nan=0.0)


def predictions_and_labels(output: Sequence[Mapping[str, Any]]) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]]]:
    """Decollated engine output -> ([label maps (1, i, j, k)], [(truth, annotated)]), as `AnnotatedDice` takes them.

    Raises:
        ConfigError: an item has no `annotated`. MONAI's own iteration keeps image, label and prediction only, and what
            nobody contoured must not pass for false organs.
    """
    for item in output:
        if "annotated" not in item:
            raise ConfigError(
                f"the evaluator's output has no 'annotated', only {', '.join(map(str, item))}; give the evaluator "
                "iteration_update=rtcontour.training.ValidationStep(), which keeps all entries of the batch"
            )
    return [item["pred"] for item in output], [(item["label"], item["annotated"]) for item in output]
