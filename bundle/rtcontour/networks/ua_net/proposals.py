"""The first stage, known as a region proposal network (RPN): where an organ is, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.networks.convolution import Conv3d
from rtcontour.networks.ua_net.anchors import overlaps
from rtcontour.networks.ua_net.boxes import (
    SAME_OBJECT_IOU,
    box_loss,
    clip_centres,
    decode,
    encode,
    has_voxels,
    suppress_overlaps,
)

BACKGROUND_IOU = 0.1
MOST_NEGATIVES = 80_000
MOST_BEFORE_SUPPRESSION = 2_000  # an untrained network is unsure about half of all anchors


class ProposalHead(nn.Module):
    """For every anchor the logit of holding an organ, and the six numbers that move the anchor onto it.

    Args:
        channels: of the 1/8 map.
        hidden: channels between the two convolutions.
        anchors: shapes at a position.
        heads: "paper", two branches each of a 3x3x3 and a 1x1x1 convolution; "code", both on one shared 1x1x1.
    """

    def __init__(self, channels: int, hidden: int, anchors: int, heads: str) -> None:
        super().__init__()
        shared = heads == "code"
        kernel = 1 if shared else 3

        def first() -> nn.Module:
            return nn.Sequential(Conv3d(channels, hidden, kernel, padding=kernel // 2), nn.ReLU(inplace=True))

        self.trunk = first() if shared else nn.Identity()
        self.class_branch = nn.Identity() if shared else first()
        self.box_branch = nn.Identity() if shared else first()
        self.logits = Conv3d(hidden, anchors, 1)
        self.deltas = Conv3d(hidden, 6 * anchors, 1)

    def forward(self, f8: Tensor) -> tuple[Tensor, Tensor]:
        """(1, channels, i, j, k) -> logits (a,) and deltas (a, 6) float32, in the order of `place_anchors`."""
        x = self.trunk(f8)
        logits = self.logits(self.class_branch(x)).permute(0, 2, 3, 4, 1)
        deltas = self.deltas(self.box_branch(x)).permute(0, 2, 3, 4, 1)
        return logits.reshape(-1).float(), deltas.reshape(-1, 6).float()


class AnchorMatch(NamedTuple):
    """Indexes: positive anchors (p,), the truth box of each (p,), negative anchors (n,); the others are ignored."""

    positive: Tensor
    truth: Tensor
    negative: Tensor


def match_anchors(anchors: Tensor, boxes: Tensor) -> AnchorMatch:
    """Which anchors hold an organ: IoU of 0.5 or more, or the best that an organ has. Below 0.1 they hold none.

    Args:
        anchors: (a, 6).
        boxes: (n, 6) truth boxes; with none every anchor is negative.
    """
    if len(boxes) == 0:
        none = torch.zeros(0, dtype=torch.long, device=anchors.device)
        return AnchorMatch(none, none, torch.arange(len(anchors), device=anchors.device))
    iou = overlaps(anchors, boxes)
    best, truth = iou.max(dim=1)
    # The tolerance keeps anchors that lie alike, one on each side of an organ, alike in spite of rounding.
    best_of_box = (iou >= iou.amax(dim=0) - 1e-6) & (iou > 0)
    is_positive = (best >= SAME_OBJECT_IOU) | best_of_box.any(dim=1)
    positive = is_positive.nonzero().squeeze(1)
    negative = (~is_positive & (best < BACKGROUND_IOU)).nonzero().squeeze(1)
    return AnchorMatch(positive, truth[positive], negative)


def focal_losses(logits: Tensor, positive: bool) -> Tensor:
    """(n,) focal losses with gamma 2; the factor (1 - p)^2 weighs an anchor, no gradient goes through it.

    Source: Lin 2017, Focal loss for dense object detection.
    """
    log_p = F.logsigmoid(logits if positive else -logits)
    return -((1 - log_p.detach().exp()) ** 2) * log_p


def proposal_losses(
    logits: Tensor, deltas: Tensor, anchors: Tensor, boxes: Tensor, negative_weight: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Class loss and box loss of the first stage.

    Positive and negative anchors weigh one half each, however many there are; at most 80,000 negatives are drawn.

    Args:
        logits: (a,).
        deltas: (a, 6).
        anchors: (a, 6).
        boxes: (n, 6) truth boxes; with none the positive half and the box loss are 0.
        negative_weight: factor of the negative half, below 1 where organs may be present that nobody contoured.
    """
    match = match_anchors(anchors, boxes)
    negative = match.negative
    if len(negative) > MOST_NEGATIVES:
        negative = negative[torch.randperm(len(negative), device=negative.device)[:MOST_NEGATIVES]]
    positives = focal_losses(logits[match.positive], positive=True)
    negatives = focal_losses(logits[negative], positive=False)
    halves = positives.sum() / max(1, len(positives)) + negative_weight * negatives.sum() / max(1, len(negatives))
    expected = encode(boxes[match.truth], anchors[match.positive])
    return halves / 2, box_loss(deltas[match.positive], expected)


@torch.no_grad()
def select_proposals(logits: Tensor, deltas: Tensor, anchors: Tensor, size: Sequence[int], limit: int) -> Tensor:
    """The boxes that go to the second stage, best first: probability above 0.5, overlaps suppressed.

    Args:
        logits: (a,).
        deltas: (a, 6).
        anchors: (a, 6).
        size: of the volume; boxes without a voxel in it are dropped.
        limit: most boxes to return.

    Returns:
        (n, 6), n from 0 to limit.
    """
    order = torch.argsort(logits, descending=True, stable=True)[:MOST_BEFORE_SUPPRESSION]
    order = order[logits[order] > 0]
    boxes = clip_centres(decode(deltas[order], anchors[order]), size)
    kept = has_voxels(boxes, size)
    boxes, scores = boxes[kept], logits[order][kept]
    return boxes[suppress_overlaps(boxes, scores, limit)]
