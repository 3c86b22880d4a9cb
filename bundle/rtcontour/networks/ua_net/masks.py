"""The third stage: the mask of one organ, at full resolution, inside its crop only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.networks.convolution import Conv3d
from rtcontour.networks.ua_net.backbone import Features
from rtcontour.networks.ua_net.boxes import cut

EPSILON = 1e-5


class Refine(nn.Module):
    """Upsample twofold, convolve, concatenate the finer map, convolve; local contrast normalisation after each.

    Local contrast normalisation takes mean and variance of each channel over the crop, in training and after it: what
    is normal in an eye does not depend on the rest of the scan.
    """

    def __init__(self, inputs: int, finer: int, outputs: int, affine: bool) -> None:
        super().__init__()
        self.conv1 = Conv3d(inputs, outputs, 3, padding=1)
        self.norm1 = nn.InstanceNorm3d(outputs, eps=EPSILON, affine=affine)
        self.conv2 = Conv3d(outputs + finer, outputs, 3, padding=1)
        self.norm2 = nn.InstanceNorm3d(outputs, eps=EPSILON, affine=affine)

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        """(1, inputs, i, j, k) and (1, finer, 2i, 2j, 2k) -> (1, outputs, 2i, 2j, 2k)."""
        x = F.interpolate(x, size=finer.shape[2:], mode="trilinear", align_corners=False)
        x = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(self.norm2(self.conv2(torch.cat([x, finer.to(x.dtype)], dim=1))), inplace=True)


class MaskHead(nn.Module):
    """Logits of one organ in one crop, from the image and the features in that crop and nothing outside it.

    Args:
        in_channels: of the image.
        f2: channels of the 1/2 map.
        f4: channels of the 1/4 map.
        f8: channels of the 1/8 map.
        width: channels of every layer.
        organs: rows of the last convolution, of which a crop uses one.
        lcn_affine: give the normalisation a learned scale and shift.
    """

    def __init__(self, in_channels: int, f2: int, f4: int, f8: int, width: int, organs: int, lcn_affine: bool) -> None:
        super().__init__()
        self.to_4 = Refine(f8, f4, width, lcn_affine)
        self.to_2 = Refine(width, f2, width, lcn_affine)
        self.to_1 = Refine(width, in_channels, width, lcn_affine)
        self.logits = Conv3d(width, organs, 1)

    def forward(self, image: Tensor, features: Features, crop: Sequence[int], label: int) -> Tensor:
        """The whole image and its maps, a crop of at least 8 x 8 x 8 voxels -> its logits (i, j, k), float32."""
        x = self.to_4(cut(features.f8, crop, 8), cut(features.f4, crop, 4))
        x = self.to_2(x, cut(features.f2, crop, 2))
        x = self.to_1(x, cut(image, crop))
        weight, bias = (rows[label - 1 : label] for rows in self.logits.parameters())
        return F.conv3d(x, weight, bias)[0, 0].float()


def dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - soft Dice of one crop, written as Tversky's index with alpha = beta = 0.5, as in the paper.

    Args:
        logits: (i, j, k).
        truth: (i, j, k) bool or 0 and 1; with no voxel set the loss is 1 and has no gradient.
    """
    mask, truth = torch.sigmoid(logits.float()), truth.float()
    both = (mask * truth).sum()
    false_positive, false_negative = (mask * (1 - truth)).sum(), ((1 - mask) * truth).sum()
    return 1 - both / (both + 0.5 * false_positive + 0.5 * false_negative + EPSILON)
