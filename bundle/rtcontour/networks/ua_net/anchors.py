"""Anchors: the boxes of fixed shapes, at every voxel of the 1/8 map, relative to which boxes are predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from monai.data.box_utils import box_iou
from numpy.typing import NDArray
from torch import Tensor

from rtcontour.errors import ConfigError
from rtcontour.networks.ua_net.backbone import STRIDE, padded_size
from rtcontour.networks.ua_net.boxes import SAME_OBJECT_IOU

Sides = Sequence[Sequence[float]] | NDArray[np.floating[Any]] | Tensor

# Voxels (i, j, k). At 0.977 x 0.977 x 2.5 mm the first of each three is nearly a cube of 17, 37, 74 or 123 mm.
PAPER_ANCHORS = (
    *((17.5, 17.5, 7.0), (35.0, 17.5, 7.0), (17.5, 35.0, 7.0)),
    *((37.5, 37.5, 15.0), (75.0, 37.5, 15.0), (37.5, 75.0, 15.0)),
    *((75.0, 75.0, 30.0), (150.0, 75.0, 30.0), (75.0, 150.0, 30.0)),
    *((125.0, 125.0, 50.0), (250.0, 125.0, 50.0), (125.0, 250.0, 50.0)),
)


def place_anchors(grid: Sequence[int], sides: Tensor) -> Tensor:
    """Every shape at every voxel of the 1/8 map.

    Args:
        grid: size (i, j, k) of the 1/8 map.
        sides: (n, 3) in image voxels.

    Returns:
        (i x j x k x n, 6) boxes, i slowest, then j, k, and the shape; centres at 3.5 + 8 x position.
    """
    axes = [STRIDE * torch.arange(length, dtype=torch.float32, device=sides.device) for length in grid]
    centres = torch.cartesian_prod(*axes)[:, None] + (STRIDE - 1) / 2
    return torch.cat([centres - sides / 2, centres + sides / 2], dim=2).flatten(0, 1)


def shape_iou(sides: Tensor, others: Tensor) -> Tensor:
    """(n, 3) and (m, 3) sides -> (n, m) intersection over union of boxes that share their centre."""
    return cast(Tensor, box_iou(torch.cat([-sides, sides], dim=1) / 2, torch.cat([-others, others], dim=1) / 2))


def fit_anchors(sides: Sides, count: int) -> list[tuple[float, float, float]]:
    """The shapes that cover those of a data set best: k-means with 1 - IoU (centres aligned) as the distance.

    It is deterministic: it starts at the shape nearest the median, and each next one is the least like those before.

    Args:
        sides: (n, 3) of the truth boxes, border included, in voxels.
        count: how many shapes; fewer come back where the data set has fewer different ones.

    Returns:
        Sides (i, j, k) in voxels, by volume.

    Raises:
        ConfigError: no boxes, a side that is not positive, or count below 1.
    """
    shapes = checked_sides(sides)
    if count < 1:
        raise ConfigError(f"{count} anchors asked for; give 1 or more")
    centres = _spread_shapes(shapes, count)
    nearest = shape_iou(shapes, centres).argmax(dim=1)
    for _ in range(100):
        groups = [shapes[nearest == group] for group in nearest.unique()]
        centres = torch.stack([group.mean(dim=0) for group in groups])
        before, nearest = nearest, shape_iou(shapes, centres).argmax(dim=1)
        if torch.equal(before, nearest):
            break
    found = cast(list[tuple[float, float, float]], [tuple(centre) for centre in centres.tolist()])
    return sorted(found, key=lambda side: (side[0] * side[1] * side[2], side))


def _spread_shapes(shapes: Tensor, count: int) -> Tensor:
    """`count` of the shapes, or fewer, each far from those before it."""
    chosen = [int(shape_iou(shapes, shapes.median(dim=0).values[None]).argmax())]
    best = shape_iou(shapes, shapes[chosen])[:, 0]
    while len(chosen) < count and float(best.min()) < 1 - 1e-6:
        chosen.append(int(best.argmin()))
        best = torch.maximum(best, shape_iou(shapes, shapes[chosen[-1:]])[:, 0])
    return shapes[chosen]


def checked_sides(sides: Sides) -> Tensor:
    """(n, 3) float32.

    Raises:
        ConfigError: none at all, not three a row, or a side that is not a positive number.
    """
    shapes = torch.as_tensor(sides, dtype=torch.float32)
    if shapes.ndim != 2 or shapes.shape[1] != 3 or len(shapes) == 0:
        raise ConfigError(f"sides of shape {tuple(shapes.shape)}; expected (n, 3) voxels along (i, j, k), n > 0")
    if not bool((torch.isfinite(shapes) & (shapes > 0)).all()):
        raise ConfigError("an anchor has a side that is not a positive number of voxels")
    return shapes


def shape_share(sides: Sides, anchors: Sides) -> float:
    """Share of boxes whose shape some anchor meets at an IoU of 0.5, centres aligned.

    Args:
        sides: (n, 3) of the truth boxes in voxels.
        anchors: (m, 3) in voxels.

    Raises:
        ConfigError: no boxes or no anchors, or sides that are not positive.
    """
    iou = shape_iou(checked_sides(sides), checked_sides(anchors))
    return float((iou.amax(dim=1) >= SAME_OBJECT_IOU).float().mean())


def placed_recall(boxes: Tensor, size: Sequence[int], anchors: Sides) -> float:
    """Share of the boxes of one volume that an anchor in its place meets at an IoU of 0.5; nan for no boxes.

    Args:
        boxes: (n, 6) corners in voxels.
        size: (i, j, k) voxels of the volume, before padding.
        anchors: (m, 3) in voxels.

    Raises:
        ConfigError: no anchors, or sides that are not positive.
    """
    placed = place_anchors([side // STRIDE for side in padded_size(size)], checked_sides(anchors))
    return float((overlaps(placed, boxes).amax(dim=0) >= SAME_OBJECT_IOU).float().mean())


def overlaps(anchors: Tensor, boxes: Tensor) -> Tensor:
    """(a, 6) and (n, 6) -> (a, n) IoU, one box at a time: a may be hundreds of thousands."""
    columns = [cast(Tensor, box_iou(anchors, box[None])) for box in boxes.float()]
    return torch.cat(columns, dim=1) if columns else anchors.new_zeros(len(anchors), 0)
