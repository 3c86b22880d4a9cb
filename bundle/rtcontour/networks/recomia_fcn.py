"""RecomiaFCN: the 3D fully convolutional network of Sartor 2020, as far as it can be reconstructed.

The paper calls its network "standard, modified to use less memory" and cites RECOMIA (Tragardh 2020), whose layers
were never printed. Every layer here is therefore a reconstruction. What keeps memory low: no residual unit at full
resolution, skips that add instead of concatenating, and a 1x1x1 convolution that narrows before each upsampling.

Resolutions (i, j, k) against the input: a0 full; a1 1/2, 1/2, 1; a2 1/4, 1/4, 1/2; a3 1/8, 1/8, 1/4. A patch of
136 x 136 x 72 voxels admits exactly these three halvings.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.errors import ConfigError
from rtcontour.networks.convolution import Conv3d
from rtcontour.networks.group_norm import GroupNorm


@dataclass(frozen=True)
class FcnSize:
    """Widths of the four resolutions, residual units of the middle two, dilations of the deepest."""

    widths: tuple[int, int, int, int]
    units: tuple[int, int]
    dilations: tuple[int, ...]


SIZES = {
    "cpu": FcnSize((8, 16, 32, 64), (1, 1), (1, 2)),
    "gpu": FcnSize((12, 24, 48, 96), (1, 2), (1, 2, 4)),
    "paper": FcnSize((16, 32, 64, 128), (1, 2), (1, 2, 4, 2)),
}


class ConvNormReLU(nn.Sequential):
    """Convolution without bias, normalisation, ReLU; the size is kept but for the stride."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> None:
        padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
        super().__init__(Conv3d(inputs, outputs, kernel, stride, padding, bias=False), GroupNorm(outputs, relu=True))


class Residual(nn.Module):
    """Two dilated 3x3x3 convolutions around which the input is added."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = Conv3d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm1 = GroupNorm(channels, relu=True)
        self.conv2 = Conv3d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm2 = GroupNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, i, j, k) -> the same shape."""
        y = self.norm2(self.conv2(self.norm1(self.conv1(x))))
        return F.relu(y + x, inplace=True)


class Up(nn.Module):
    """Narrow, upsample to the skip's size, add the skip, refine."""

    def __init__(self, inputs: int, outputs: int, refine: nn.Module) -> None:
        super().__init__()
        self.narrow = Conv3d(inputs, outputs, 1, bias=False)
        self.refine = refine

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, inputs, ...) and the skip (B, outputs, i, j, k) -> (B, outputs, i, j, k)."""
        x = F.interpolate(self.narrow(x), size=skip.shape[2:], mode="trilinear", align_corners=False)
        return self.refine(x + skip)


class RecomiaFCN(nn.Module):
    """Logits of every class for every voxel of a CT patch or volume of any size.

    Args:
        in_channels: 1, the HU scaled to [-1, 1].
        classes: structures + 1; channel 0 is background.
        size: "cpu" (658,878 parameters with 6 classes), "gpu" (2,104,170) or "paper" (4,624,886).

    Raises:
        ConfigError: a size that is not one of these.

    Source:
        Sartor 2020, doi 10.1016/j.ctro.2020.09.004; layers reconstructed (docs/architecture.md).
    """

    def __init__(self, in_channels: int = 1, classes: int = 6, size: str = "cpu") -> None:
        super().__init__()
        self.arguments: dict[str, int | str] = {"in_channels": in_channels, "classes": classes, "size": size}
        if size not in SIZES:
            raise ConfigError(f"RecomiaFCN has no size {size!r}; known: {', '.join(SIZES)}")
        shape = SIZES[size]
        c0, c1, c2, c3 = shape.widths
        n1, n2 = shape.units
        self.stem = ConvNormReLU(in_channels, c0, (3, 3, 1), (1, 1, 1))
        self.down1 = nn.Sequential(ConvNormReLU(c0, c1, (3, 3, 3), (2, 2, 1)), *(Residual(c1) for _ in range(n1)))
        self.down2 = nn.Sequential(ConvNormReLU(c1, c2, (3, 3, 3), (2, 2, 2)), *(Residual(c2) for _ in range(n2)))
        self.down3 = nn.Sequential(
            ConvNormReLU(c2, c3, (3, 3, 3), (2, 2, 2)), *(Residual(c3, d) for d in shape.dilations)
        )
        self.up2 = Up(c3, c2, Residual(c2))
        self.up1 = Up(c2, c1, Residual(c1))
        self.up0 = Up(c1, c0, ConvNormReLU(c0, c0, (3, 3, 3), (1, 1, 1)))
        self.head = Conv3d(c0, classes, 1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 1, i, j, k) HU in [-1, 1] -> logits (B, classes, i, j, k)."""
        if image.device.type == "cpu":
            image = channels_last(image)
        a0 = self.stem(image)
        a1 = self.down1(a0)
        a2 = self.down2(a1)
        a3 = self.down3(a2)
        return self.head(self.up0(self.up1(self.up2(a3, a2), a1), a0))


def channels_last(image: Tensor) -> Tensor:
    """The image (B, C, i, j, k) with the channels of a voxel side by side, and so all that convolutions make of it.

    On the CPU they take little more than half the time then. An image of one channel has both orders at once; only its
    strides tell.
    """
    batch, channels, i, j, k = image.shape
    voxels = image.permute(0, 2, 3, 4, 1).contiguous()
    strides = (i * j * k * channels, 1, j * k * channels, k * channels, channels)
    return voxels.as_strided((batch, channels, i, j, k), strides)


def initialize(module: nn.Module) -> None:
    """He normal for convolutions; a head, the only one with a bias, starts without preference."""
    if isinstance(module, nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
