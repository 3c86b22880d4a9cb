"""What memory a training needs, from the tensors that the network itself keeps for its gradients."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from rtcontour.training.losses import NetworkLosses

SMALL_PATCHES = ((32, 32, 16), (64, 64, 16))  # two, since a part of what is kept does not grow with the patch
# What the peak has beside that, by measurement of RecomiaFCN on the CPU (scripts/bench/memory.py):
LOSS_COPIES = 8  # of the logits in float32, while the loss and its gradient are computed
WORKING_CHANNELS = 32  # of full resolution, while the widest convolution's gradient is
COPIES_OF_WEIGHTS = 4  # weights, gradients, two moments of the optimizer


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes that a training needs on its device.

    Attributes:
        fixed: weights, gradients and the optimizer's moments, in float32.
        a_patch: for each patch in memory at a time.
    """

    fixed: int
    a_patch: int

    def of(self, patches: int) -> int:
        """Bytes with so many patches in memory at a time."""
        return self.fixed + patches * self.a_patch

    def patches_in(self, free: int) -> int:
        """How many patches fit into so many bytes at a time; 0 where none does."""
        return max(0, (free - self.fixed) // self.a_patch)


def memory_need(
    network: nn.Module,
    loss: Callable[..., Tensor] | NetworkLosses,
    patch: Sequence[int],
    dtype: torch.dtype | None,
    device: torch.device,
) -> MemoryNeed:
    """Estimate it from two small patches, forward and loss, whose kept tensors are counted and scaled by the voxels.

    The estimate is within a fifth of the measured peak of RecomiaFCN. What a network that detects keeps for the boxes
    it finds is not in it. Neither the network nor a generator changes.

    Args:
        network: says its "in_channels" and "classes" in `arguments`.
        loss: the training's.
        patch: voxels (i, j, k).
        dtype: what autocast computes in; None for float32.
        device: the training's.
    """
    probe: Any = copy.deepcopy(network).to(device).train()  # a BatchNorm would remember what it saw
    voxels = [math.prod(small) for small in SMALL_PATCHES]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        kept = [_kept_bytes(probe, loss, small, dtype, device) for small in SMALL_PATCHES]
    a_voxel = (kept[1] - kept[0]) / (voxels[1] - voxels[0])
    parameters = sum(p.numel() * p.element_size() for p in network.parameters())
    working = LOSS_COPIES * probe.arguments["classes"] * 4 + WORKING_CHANNELS * (dtype or torch.float32).itemsize
    return MemoryNeed(COPIES_OF_WEIGHTS * parameters, math.ceil((a_voxel + working) * math.prod(patch)))


def _kept_bytes(
    network: Any,
    loss: Callable[..., Tensor] | NetworkLosses,
    patch: Sequence[int],
    dtype: torch.dtype | None,
    device: torch.device,
) -> int:
    """Bytes of the distinct storages that one patch leaves for the backward pass, weights left out, input counted."""
    classes = network.arguments["classes"]
    image = torch.rand((1, network.arguments["in_channels"], *patch), device=device) * 2 - 1
    label = torch.zeros((1, 1, *patch), dtype=torch.uint8, device=device)
    annotated = torch.ones((1, classes), dtype=torch.bool, device=device)
    weight = torch.ones((1, 1, *patch), dtype=torch.uint8, device=device)
    weights = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in (image, label, weight)}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor  # the graph holds it, so no address is given twice

    autocast = torch.autocast(device.type, dtype, enabled=dtype is not None)
    with saved_tensors_hooks(count, lambda tensor: tensor):
        if isinstance(loss, NetworkLosses):
            with autocast:
                losses = network(image, target=label, annotated=annotated)
            result = loss(losses)
        else:
            with autocast:
                logits = network(image)
            result = loss(logits, label, annotated, weight=weight, normalizer=float(label.numel()))
    del result
    return sum(kept.values())
