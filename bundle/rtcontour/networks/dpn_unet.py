"""DpnUNet: dual path modules inside a U-Net, as in Geng 2024, as far as it can be reconstructed.

The paper shows its network in a figure and prints no layer. The encoder is the published dual path network, or a
small one of the same rules for a CPU. The decoder is a reconstruction: at 1/16, 1/8, 1/4 and 1/2 of the plane it
upsamples, appends the encoder's features of that resolution, and convolves twice; at full resolution it upsamples and
convolves once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcontour.errors import ConfigError
from rtcontour.networks.dpn_encoder import CONVOLUTIONS, REDUCTION, ConvNormReLU, DpnEncoder, DpnSize

CPU = DpnSize((3, 16), 8, 32, 32, (2, 2, 4, 2), (8, 16, 16, 32))
DPN68 = DpnSize((3, 10), 32, 128, 64, (3, 4, 12, 3), (16, 32, 32, 64))
DPN92 = DpnSize((7, 64), 32, 96, 256, (3, 4, 20, 3), (16, 32, 24, 128))

# Each with the widths of its decoder. The presets' names are sizes too.
SIZES = {
    "cpu": (CPU, (96, 64, 32, 24, 16)),
    "dpn68": (DPN68, (256, 128, 64, 32, 16)),
    "dpn92": (DPN92, (256, 256, 128, 64, 64)),
}
SIZES |= {"gpu": SIZES["dpn68"], "paper": SIZES["dpn92"]}

INTERPOLATION = {2: "bilinear", 3: "trilinear"}


class Up(nn.Module):
    """Upsample to the skip's size, append the skip, refine."""

    def __init__(self, dims: int, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.mode = INTERPOLATION[dims]
        self.refine = nn.Sequential(ConvNormReLU(dims, inputs + skip, outputs), ConvNormReLU(dims, outputs, outputs))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, inputs, ...) and the skip (B, C, i, j[, k]) -> (B, outputs, i, j[, k])."""
        x = F.interpolate(x, size=skip.shape[2:], mode=self.mode, align_corners=False)
        return self.refine(torch.cat((x, skip), 1))


class DpnUNet(nn.Module):
    """Logits of every class for every voxel of a CT patch or volume of any size.

    The image is padded with air at its ends to what the strides divide, and the logits are cropped back. In 2.5D and
    eval mode, `slices_at_once` slices pass the network together: it bounds the memory and changes no logit.

    Args:
        in_channels: 1, the HU scaled to [-1, 1].
        classes: structures + 1; channel 0 is background.
        size: "cpu" (1,667,125 parameters in 2.5D with 3 slices and 5 classes), "dpn68" or "gpu" (16,949,087),
            "dpn92" or "paper" (49,156,869).
        spatial_dims: 2 predicts each slice from itself and its neighbours; 3 takes the patch as a volume.
        neighbours: slices that enter in 2.5D, an odd number: 3 are k-1, k, k+1. Beyond its ends a volume continues
            with its first and last slice. Means nothing in three dimensions.

    Raises:
        ConfigError: an unknown size, an even number of neighbours, dimensions other than 2 or 3.

    Source:
        Geng 2024, Radiation Oncology; layers reconstructed (docs/architecture.md).
    """

    def __init__(
        self, in_channels: int = 1, classes: int = 5, size: str = "cpu", spatial_dims: int = 2, neighbours: int = 3
    ) -> None:
        super().__init__()
        self.arguments: dict[str, int | str] = {
            "in_channels": in_channels,
            "classes": classes,
            "size": size,
            "spatial_dims": spatial_dims,
            "neighbours": neighbours,
        }
        refuse_impossible(size, spatial_dims, neighbours)
        self.spatial_dims, self.neighbours = spatial_dims, neighbours
        self.slices_at_once = 4
        self.mode, self.reduction = INTERPOLATION[spatial_dims], list(REDUCTION[:spatial_dims])
        inputs = in_channels * neighbours if spatial_dims == 2 else in_channels
        encoder, widths = SIZES[size]
        coarse = (encoder.widths[-1], *widths)
        skips = reversed(encoder.widths[:-1])
        self.encoder = DpnEncoder(spatial_dims, inputs, encoder)
        self.ups = nn.ModuleList(Up(spatial_dims, coarse[n], skip, widths[n]) for n, skip in enumerate(skips))
        self.full = ConvNormReLU(spatial_dims, widths[3], widths[4])
        self.head = CONVOLUTIONS[spatial_dims](widths[4], classes, 1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        """(B, in_channels, i, j, k) HU in [-1, 1] -> logits (B, classes, i, j, k)."""
        if self.spatial_dims == 3:
            return self.segment(image)
        depth = image.shape[4]
        # Batch statistics come from all slices of a patch, so training takes them together.
        step = depth if self.training else max(1, self.slices_at_once // image.shape[0])
        logits = self.segment_slices(image, 0, min(step, depth))
        if step >= depth:
            return logits
        shape = list(logits.shape)
        shape[4] = depth
        whole = logits.new_empty(shape)
        whole[..., :step] = logits
        for start in range(step, depth, step):
            stop = min(start + step, depth)
            whole[..., start:stop] = self.segment_slices(image, start, stop)
        return whole

    def segment_slices(self, image: Tensor, start: int, stop: int) -> Tensor:
        """Logits (B, classes, i, j, stop - start) of the slices start to stop of (B, in_channels, i, j, k)."""
        logits = self.segment(gather_neighbours(image, start, stop, self.neighbours))
        return logits.unflatten(0, (image.shape[0], stop - start)).permute(0, 2, 3, 4, 1)

    def segment(self, image: Tensor) -> Tensor:
        """(B, C, i, j) in 2.5D, (B, C, i, j, k) in three dimensions -> logits (B, classes, ...) of the same size."""
        padded = pad_with_air(image, self.reduction, self.training)
        features = self.encoder(padded)
        x = features[4]
        for n, up in enumerate(self.ups):
            x = up(x, features[3 - n])
        x = self.full(F.interpolate(x, size=padded.shape[2:], mode=self.mode, align_corners=False))
        for axis in range(2, image.dim()):
            x = x.narrow(axis, 0, image.shape[axis])
        return self.head(x)


def gather_neighbours(image: Tensor, start: int, stop: int, neighbours: int) -> Tensor:
    """Slices start to stop of (B, C, i, j, k), each with its neighbours -> (B * slices, neighbours * C, i, j)."""
    offsets = torch.arange(neighbours, device=image.device) - neighbours // 2
    slices = torch.arange(start, stop, device=image.device)[:, None] + offsets
    planes = image.index_select(4, slices.clamp(0, image.shape[4] - 1).flatten())
    planes = planes.unflatten(4, (stop - start, neighbours)).permute(0, 4, 5, 1, 2, 3)
    # Channels last: a fifth less time for forward and backward on a CPU.
    return planes.flatten(2, 3).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def pad_with_air(image: Tensor, reduction: list[int], training: bool) -> Tensor:
    """(B, C, i, j) or (B, C, i, j, k), padded at the ends of each axis to a multiple of its reduction.

    One value a channel has no variance to normalise by. A single image of the least size leaves no more than that at
    the coarsest resolution, and is padded further in training.
    """
    coarsest = image.shape[0]
    padding: list[int] = []
    for axis in range(len(reduction) - 1, -1, -1):  # the order of F.pad
        size = image.shape[axis + 2]
        missing = -size % reduction[axis]
        coarsest *= (size + missing) // reduction[axis]
        padding += [0, missing]
    if training and coarsest == 1:
        padding[-1] += reduction[0]
    return F.pad(image, padding, value=-1.0)  # the lower end of the HU window


def refuse_impossible(size: str, spatial_dims: int, neighbours: int) -> None:
    """Raise a ConfigError for arguments that name no DpnUNet."""
    if size not in SIZES:
        raise ConfigError(f"DpnUNet has no size {size!r}; known: {', '.join(SIZES)}")
    if spatial_dims not in INTERPOLATION:
        raise ConfigError(f"DpnUNet has spatial_dims 2 (slices with neighbours) or 3 (volumes), not {spatial_dims}")
    if spatial_dims == 2 and (neighbours < 1 or neighbours % 2 == 0):
        raise ConfigError(f"DpnUNet takes an odd number of neighbours, the slice in their middle, not {neighbours}")


def initialize(module: nn.Module) -> None:
    """He normal for convolutions; a head, the only one with a bias, starts without preference."""
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
