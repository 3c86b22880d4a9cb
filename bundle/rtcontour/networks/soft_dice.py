"""Soft Dice over what is there, and its sum with the merged-background likelihood."""

from __future__ import annotations

import torch
from torch import Tensor

from rtcontour.networks.merged_background import merged_background_nll, squeeze_channel


def soft_dice_loss(
    logits: Tensor,
    target: Tensor,
    annotated: Tensor,
    weight: Tensor | None = None,
    normalizer: float | None = None,
    *,
    over_batch: bool = False,
) -> Tensor:
    """1 - soft Dice, averaged over the structures that were contoured in a case and have a voxel in its patch.

    The soft Dice of structure c is 2 sum(p g) / (sum(p) + sum(g)), with p the softmax of c and g 1 where the target is
    c. A structure that nobody contoured, or that the patch does not show, takes no part; a case without any costs 0.
    Patches of few slices show little of a structure each: over the batch they are taken as one, and what is predicted
    in a patch without the structure counts too, where somebody contoured it in that case.

    Args:
        logits: (B, C, ...), computed on in float32 (or float64) also under autocast.
        target: (B, ...) or (B, 1, ...) integers in [0, C).
        annotated: (B, C) bool, True where the class was contoured in the case; channel 0 is ignored.
        weight: (B, ...) or (B, 1, ...) voxel weights, 0 in padding; None weighs every voxel 1.
        normalizer: voxels of a whole batch of which these cases are a part; None where they are all of it.
        over_batch: sum over the cases before dividing; then micro-batches do not add up to the batch.

    Returns:
        A scalar, the mean over the cases of the batch, or over the batch that is one.
    """
    batch, classes = logits.shape[:2]
    voxels = squeeze_channel(target, logits, "target").long().flatten(1)
    probabilities = (
        (logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits).softmax(1).flatten(2)
    )
    weights = torch.ones_like(probabilities[:, 0])
    if weight is not None:
        weights = squeeze_channel(weight, logits, "weight").to(weights).flatten(1)
    own = probabilities.gather(1, voxels.unsqueeze(1)).squeeze(1)
    known = annotated.to(logits.device, torch.bool)
    per_class = torch.zeros(batch, classes, dtype=own.dtype, device=own.device)
    hit = per_class.scatter_add(1, voxels, weights * own)
    drawn = per_class.scatter_add(1, voxels, weights)
    predicted = (probabilities * weights.unsqueeze(1)).sum(2)
    if over_batch:
        hit, drawn, predicted = ((sums * known).sum(0, keepdim=True) for sums in (hit, drawn, predicted))
        known = known.any(0, keepdim=True)
    counted = known & (drawn > 0)
    counted[:, 0] = False
    dice = 2 * hit / (predicted + drawn).clamp_min(1e-12)
    case_loss = ((1 - dice) * counted).sum(1) / counted.sum(1).clamp_min(1)
    share = 1.0 if normalizer is None else voxels.numel() / normalizer
    return case_loss.mean() * share


def merged_background_nll_and_dice(
    logits: Tensor,
    target: Tensor,
    annotated: Tensor,
    weight: Tensor | None = None,
    class_weight: Tensor | None = None,
    normalizer: float | None = None,
    *,
    over_batch: bool = False,
) -> Tensor:
    """`merged_background_nll` plus `soft_dice_loss`, one to one; arguments as there.

    The likelihood tells background from structure everywhere, also where nothing was contoured; the Dice lets a
    structure of a few hundred voxels count as much as one of a hundred thousand.
    """
    nll = merged_background_nll(logits, target, annotated, weight, class_weight, normalizer)
    return nll + soft_dice_loss(logits, target, annotated, weight, normalizer, over_batch=over_batch)
