"""MeanLoss: the mean loss of an evaluation, a sum over a count, so that batches and processes may differ in size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ignite.metrics import Metric
from ignite.metrics.metric import reinit__is_reduced, sync_all_reduce
from monai.utils.enums import CommonKeys


class MeanLoss(Metric):
    """Sum of the losses / how many they are, over all iterations and all processes; NaN where there are none.

    Args:
        output_transform: an engine's output -> (sum of losses, how many): `loss_of_cases` or `loss_of_patches`.
    """

    _state_dict_all_req_keys = ("_sum", "_count")

    def __init__(self, output_transform: Callable[[Any], tuple[float, int]]) -> None:
        super().__init__(output_transform=output_transform, skip_unrolling=True)

    @reinit__is_reduced
    def reset(self) -> None:
        """Forget the evaluation before."""
        self._sum = 0.0
        self._count = 0

    @reinit__is_reduced
    def update(self, output: tuple[float, int]) -> None:
        """Add an iteration."""
        self._sum += output[0]
        self._count += output[1]

    @sync_all_reduce("_sum", "_count")
    def compute(self) -> float:
        """The mean."""
        return self._sum / self._count if self._count else float("nan")


def loss_of_cases(output: Sequence[Mapping[str, Any]]) -> tuple[float, int]:
    """Of `ValidationStep`, decollated: an item a case, none where a process has no case."""
    return sum(float(item[CommonKeys.LOSS]) for item in output), len(output)


def loss_of_patches(output: Mapping[str, Any]) -> tuple[float, int]:
    """Of `HeldOutStep`: the mean over "patches" patches."""
    return float(output[CommonKeys.LOSS]) * output["patches"], output["patches"]
