"""The dual path network (Chen 2017): the encoder of DpnUNet, in two or three dimensions.

A dual path carries two things in one tensor: its first channels are a residual part, to which every block ADDS, and
the others a dense part, to which every block APPENDS.

Resolutions against the input: stem 1/2 in every plane, the four stages 1/4, 1/8, 1/16, 1/32. In three dimensions the
slices, thick in radiotherapy, are kept by stem and stage 1 and become 1/2, 1/4, 1/8 in stages 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rtcontour.networks.convolution import Conv3d

STEM_STRIDE = POOL_STRIDE = (2, 2, 1)
STAGE_STRIDES = ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))
REDUCTION = (32, 32, 8)
"""What these strides multiply to along i, j, k."""

CONVOLUTIONS: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: Conv3d}
NORMS: dict[int, type[nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOLS: dict[int, type[nn.Module]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


@dataclass(frozen=True)
class DpnSize:
    """What tells one dual path network from another.

    Attributes:
        stem: kernel and channels of the first convolution.
        groups: of every 3x3 convolution.
        bottleneck: channels of that convolution in stage 1; they double with each stage.
        residual: channels of the residual part in stage 1; they double with each stage.
        blocks: blocks of each stage.
        growth: channels that each block of the stage appends to the dense part.
    """

    stem: tuple[int, int]
    groups: int
    bottleneck: int
    residual: int
    blocks: tuple[int, int, int, int]
    growth: tuple[int, int, int, int]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after the stem and after each stage, whose first block makes a dense part of 3 x growth."""
        stages = enumerate(zip(self.blocks, self.growth, strict=True))
        return self.stem[1], *(self.residual * 2**n + growth * (blocks + 2) for n, (blocks, growth) in stages)


class NormReLUConv(nn.Sequential):
    """Batch normalisation and ReLU before a convolution without bias; the size is kept but for the stride."""

    def __init__(
        self, dims: int, inputs: int, outputs: int, kernel: int, stride: tuple[int, ...] = (1, 1, 1), groups: int = 1
    ) -> None:
        super().__init__(
            norm(dims, inputs), nn.ReLU(inplace=True), convolution(dims, inputs, outputs, kernel, stride, groups)
        )


class ConvNormReLU(nn.Sequential):
    """The same three the other way round: the unit of stem and decoder."""

    def __init__(
        self, dims: int, inputs: int, outputs: int, kernel: int = 3, stride: tuple[int, ...] = (1, 1, 1)
    ) -> None:
        super().__init__(convolution(dims, inputs, outputs, kernel, stride), norm(dims, outputs), nn.ReLU(inplace=True))


class DualPathBlock(nn.Module):
    """A bottleneck whose first channels are added to the residual part; the rest is appended to the dense part.

    Args:
        dims: 2 or 3.
        inputs: channels of both parts together.
        bottleneck: channels of the grouped convolution.
        residual: channels of the residual part.
        growth: channels that are appended.
        groups: of the grouped convolution.
        stride: of the first block of a stage, which projects its input to a new residual part and a dense part of
            2 x growth; None for the others, through which both parts pass unchanged.
    """

    def __init__(
        self,
        dims: int,
        inputs: int,
        bottleneck: int,
        residual: int,
        growth: int,
        groups: int,
        stride: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.projection: nn.Module = nn.Identity()
        if stride is not None:
            self.projection = NormReLUConv(dims, inputs, residual + 2 * growth, 1, stride)
        self.bottleneck = nn.Sequential(
            NormReLUConv(dims, inputs, bottleneck, 1),
            NormReLUConv(dims, bottleneck, bottleneck, 3, stride or (1, 1, 1), groups),
            NormReLUConv(dims, bottleneck, residual + growth, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, ...) -> (B, inputs or projected channels, plus growth, ...)."""
        old, new = self.projection(x), self.bottleneck(x)
        residual = old[:, : self.residual] + new[:, : self.residual]
        return torch.cat((residual, old[:, self.residual :], new[:, self.residual :]), 1)


class DpnEncoder(nn.Module):
    """Features of an image at five resolutions.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        size: depths and widths.

    Source:
        Chen 2017, "Dual Path Networks", arXiv 1707.01629.
    """

    def __init__(self, dims: int, in_channels: int, size: DpnSize) -> None:
        super().__init__()
        kernel, width = size.stem
        self.stem = ConvNormReLU(dims, in_channels, width, kernel, STEM_STRIDE)
        self.pool = POOLS[dims](3, POOL_STRIDE[:dims], 1)
        self.stages = nn.ModuleList(stage(dims, n, size) for n in range(4))
        self.last = nn.Sequential(norm(dims, size.widths[-1]), nn.ReLU(inplace=True))

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, in_channels, i, j[, k]) -> stem, stages 1 to 3 as they are, stage 4 normalised: fine to coarse."""
        x = self.stem(image)
        features = [x]
        x = self.pool(x)
        for blocks in self.stages:
            x = blocks(x)
            features.append(x)
        features[-1] = self.last(x)
        return features


def stage(dims: int, n: int, size: DpnSize) -> nn.Sequential:
    """The blocks of stage n (0 to 3), each wider than the one before by the growth."""
    inputs, growth = size.widths[n], size.growth[n]
    bottleneck, residual = size.bottleneck * 2**n, size.residual * 2**n
    blocks = [DualPathBlock(dims, inputs, bottleneck, residual, growth, size.groups, STAGE_STRIDES[n])]
    for b in range(1, size.blocks[n]):
        blocks.append(DualPathBlock(dims, residual + growth * (b + 2), bottleneck, residual, growth, size.groups))
    return nn.Sequential(*blocks)


def convolution(
    dims: int, inputs: int, outputs: int, kernel: int, stride: tuple[int, ...], groups: int = 1
) -> nn.Module:
    """A convolution of 2 or 3 dimensions without bias; of the stride (i, j, k), two dimensions take (i, j)."""
    return CONVOLUTIONS[dims](inputs, outputs, kernel, stride[:dims], kernel // 2, groups=groups, bias=False)


def norm(dims: int, channels: int) -> nn.Module:
    """Batch normalisation with the epsilon of the dual path networks."""
    return NORMS[dims](channels, eps=0.001)
