"""The loss of Sartor 2020: a structure that nobody contoured in a patient counts as background there."""

from __future__ import annotations

import torch
from torch import Tensor


def merged_background_nll(
    logits: Tensor,
    target: Tensor,
    annotated: Tensor,
    weight: Tensor | None = None,
    class_weight: Tensor | None = None,
    normalizer: float | None = None,
) -> Tensor:
    """Negative log-likelihood with the labels missing in each case merged into background.

    In case b let G be background and every class that nobody contoured. A voxel whose target lies in G costs
    -log(sum of softmax over G): "background" and "a structure nobody drew" are equally right. Any other voxel costs
    the usual cross entropy. With everything annotated this is torch's cross_entropy.

    Args:
        logits: (B, C, ...), computed on in float32 (or float64) also under autocast.
        target: (B, ...) or (B, 1, ...) integers in [0, C); a missing class is legal and means background.
        annotated: (B, C) bool, True where the class was contoured in the case; channel 0 is ignored.
        weight: (B, ...) or (B, 1, ...) voxel weights, 0 in padding; None weighs every voxel 1.
        class_weight: (C,) factor of a voxel by its target, the background's for every target in G.
        normalizer: what the weighted sum is divided by; None for the sum of weights. A constant (voxels of a patch x
            effective batch) makes accumulated micro-batches give the large batch's gradient exactly.

    Returns:
        A scalar; 0 where all weights are 0.

    Raises:
        ValueError: shapes that do not fit, or a target outside [0, C).

    Source:
        Sartor 2020, section "Training": "merged with background"; the formula is not printed there and is ours.
    """
    batch, classes = logits.shape[:2]
    target = squeeze_channel(target, logits, "target").long()
    if annotated.shape != (batch, classes):
        raise ValueError(
            f"annotated has shape {tuple(annotated.shape)}; expected (batch, classes) = {(batch, classes)}"
        )
    # A GPU refuses such a target itself, and asking it here would make every update wait.
    if target.device.type == "cpu" and target.numel() and not (target.min() >= 0 and target.max() < classes):
        raise ValueError(f"targets go from {int(target.min())} to {int(target.max())}; expected 0 to {classes - 1}")
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()

    merged = ~annotated.to(logits.device, torch.bool)
    merged[:, 0] = True
    in_merged = merged.gather(1, target.flatten(1)).view_as(target)

    log_total = torch.logsumexp(logits, dim=1)
    outside = ~merged.view(batch, classes, *[1] * (logits.ndim - 2))
    log_background = torch.logsumexp(logits.masked_fill(outside, float("-inf")), dim=1)
    log_target = logits.gather(1, target.unsqueeze(1)).squeeze(1)
    loss = log_total - torch.where(in_merged, log_background, log_target)

    weights = torch.ones_like(loss) if weight is None else squeeze_channel(weight, logits, "weight").to(loss)
    if class_weight is not None:
        counted_as = target.masked_fill(in_merged, 0)
        weights = weights * class_weight.to(loss)[counted_as]
    total = weights.sum().clamp_min(1e-12) if normalizer is None else normalizer
    return (weights * loss).sum() / total


def squeeze_channel(values: Tensor, logits: Tensor, name: str) -> Tensor:
    """Values (B, ...) of (B, ...) or (B, 1, ...).

    Raises:
        ValueError: they do not fit the logits; `name` says which.
    """
    if values.ndim == logits.ndim:
        values = values.squeeze(1)
    if values.shape != (logits.shape[0], *logits.shape[2:]):
        raise ValueError(f"{name} has shape {tuple(values.shape)}, logits {tuple(logits.shape)}: sizes differ")
    return values
