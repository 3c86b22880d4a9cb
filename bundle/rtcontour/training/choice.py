"""Which validation is the best, and so which weights are kept."""

from __future__ import annotations

from collections.abc import Callable

from ignite.metrics import Metric
from monai.utils.enums import CommonKeys
from torch import Tensor

from rtcontour.training.mean_loss import MeanLoss, loss_of_cases

CHOICES = ("mean_dice", CommonKeys.LOSS.value)  # names in a validation's metrics


def loss_to_choose_by(choose_by: str, loss: Callable[..., Tensor]) -> Callable[..., Tensor] | None:
    """The loss that a validation has to compute; None where the Dice chooses and nobody reads it."""
    return loss if choose_by == CommonKeys.LOSS else None


def metrics_to_choose_by(choose_by: str) -> dict[str, Metric] | None:
    """What a validation measures beside the Dice: the mean loss over its cases, where that chooses."""
    if choose_by != CommonKeys.LOSS:
        return None
    return {CommonKeys.LOSS.value: MeanLoss(loss_of_cases)}


def is_lower_better(choose_by: str) -> bool:
    """True for a loss."""
    return choose_by == CommonKeys.LOSS
