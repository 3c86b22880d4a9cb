"""The encoder of Ua-Net: feature maps at 1/2, 1/4 and 1/8 of the image.

The 1/8 map, on which boxes are found, also holds what 1/16 sees: it is upsampled once and concatenated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.networks.convolution import Conv3d

STRIDE = 8  # image voxels along one side of a voxel of the 1/8 map
DEEPEST = 16
# At 1/16 a volume of 16 x 16 x 16 is one voxel, of which batch normalisation cannot take a variance.
SMALLEST = 32
AIR = -1.0


class Features(NamedTuple):
    """Maps of one case, each (1, C, i, j, k): at 1/2, 1/4 and 1/8 of the image."""

    f2: Tensor
    f4: Tensor
    f8: Tensor


@dataclass(frozen=True)
class BackboneSize:
    """Channels of stem, the four down blocks and the 1/8 map; residual units of the down blocks and the up block."""

    stem: int
    down: tuple[int, int, int, int]
    f8: int
    units: tuple[int, int, int, int, int]


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm3d,
    "instance": lambda channels: nn.InstanceNorm3d(channels, affine=True),
    "group": lambda channels: nn.GroupNorm(min(8, channels // 4), channels),
}


def padded_size(size: Sequence[int]) -> list[int]:
    """The size that the network computes on: each side a multiple of 16 and at least 32 voxels."""
    return [max(SMALLEST, -(-side // DEEPEST) * DEEPEST) for side in size]


def pad_to_size(volume: Tensor, size: Sequence[int], value: float) -> Tensor:
    """(..., i, j, k) grown at the ends of the last three axes to `size`."""
    i, j, k = (new - old for new, old in zip(size, volume.shape[-3:], strict=True))
    return F.pad(volume, (0, k, 0, j, 0, i), value=value)


class Residual(nn.Module):
    """Two 3x3x3 convolutions around which the input is added, projected where the width changes."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.conv1 = Conv3d(inputs, outputs, 3, padding=1)
        self.norm1 = norm(outputs)
        self.conv2 = Conv3d(outputs, outputs, 3, padding=1)
        self.norm2 = norm(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(Conv3d(inputs, outputs, 1), norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, i, j, k) -> (1, outputs, i, j, k)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x), inplace=True)


def residuals(inputs: int, outputs: int, units: int, norm: Callable[[int], nn.Module]) -> list[nn.Module]:
    """As many residual units, the first of which changes the width."""
    return [Residual(inputs if unit == 0 else outputs, outputs, norm) for unit in range(units)]


class Backbone(nn.Module):
    """From the image to the three feature maps.

    Args:
        in_channels: channels of the image.
        size: widths and depths.
        norm: "batch", "instance" or "group".
    """

    def __init__(self, in_channels: int, size: BackboneSize, norm: str) -> None:
        super().__init__()
        make = NORMS[norm]
        stem, (d1, d2, d3, d4), f8 = size.stem, size.down, size.f8
        n1, n2, n3, n4, n_up = size.units
        self.stem = nn.Sequential(
            *(Conv3d(in_channels, stem, 3, stride=2, padding=1), make(stem), nn.ReLU(inplace=True)),
            *(Conv3d(stem, stem, 3, padding=1), make(stem), nn.ReLU(inplace=True)),
        )
        self.down1 = nn.Sequential(*residuals(stem, d1, n1, make))
        self.down2 = nn.Sequential(nn.MaxPool3d(2), *residuals(d1, d2, n2, make))
        self.down3 = nn.Sequential(nn.MaxPool3d(2), *residuals(d2, d3, n3, make))
        self.down4 = nn.Sequential(nn.MaxPool3d(2), *residuals(d3, d4, n4, make))
        self.up = nn.Sequential(nn.ConvTranspose3d(d4, d4, 2, stride=2), make(d4), nn.ReLU(inplace=True))
        self.fuse = nn.Sequential(*residuals(d4 + d3, f8, n_up, make))

    def forward(self, image: Tensor) -> Features:
        """(1, in_channels, i, j, k), sides as `padded_size` gives them -> feature maps."""
        f2 = self.down1(self.stem(image))
        f4 = self.down2(f2)
        at_8 = self.down3(f4)
        return Features(f2, f4, self.fuse(torch.cat([self.up(self.down4(at_8)), at_8], dim=1)))
