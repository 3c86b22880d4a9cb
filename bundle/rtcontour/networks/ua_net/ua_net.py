"""Ua-Net: the network of Tang 2019, built afresh from its description.

Three stages share one encoder: proposals (is there an organ, and where roughly), recognition (which one, and where
exactly), and masks (which voxels, at full resolution inside the crop only). They are trained one after the other, see
`UaNet.phase`. Every case of a batch goes through alone, so a batch changes nothing but the mean of the losses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from rtcontour.errors import ConfigError
from rtcontour.networks.ua_net.anchors import PAPER_ANCHORS, checked_sides, place_anchors
from rtcontour.networks.ua_net.backbone import (
    AIR,
    NORMS,
    Backbone,
    BackboneSize,
    Features,
    pad_to_size,
    padded_size,
)
from rtcontour.networks.ua_net.boxes import Truth, covering_crops, cut, truth_boxes
from rtcontour.networks.ua_net.masks import MaskHead, dice_loss
from rtcontour.networks.ua_net.pooling import pool_regions
from rtcontour.networks.ua_net.proposals import ProposalHead, proposal_losses, select_proposals
from rtcontour.networks.ua_net.recognition import (
    RecognitionHead,
    any_of_each,
    best_of_each,
    recognition_losses,
    recognize,
    sample_proposals,
)

PHASES = ("proposals", "classes", "masks")
HEADS = ("paper", "code")
REDUCTIONS = ("sum", "mean")
OUTSIDE = -30.0  # logit of an organ where no box of it was found


@dataclass(frozen=True)
class UaNetSize:
    """Widths: the encoder, the hidden layers of proposals and recognition, the mask head."""

    backbone: BackboneSize
    proposals: int
    recognition: tuple[int, int]
    masks: int


GPU = UaNetSize(BackboneSize(24, (32, 64, 64, 64), 64, (2, 2, 3, 3, 3)), 64, (512, 256), 64)
CPU = UaNetSize(BackboneSize(8, (16, 24, 32, 32), 32, (1, 1, 1, 1, 1)), 32, (64, 64), 24)
SIZES = {"cpu": CPU, "gpu": GPU, "paper": GPU}


@dataclass(frozen=True, eq=False)
class Detections:
    """The organs found in one image, by label.

    Attributes:
        boxes: (n, 6) corners x0, y0, z0, x1, y1, z1 in voxels, voxel v reaching from v - 0.5 to v + 0.5.
        labels: (n,) channels, from 1.
        scores: (n,) probabilities of the label.
        crops: (n, 6) int64 voxels [start, end) in which the masks are computed; they may reach into the padding.
        proposals: (m, 6) the boxes of the first stage, best first.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    crops: Tensor
    proposals: Tensor


class UaNet(nn.Module):
    """Logits of every organ, computed only where a box of it was found; in training a dict of losses.

    Args:
        in_channels: 1, the HU scaled to [-1, 1]; -1 is air.
        classes: organs + 1; channel 0 is background.
        size: "cpu" (881,475 parameters with 29 classes), "gpu" (10,979,443), or "paper", the widths of "gpu".
        anchors: sides (i, j, k) in voxels of the anchor shapes; None for the twelve of the paper, which fit voxels of
            0.977 x 0.977 x 2.5 mm.
        border: voxels along (i, j, k) by which boxes are longer than their organ, half at each end.
        heads: of the first stage, "paper" (two branches of 3x3x3 and 1x1x1) or "code" (one shared 1x1x1).
        feature_channels: of the 1/8 map; None for the size's own, 128 as in the published code.
        norm: of the encoder, "batch" (of one case each), "instance" or "group".
        lcn_affine: give the mask head's normalisation a learned scale and shift.
        union: a mask is the maximum over all boxes of its organ, as in the paper, instead of the best box's only.
        rpn_max: most proposals.
        rpn_partial_weight: factor of the negative anchors in cases in which some organ was not contoured.
        mask_reduction: "sum" or "mean" of the mask loss over the organs of a case.

    Raises:
        ConfigError: an argument that is none of these.

    Source:
        Tang 2019, doi 10.1038/s42256-019-0099-z; what is not printed there is listed in docs/architecture.md.
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 8,
        size: str = "cpu",
        anchors: Sequence[Sequence[float]] | None = None,
        border: Sequence[float] = (8, 8, 4),
        heads: str = "paper",
        feature_channels: int | None = None,
        norm: str = "batch",
        lcn_affine: bool = False,
        union: bool = False,
        rpn_max: int = 300,
        rpn_partial_weight: float = 1.0,
        mask_reduction: str = "sum",
    ) -> None:
        super().__init__()
        _check_word("size", size, SIZES)
        _check_word("heads", heads, HEADS)
        _check_word("norm", norm, NORMS)
        _check_word("mask_reduction", mask_reduction, REDUCTIONS)
        _check_least("classes", classes, 2)
        _check_least("rpn_max", rpn_max, 1)
        _check_least("rpn_partial_weight", rpn_partial_weight, 0)
        if len(border) != 3 or min(border) < 0:
            raise ConfigError(f"UaNet has the border {list(border)}; expected three voxel counts, 0 or more")
        sides = checked_sides(PAPER_ANCHORS if anchors is None else anchors)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels,
            "classes": classes,
            "size": size,
            "anchors": sides.tolist(),
            "border": list(border),
            "heads": heads,
            "feature_channels": feature_channels,
            "norm": norm,
            "lcn_affine": lcn_affine,
            "union": union,
            "rpn_max": rpn_max,
            "rpn_partial_weight": rpn_partial_weight,
            "mask_reduction": mask_reduction,
        }
        self.classes, self.border, self.union = classes, tuple(border), union
        self.rpn_max, self.rpn_partial_weight, self.mask_reduction = rpn_max, rpn_partial_weight, mask_reduction
        self.phase = "masks"
        widths = SIZES[size]
        shape = replace(widths.backbone, f8=feature_channels or widths.backbone.f8)
        self.backbone = Backbone(in_channels, shape, norm)
        self.proposals = ProposalHead(shape.f8, widths.proposals, len(sides), heads)
        self.recognition = RecognitionHead(shape.f8, widths.recognition, classes)
        f2, f4, *_ = shape.down
        self.masks = MaskHead(in_channels, f2, f4, shape.f8, widths.masks, classes - 1, lcn_affine)
        self.anchor_sides: Tensor
        self.register_buffer("anchor_sides", sides, persistent=False)
        self.apply(initialize)
        for output in (self.proposals.logits, self.proposals.deltas, self.recognition.logits, self.recognition.deltas):
            nn.init.normal_(output.weight, std=0.01)

    @property
    def phase(self) -> str:
        """Which losses training computes: "proposals", "classes" (these too) or "masks" (all)."""
        return self._phase

    @phase.setter
    def phase(self, phase: str) -> None:
        _check_word("phase", phase, PHASES)
        self._phase = phase

    def forward(
        self, image: Tensor, target: Tensor | None = None, annotated: Tensor | None = None
    ) -> Tensor | dict[str, Tensor]:
        """The losses in train mode, the logits otherwise.

        Args:
            image: (B, in_channels, i, j, k) in [-1, 1], of any size.
            target: (B, 1, i, j, k) or (B, i, j, k) integer channels; needed in train mode only.
            annotated: (B, classes) bool, True where the class was contoured in the case; None: all were.

        Returns:
            In train mode scalars by name, the mean over the cases: "proposal_class" and "proposal_box"; from the
            phase "classes" on also "class" and "box"; in "masks" also "mask". A loss without anything to learn from
            is 0, and still has a gradient. Otherwise logits (B, classes, i, j, k) float32: 0 in channel 0, -30 outside
            the boxes of an organ.

        Raises:
            ValueError: train mode without a target, or shapes or labels that do not fit.
        """
        image = image.as_subclass(Tensor)
        if not self.training:
            return torch.cat([self._logits_of_case(case) for case in image.split(1)])
        target, annotated = self._check_truth(image, target, annotated)
        cases = [self._losses_of_case(image[b : b + 1], target[b], annotated[b]) for b in range(len(image))]
        return {name: torch.stack([losses[name] for losses in cases]).mean() for name in cases[0]}

    @torch.no_grad()
    def detect(self, image: Tensor) -> list[Detections]:
        """The boxes found in each image of (B, in_channels, i, j, k); call it in eval mode."""
        return [self._find(self._pad(case))[1] for case in image.as_subclass(Tensor).split(1)]

    def _pad(self, image: Tensor) -> Tensor:
        return pad_to_size(image, padded_size(image.shape[2:]), AIR)

    def _check_truth(self, image: Tensor, target: Tensor | None, annotated: Tensor | None) -> tuple[Tensor, Tensor]:
        if target is None:
            raise ValueError("UaNet in train mode computes losses: give target=, or call eval() first")
        batch, size = len(image), image.shape[2:]
        if target.shape not in ((batch, 1, *size), (batch, *size)):
            raise ValueError(f"target has shape {tuple(target.shape)}; expected {(batch, 1, *size)}")
        target = target.as_subclass(Tensor).reshape(batch, *size).long()
        if target.numel() and not (int(target.min()) >= 0 and int(target.max()) < self.classes):
            found = f"{int(target.min())} to {int(target.max())}"
            raise ValueError(f"targets go from {found}; expected 0 to {self.classes - 1}")
        if annotated is None:
            annotated = torch.ones(batch, self.classes, dtype=torch.bool)
        if annotated.shape != (batch, self.classes):
            raise ValueError(f"annotated has shape {tuple(annotated.shape)}; expected {(batch, self.classes)}")
        return target, annotated.as_subclass(Tensor).to(image.device, torch.bool)

    def _propose(self, features: Features) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (a,), deltas (a, 6) and the anchors (a, 6) they refer to."""
        return *self.proposals(features.f8), place_anchors(features.f8.shape[2:], self.anchor_sides)

    def _recognize(self, features: Features, boxes: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Logits (n, classes) and deltas (n, classes, 6) of boxes (n, 6)."""
        return self.recognition(pool_regions(features.f8, covering_crops(boxes, size)))

    def _losses_of_case(self, image: Tensor, target: Tensor, annotated: Tensor) -> dict[str, Tensor]:
        image = self._pad(image)
        size = image.shape[2:]
        target = pad_to_size(target.where(annotated[target], 0), size, 0)
        truth = truth_boxes(target, self.border)
        features = self.backbone(image)

        proposed = self._propose(features)
        weight = 1.0 if bool(annotated[1:].all()) else self.rpn_partial_weight
        proposal_class, proposal_box = proposal_losses(*proposed, truth.boxes, weight)
        losses = {"proposal_class": proposal_class, "proposal_box": proposal_box}
        if self.phase == "proposals":
            return losses

        boxes = select_proposals(*proposed, size, self.rpn_max)
        if self.phase == "masks":
            boxes = torch.cat([boxes, truth.boxes])
        samples = sample_proposals(boxes, truth)
        logits, deltas = self._recognize(features, samples.boxes, size)
        losses["class"], losses["box"] = recognition_losses(logits, deltas, samples, annotated)
        if self.phase == "masks":
            drawn = any_of_each(recognize(logits, deltas, samples.boxes, size), truth)
            losses["mask"] = self._mask_loss(image, features, target, drawn)
        return losses

    def _mask_loss(self, image: Tensor, features: Features, target: Tensor, drawn: Truth) -> Tensor:
        # With no organ to delineate every parameter still gets a gradient, of zero, as distributed training needs it.
        total = 0.0 * torch.stack([parameter.sum() for parameter in self.masks.parameters()]).sum()
        crops = covering_crops(drawn.boxes, image.shape[2:]).tolist()
        for crop, label in zip(crops, drawn.labels.tolist(), strict=True):
            total = total + dice_loss(self.masks(image, features, crop, label), cut(target, crop) == label)
        return total / max(1, len(crops)) if self.mask_reduction == "mean" else total

    def _find(self, image: Tensor) -> tuple[Features, Detections]:
        size = image.shape[2:]
        features = self.backbone(image)
        proposals = select_proposals(*self._propose(features), size, self.rpn_max)
        found = recognize(*self._recognize(features, proposals, size), proposals, size)
        if not self.union:
            found = best_of_each(found)
        return features, Detections(*found, covering_crops(found.boxes, size), proposals)

    def _logits_of_case(self, image: Tensor) -> Tensor:
        i, j, k = image.shape[2:]
        image = self._pad(image)
        features, found = self._find(image)
        logits = image.new_full((1, self.classes, *image.shape[2:]), OUTSIDE, dtype=torch.float32)
        logits[:, 0] = 0
        for crop, label in zip(found.crops.tolist(), found.labels.tolist(), strict=True):
            region = cut(logits[0, label], crop)
            region.copy_(torch.maximum(region, self.masks(image, features, crop, label)))
        return logits[..., :i, :j, :k]


def initialize(module: nn.Module) -> None:
    """He normal weights and zero biases for convolutions and fully connected layers."""
    if isinstance(module, nn.Conv3d | nn.ConvTranspose3d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _check_word(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ConfigError(f"UaNet has no {name} {value!r}; known: {', '.join(known)}")


def _check_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ConfigError(f"UaNet has {name} {value}; expected {least} or more")
