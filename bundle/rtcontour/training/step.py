"""TrainingStep: what happens in one iteration, given to MONAI's trainer as `iteration_update`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from monai.engines import SupervisedTrainer
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device computes it fast, None (float32) elsewhere."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else None


class TrainingStep:
    """One update of the weights from one batch, in micro-batches.

    The loader gives the effective batch; the network sees `micro_batch` patches at a time and their gradients add up.
    The loss of each is divided by the same constant, the voxels of the whole batch, so that the gradient is that of the
    whole batch at once, padded patches included.

    Args:
        loss: called as loss(logits, target, annotated, weight=..., normalizer=...) -> scalar.
        micro_batch: patches in memory at a time.
        dtype: what autocast computes in; None switches it off.
    """

    def __init__(self, loss: Callable[..., Tensor], micro_batch: int, dtype: torch.dtype | None = None) -> None:
        self.loss = loss
        self.micro_batch = micro_batch
        self.dtype = dtype

    def __call__(self, engine: SupervisedTrainer, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Update the engine's network; returns the loss of the whole batch under MONAI's key."""
        engine.network.train()
        engine.optimizer.zero_grad(set_to_none=True)
        voxels = float(batch["label"].numel())
        total = torch.zeros((), device=engine.state.device)
        for image, label, weight, annotated in self._micro_batches(batch, engine.state.device):
            with torch.autocast(engine.state.device.type, self.dtype, enabled=self.dtype is not None):
                logits = engine.inferer(image, engine.network)
            loss = self.loss(logits, label, annotated, weight=weight, normalizer=voxels)
            loss.backward()
            total += loss.detach()
        engine.state.output = {CommonKeys.LOSS: total.item()}
        engine.fire_event(IterationEvents.BACKWARD_COMPLETED)
        engine.optimizer.step()
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output

    def _micro_batches(self, batch: Mapping[str, Any], device: torch.device) -> zip:
        keys = ("image", "label", "weight", "annotated")
        return zip(*(batch[key].to(device, non_blocking=True).split(self.micro_batch) for key in keys), strict=True)
