"""Class weights from a data set: the rarer a structure, the heavier its voxels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtcontour.datasets import DataSet, apply_label_values, monai_items, read_labels

LIGHTEST, HEAVIEST = 0.2, 5.0


def class_weights(data: DataSet, structures: Sequence[str | Mapping[str, Sequence[str]]]) -> Tensor:
    """Weights (1 + structures,) of the channels, background first, from the voxel shares in the training cases.

    The share of a structure is taken over the cases in which it was contoured; what is left over is background.
    """
    items = monai_items(data, "training", structures)
    voxels = np.zeros(len(items[0]["annotated"]))
    seen = np.zeros_like(voxels)
    for item in items:
        counts = _count(item)
        annotated = np.asarray(item["annotated"])
        voxels[annotated] += counts[annotated]
        seen[annotated] += counts.sum()
    shares = voxels / np.maximum(seen, 1)
    shares[0] = 1 - shares[1:].sum()
    return torch.from_numpy(weights_of_shares(shares)).float()


def weights_of_shares(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """share^-0.5, scaled to mean 1, then cut to 0.2 to 5; a class without a voxel gets the heaviest.

    Source:
        Geng 2024 trains with a class-weighted cross-entropy and prints no weights; this formula is ours.
    """
    with np.errstate(divide="ignore"):
        weights = np.asarray(shares, np.float64) ** -0.5
    weights /= weights[np.isfinite(weights)].mean()
    return weights.clip(LIGHTEST, HEAVIEST)


def _count(item: Mapping[str, Any]) -> NDArray[np.int64]:
    """Voxels of each channel in a case."""
    labels, _ = read_labels(item["label"])
    channels = apply_label_values(labels, np.asarray(item["label_values"], np.uint8))
    return np.bincount(channels.ravel(order="K"), minlength=len(item["annotated"]))
