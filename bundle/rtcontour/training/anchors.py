"""Whether the anchors of a network that detects fit the organs of a data set, and anchors that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rtcontour.datasets import DataSet, apply_label_values, monai_items, read_labels
from rtcontour.errors import ConfigError
from rtcontour.networks import UaNet, fit_anchors, placed_recall, shape_share, truth_boxes
from rtcontour.transforms import resample, voxel_ratios

LEAST_SHARE = 0.95
MOST_CASES = 200  # more tell nothing new of the organs' sizes, and would take minutes to read

Structures = Sequence[str | Mapping[str, Sequence[str]]]


def check_anchors(
    network: nn.Module, data: DataSet, structures: Structures, spacing_mm: Sequence[float | None] | None
) -> None:
    """Print how well a network's anchors meet the organs of the training cases, and refuse those that do not.

    A network without anchors has nothing to check.

    Raises:
        ConfigError: fewer than 0.95 of the boxes have the shape of some anchor (IoU 0.5, centres aligned).
    """
    if not isinstance(network, UaNet):
        return
    cases = _boxes(network, data, structures, spacing_mm)
    boxes = torch.cat([boxes for boxes, _ in cases])
    if not len(boxes):
        raise ConfigError(f"{data.folder / 'datalist.json'}: no training case shows an organ to detect; add cases")
    share = shape_share(boxes[:, 3:] - boxes[:, :3], network.anchor_sides)
    placed = sum(placed_recall(b, size, network.anchor_sides) * len(b) for b, size in cases if len(b)) / len(boxes)
    print(f"anchors: {share:.3f} of {len(boxes)} organs have the shape of one, {placed:.3f} meet one in its place")
    if share < LEAST_SHARE:
        raise ConfigError(
            f"recipe::network: only {share:.3f} of the organs have the shape of an anchor, {LEAST_SHARE} are needed; "
            "take those that --run_id anchors prints"
        )


def print_anchors(
    network: nn.Module, data: DataSet, structures: Structures, spacing_mm: Sequence[float | None] | None
) -> None:
    """Print anchors fitted to the training cases, as many as the network has, for its recipe.

    Raises:
        ConfigError: the network has no anchors, or no training case shows an organ.
    """
    if not isinstance(network, UaNet):
        raise ConfigError(f"recipe::network {type(network).__name__} has no anchors; name a recipe of a UaNet")
    boxes = torch.cat([boxes for boxes, _ in _boxes(network, data, structures, spacing_mm)])
    sides = boxes[:, 3:] - boxes[:, :3]
    anchors = fit_anchors(sides, len(network.anchor_sides))
    print(f"anchors fitted to {len(boxes)} organs, of which {shape_share(sides, anchors):.3f} have the shape of one:")
    print([[round(side, 1) for side in anchor] for anchor in anchors])


def _boxes(
    network: UaNet, data: DataSet, structures: Structures, spacing_mm: Sequence[float | None] | None
) -> list[tuple[Tensor, tuple[int, ...]]]:
    """Of each training case the boxes (n, 6) in voxels of the network, and the size of the scan in these."""
    return [_case_boxes(network, item, spacing_mm) for item in monai_items(data, "training", structures)[:MOST_CASES]]


def _case_boxes(
    network: UaNet, item: Mapping[str, Any], spacing_mm: Sequence[float | None] | None
) -> tuple[Tensor, tuple[int, ...]]:
    labels, grid = read_labels(item["label"])
    channels = apply_label_values(labels, np.asarray(item["label_values"], np.uint8))
    channels[~np.asarray(item["annotated"])[channels]] = 0
    seen = resample(torch.from_numpy(channels), voxel_ratios(grid.spacing_mm, spacing_mm), nearest=True)
    return truth_boxes(seen, network.border).boxes, tuple(seen.shape)
