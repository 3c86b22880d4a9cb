"""The losses that recipes name. They stand in `networks`, where networks with losses of their own need them too."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rtcontour.networks import merged_background_nll, merged_background_nll_and_dice, soft_dice_loss

__all__ = ["NetworkLosses", "merged_background_nll", "merged_background_nll_and_dice", "soft_dice_loss"]


class NetworkLosses:
    """For a network that judges itself: in training it returns its losses by name, and their weighted sum counts.

    Such a network is called network(image, target=..., annotated=...) in train mode and gives the mean of each loss
    over the cases of the batch.

    Args:
        weights: factor of a loss by its name, 1 for those not named.
    """

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        self.weights = dict(weights or {})

    def __call__(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Losses by name -> their sum, a scalar."""
        return torch.stack([self.weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
