"""ValidationStep: one whole case through the network, under the same autocast as in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from monai.engines import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor


class ValidationStep:
    """Given to MONAI's evaluator as `iteration_update`.

    Args:
        dtype: what autocast computes in; None switches it off.
        loss: where given, called as loss(logits, target, annotated) with each whole case.
    """

    def __init__(self, dtype: torch.dtype | None = None, loss: Callable[..., Tensor] | None = None) -> None:
        self.dtype = dtype
        self.loss = loss

    def __call__(self, engine: SupervisedEvaluator, batch: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
        """The batch's own entries (label, annotated, case, ...), the logits under MONAI's key "pred", and "loss".

        Of an empty batch, which a process without a case has (`processes.ShareOfCases`), a list without items.
        """
        engine.network.eval()
        if not batch:
            return []
        image = batch[CommonKeys.IMAGE].to(engine.state.device)
        engine.state.output = dict(batch)
        with torch.no_grad(), torch.autocast(engine.state.device.type, self.dtype, enabled=self.dtype is not None):
            logits = engine.inferer(image, engine.network)
            if self.loss is not None:
                target, annotated = (batch[key].to(engine.state.device) for key in (CommonKeys.LABEL, "annotated"))
                engine.state.output[CommonKeys.LOSS] = self.loss(logits, target, annotated).reshape(1)
        engine.state.output[CommonKeys.PRED] = logits
        engine.fire_event(IterationEvents.FORWARD_COMPLETED)
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output
