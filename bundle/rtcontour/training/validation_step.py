"""ValidationStep: one whole case through the network, under the same autocast as in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from monai.engines import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys


class ValidationStep:
    """Given to MONAI's evaluator as `iteration_update`.

    Args:
        dtype: what autocast computes in; None switches it off.
    """

    def __init__(self, dtype: torch.dtype | None = None) -> None:
        self.dtype = dtype

    def __call__(self, engine: SupervisedEvaluator, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The batch's own entries (label, annotated, case, ...) and the logits under MONAI's key "pred"."""
        engine.network.eval()
        image = batch[CommonKeys.IMAGE].to(engine.state.device)
        engine.state.output = dict(batch)
        with torch.no_grad(), torch.autocast(engine.state.device.type, self.dtype, enabled=self.dtype is not None):
            engine.state.output[CommonKeys.PRED] = engine.inferer(image, engine.network)
        engine.fire_event(IterationEvents.FORWARD_COMPLETED)
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output
