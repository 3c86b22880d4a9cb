"""The second stage: which organ is in a proposed box, and where exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.networks.merged_background import merged_background_nll
from rtcontour.networks.ua_net.anchors import overlaps
from rtcontour.networks.ua_net.boxes import (
    SAME_OBJECT_IOU,
    Truth,
    box_loss,
    clip_centres,
    decode,
    encode,
    has_voxels,
    suppress_overlaps,
)
from rtcontour.networks.ua_net.pooling import POOLED

BACKGROUND_IOU = 0.2
SAMPLES = 128
POSITIVES_PER_ORGAN = 4


class RecognitionHead(nn.Module):
    """Two fully connected layers on the pooled features, then the class and one box a class.

    Args:
        channels: of the 1/8 map.
        hidden: widths of the two layers.
        classes: organs + 1; class 0 is background.
    """

    def __init__(self, channels: int, hidden: tuple[int, int], classes: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            *(nn.Linear(channels * POOLED**3, hidden[0]), nn.ReLU(inplace=True)),
            *(nn.Linear(hidden[0], hidden[1]), nn.ReLU(inplace=True)),
        )
        self.logits = nn.Linear(hidden[1], classes)
        self.deltas = nn.Linear(hidden[1], 6 * classes)

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, 6, 6, 6) -> logits (n, classes) and deltas (n, classes, 6), float32."""
        x = self.hidden(pooled.flatten(1))
        return self.logits(x).float(), self.deltas(x).float().unflatten(1, (-1, 6))


class Samples(NamedTuple):
    """Proposals to learn from: boxes (n, 6), labels (n,) with 0 for background, and the truth box of each (n, 6).

    The truth box of background is the proposal itself.
    """

    boxes: Tensor
    labels: Tensor
    expected: Tensor


@torch.no_grad()
def sample_proposals(boxes: Tensor, truth: Truth) -> Samples:
    """Draw at most 4 proposals an organ (IoU of 0.5 or more), then background (below 0.2) up to 128 in all.

    Background is drawn with replacement where there is too little of it, so that its share is the same in every step.
    """
    best = boxes.new_zeros(len(boxes))
    organ = torch.zeros(len(boxes), dtype=torch.long, device=boxes.device)
    if len(truth.boxes):
        best, organ = overlaps(boxes, truth.boxes).max(dim=1)
    positive = (best >= SAME_OBJECT_IOU).nonzero().squeeze(1)
    drawn = [_draw(positive[organ[positive] == o], POSITIVES_PER_ORGAN) for o in range(len(truth.boxes))]
    chosen = torch.cat([positive[:0], *drawn])
    background = (best < BACKGROUND_IOU).nonzero().squeeze(1)
    fill = _fill(background, max(0, SAMPLES - len(chosen)))
    labels = torch.cat([truth.labels[organ[chosen]], torch.zeros_like(fill)])
    expected = torch.cat([truth.boxes[organ[chosen]], boxes[fill]])
    return Samples(boxes[torch.cat([chosen, fill])], labels, expected)


def _draw(rows: Tensor, most: int) -> Tensor:
    return rows[torch.randperm(len(rows), device=rows.device)[:most]]


def _fill(indexes: Tensor, count: int) -> Tensor:
    if 0 < len(indexes) < count:
        return indexes[torch.randint(len(indexes), (count,), device=indexes.device)]
    return _draw(indexes, count)


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """(classes,) weights inverse to how often a class is among the samples, with sum 1."""
    weights = len(labels) / torch.bincount(labels, minlength=classes).clamp_min(1)
    return weights / weights.sum().clamp_min(1e-12)


def recognition_losses(logits: Tensor, deltas: Tensor, samples: Samples, annotated: Tensor) -> tuple[Tensor, Tensor]:
    """Class loss, with the organs that nobody contoured merged into background, and box loss of the true class.

    Args:
        logits: (n, classes); n may be 0, then both losses are 0.
        deltas: (n, classes, 6).
        samples: what the n boxes hold.
        annotated: (classes,) bool.
    """
    count, classes = logits.shape
    weights = class_weights(samples.labels, classes)
    merged = annotated.expand(count, classes)
    # A proposal goes as a case of one voxel, since each needs its own row of `annotated`.
    class_loss = merged_background_nll(logits[..., None], samples.labels[:, None], merged, class_weight=weights)
    positive = samples.labels.nonzero().squeeze(1)
    expected = encode(samples.expected[positive], samples.boxes[positive])
    return class_loss, box_loss(deltas[positive, samples.labels[positive]], expected)


class Recognized(NamedTuple):
    """Organs: boxes (n, 6), labels (n,) from 1, scores (n,); by label, then best score first."""

    boxes: Tensor
    labels: Tensor
    scores: Tensor


@torch.no_grad()
def recognize(logits: Tensor, deltas: Tensor, boxes: Tensor, size: Sequence[int]) -> Recognized:
    """The refined boxes of all proposals that are more an organ than background, overlaps suppressed in each class."""
    scores, labels = F.softmax(logits, dim=1).max(dim=1)
    organ = labels.nonzero().squeeze(1)
    scores, labels = scores[organ], labels[organ]
    boxes = clip_centres(decode(deltas[organ, labels], boxes[organ]), size)
    inside = has_voxels(boxes, size)
    kept = [labels[:0]]
    for label in labels.unique().tolist():
        members = ((labels == label) & inside).nonzero().squeeze(1)
        kept.append(members[suppress_overlaps(boxes[members], scores[members])])
    order = torch.cat(kept)
    return Recognized(boxes[order], labels[order], scores[order])


def best_of_each(found: Recognized) -> Recognized:
    """Only the best box of every organ."""
    before = torch.cat([found.labels.new_zeros(1), found.labels[:-1]]) if len(found.labels) else found.labels
    first = found.labels != before
    return Recognized(found.boxes[first], found.labels[first], found.scores[first])


def any_of_each(found: Recognized, truth: Truth) -> Truth:
    """One random box for every organ in the truth: its truth box, or one recognized as it that overlaps that.

    The truth box keeps an organ in training that the second stage does not recognize yet. A box that misses its organ
    altogether would teach nothing: the soft Dice of an empty truth has no gradient.
    """
    iou = overlaps(found.boxes, truth.boxes)
    chosen = [truth.boxes[:0]]
    for organ, label in enumerate(truth.labels):
        hits = found.boxes[(found.labels == label) & (iou[:, organ] > 0)]
        chosen.append(_draw(torch.cat([hits, truth.boxes[organ : organ + 1]]), 1))
    return Truth(torch.cat(chosen), truth.labels)
