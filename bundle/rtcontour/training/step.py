"""TrainingStep: what happens in one iteration, given to MONAI's trainer as `iteration_update`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from monai.engines import SupervisedTrainer
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor

from rtcontour.errors import ConfigError
from rtcontour.training.losses import NetworkLosses


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device computes it fast, None (float32) elsewhere."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else None


class TrainingStep:
    """One update of the weights from one batch, in micro-batches.

    The loader gives the effective batch; the network sees `micro_batch` patches at a time and their gradients add up.
    The loss of each is divided by the same constant, the voxels of the whole batch, so that the gradient is that of the
    whole batch at once, padded patches included. A network that judges itself (`NetworkLosses`) counts patches alike.

    Args:
        loss: called as loss(logits, target, annotated, weight=..., normalizer=...) -> scalar, or `NetworkLosses`.
        micro_batch: patches in memory at a time.
        dtype: what autocast computes in; None switches it off.
    """

    def __init__(
        self, loss: Callable[..., Tensor] | NetworkLosses, micro_batch: int, dtype: torch.dtype | None = None
    ) -> None:
        self.loss = loss
        self.micro_batch = micro_batch
        self.dtype = dtype

    def __call__(self, engine: SupervisedTrainer, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Update the engine's network; returns the loss of the whole batch under MONAI's key, and its "parts".

        Raises:
            ConfigError: the loss is infinite or not a number; the weights are still those before this update.
        """
        engine.network.train()
        engine.optimizer.zero_grad(set_to_none=True)
        parts: defaultdict[str, float] = defaultdict(float)
        total = 0.0
        for micro_batch in self._micro_batches(batch, engine.state.device):
            loss, named = self._loss(engine, micro_batch, batch["label"].numel())
            loss.backward()
            total += loss.item()
            for name, value in named.items():
                parts[name] += value
        if not math.isfinite(total):
            raise ConfigError(
                f"the loss is {total} in epoch {engine.state.epoch}, iteration {engine.state.iteration}: the training "
                "diverged; lower the optimizer's lr and start again"
            )
        engine.state.output = {CommonKeys.LOSS: total, "parts": dict(parts)}
        engine.fire_event(IterationEvents.BACKWARD_COMPLETED)
        engine.optimizer.step()
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output

    def _loss(
        self, engine: SupervisedTrainer, batch: Mapping[str, Tensor], voxels: int
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of a micro-batch as its part of the whole batch's, and what it is made of where that has names."""
        image, label, annotated = batch["image"], batch["label"], batch["annotated"]
        autocast = torch.autocast(engine.state.device.type, self.dtype, enabled=self.dtype is not None)
        if not isinstance(self.loss, NetworkLosses):
            with autocast:
                logits = engine.inferer(image, engine.network)
            return self.loss(logits, label, annotated, weight=batch["weight"], normalizer=float(voxels)), {}
        with autocast:
            losses = engine.inferer(image, engine.network, target=label, annotated=annotated)
        share = label.numel() / voxels
        return self.loss(losses) * share, {name: loss.item() * share for name, loss in losses.items()}

    def _micro_batches(self, batch: Mapping[str, Any], device: torch.device) -> list[dict[str, Tensor]]:
        keys = ("image", "label", "weight", "annotated")
        split = (batch[key].to(device, non_blocking=True).split(self.micro_batch) for key in keys)
        return [dict(zip(keys, tensors, strict=True)) for tensors in zip(*split, strict=True)]
