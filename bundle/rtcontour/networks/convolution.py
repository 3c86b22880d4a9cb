"""The 3D convolution of all networks here: nn.Conv3d with a weight gradient that is right on thin maps too."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Conv3d(nn.Conv3d):
    """nn.Conv3d with zero padding; what it computes is the same, in `forward` and in the gradient.

    Along i a map may be so thin that no plane of it is free of padding: two planes under a kernel of 3. There oneDNN's
    bfloat16 weight gradient on the CPU holds memory that nobody has written, up to infinity (seen in torch 2.13.0).
    Such a map is padded before the convolution, which leads around it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, i, j, k) -> (B, outputs, i, j, k), sizes as `nn.Conv3d` gives them."""
        i, j, k = int(self.padding[0]), int(self.padding[1]), int(self.padding[2])
        if x.shape[2] > 2 * i:
            return self._conv_forward(x, self.weight, self.bias)
        x = F.pad(x, (0, 0, 0, 0, i, i))
        return F.conv3d(x, self.weight, self.bias, self.stride, (0, j, k), self.dilation, self.groups)
