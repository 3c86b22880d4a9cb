"""TrainingStep: what happens in one iteration, given to MONAI's trainer as `iteration_update`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from monai.engines import SupervisedTrainer
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rtcontour.errors import ConfigError
from rtcontour.training.losses import NetworkLosses
from rtcontour.training.processes import mean_of_processes


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device computes it fast, None (float32) elsewhere.

    Raises:
        ConfigError: a word for a device.
    """
    if not isinstance(device, torch.device):
        raise ConfigError(f"device is {device!r}; write it as --device \"$torch.device('cuda:0')\" or with 'cpu'")
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16") else None


class TrainingStep:
    """One update of the weights from one batch, in micro-batches.

    The loader gives the effective batch; the network sees `micro_batch` patches at a time and their gradients add up.
    The loss of each is divided by the same constant, the voxels of the whole batch, so that the gradient is that of the
    whole batch at once, padded patches included; but for a Dice `over_batch`, which is that of a micro-batch. A network
    that judges itself (`NetworkLosses`) counts patches alike.

    Where several processes share an update, the loader gives each of them an equal part (`processes.share_of`), and
    DistributedDataParallel averages their gradients. Equal parts divided by their own voxels and averaged are the whole
    divided by all voxels, so it is again the gradient of the update at once, and the loss told is that of the update.

    Args:
        loss: called as loss(logits, target, annotated, weight=..., normalizer=...) -> scalar, or `NetworkLosses`.
        micro_batch: patches in memory at a time.
        dtype: what autocast computes in; None switches it off.
        prepare: makes of a micro-batch on its device what the network takes, where the loader leaves that to it.
    """

    def __init__(
        self,
        loss: Callable[..., Tensor] | NetworkLosses,
        micro_batch: int,
        dtype: torch.dtype | None = None,
        prepare: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        self.loss = loss
        self.micro_batch = micro_batch
        self.dtype = dtype
        self.prepare = prepare

    def __call__(self, engine: SupervisedTrainer, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Update the engine's network; returns the loss of the whole batch under MONAI's key, and its "parts".

        Raises:
            ConfigError: the loss is infinite or not a number; the weights are still those before this update.
        """
        engine.network.train()
        engine.optimizer.zero_grad(set_to_none=True)
        losses = []
        micro_batches = self._micro_batches(batch)
        for number, micro_batch in enumerate(micro_batches, start=1):
            there = {key: value.to(engine.state.device, non_blocking=True) for key, value in micro_batch.items()}
            with _without_exchange(engine.network, is_last=number == len(micro_batches)):
                loss, named = self._loss(engine, there, len(batch["label"]))
                loss.backward()
            losses.append({**named, CommonKeys.LOSS: loss.detach()})
        parts = mean_of_processes(_sums(losses), engine.state.device)  # also of NaN, so that all processes end
        total = parts.pop(CommonKeys.LOSS)
        if not math.isfinite(total):
            raise ConfigError(
                f"the loss is {total} in epoch {engine.state.epoch}, iteration {engine.state.iteration}: the training "
                "diverged; lower the optimizer's lr and start again"
            )
        engine.state.output = {CommonKeys.LOSS: total, "parts": parts}
        engine.fire_event(IterationEvents.BACKWARD_COMPLETED)
        engine.optimizer.step()
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output

    def _loss(
        self, engine: SupervisedTrainer, micro_batch: dict[str, Any], patches: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a micro-batch as its part of a batch of so many patches, and what it is made of, by name."""
        ready = micro_batch if self.prepare is None else self.prepare(micro_batch)
        image, label, annotated = ready["image"], ready["label"], ready["annotated"]
        autocast = torch.autocast(engine.state.device.type, self.dtype, enabled=self.dtype is not None)
        if not isinstance(self.loss, NetworkLosses):
            with autocast:
                logits = engine.inferer(image, engine.network)
            voxels = float(label[0].numel() * patches)
            return self.loss(logits, label, annotated, weight=ready["weight"], normalizer=voxels), {}
        with autocast:
            losses = engine.inferer(image, engine.network, target=label, annotated=annotated)
        share = len(label) / patches
        return self.loss(losses) * share, {name: loss.detach() * share for name, loss in losses.items()}

    def _micro_batches(self, batch: Mapping[str, Any]) -> list[dict[str, Any]]:
        tensors = {key: value for key, value in batch.items() if isinstance(value, Tensor)}
        split = (tensor.split(self.micro_batch) for tensor in tensors.values())
        return [dict(zip(tensors, parts, strict=True)) for parts in zip(*split, strict=True)]


def _without_exchange(network: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
    """Let a network of several processes exchange gradients once an update, after the last micro-batch."""
    if is_last or not isinstance(network, DistributedDataParallel):
        return nullcontext()
    return network.no_sync()


def _sums(losses: list[dict[str, Tensor]]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for of_micro_batch in losses:  # only now, since each number read makes the host wait for the GPU
        for name, value in of_micro_batch.items():
            sums[name] += value.item()
    return dict(sums)
