"""AnnotatedMetric: what the metrics of cases with gaps in annotation have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from monai.metrics import CumulativeIterationMetric
from torch import Tensor

from rtcontour.training.processes import gather


class AnnotatedMetric(CumulativeIterationMetric):
    """A row a case, NaN for what nobody contoured; where several processes score, the rows of all of them.

    A subclass makes the rows in `_compute_list`, of (label map, (truth, annotated)), and says the shape of one.

    Args:
        structures: names of channels 1, 2, ...
        row_shape: of a case's row.
    """

    def __init__(self, structures: Sequence[str], row_shape: Sequence[int]) -> None:
        super().__init__()
        self.structures = tuple(structures)
        self.row_shape = tuple(row_shape)

    def _compute_tensor(self, y_pred: Any, y: Any = None, **_: Any) -> Any:
        complete = torch.ones(len(self.structures) + 1, dtype=torch.bool)
        pairs: Any = [(truth, complete) for truth in y]
        return self._compute_list(list(y_pred), pairs)

    def _sync(self) -> None:
        """Gather the rows of all processes; MONAI's would wait for ever for one that had no case."""
        if not self._synced:
            rows = self._buffers[0] if self._buffers else []
            mine = torch.stack(rows).cpu() if rows else torch.empty(0, *self.row_shape)
            self._synced_tensors = [torch.cat([one.double() for one in gather(mine)])]
            self._synced = True

    def rows(self) -> Tensor:
        """(cases, *row_shape) float64, those of all processes."""
        self._sync()
        return cast(list[Tensor], self._synced_tensors)[0]
