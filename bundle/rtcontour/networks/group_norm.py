"""The group normalisation of RecomiaFCN, fast on the CPU where the channels of a voxel lie side by side.

In that order of memory oneDNN's bfloat16 convolutions take little more than half the time, but PyTorch's own group
normalisation takes many times longer and eats the gain (docs/benchmarks.md has what is left of it). Here both passes
are built of PyTorch's batch normalisation, which is vectorised in this order.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

CHANNELS_LAST = torch.channels_last_3d
WIDEST = 128  # entries of a row; the vector units need rows of some length, and a few channels are none


class GroupNorm(nn.GroupNorm):
    """nn.GroupNorm of (B, C, i, j, k), followed by ReLU where asked for.

    Args:
        channels: C, in min(8, C // 4) groups.
        relu: cut the result below 0.
    """

    def __init__(self, channels: int, *, relu: bool = False) -> None:
        super().__init__(min(8, channels // 4), channels)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """The same shape and order of memory."""
        if torch.jit.is_scripting():
            return self._plain(x)
        return self._rows(x) if self._is_suited(x) else self._plain(x)

    def _plain(self, x: Tensor) -> Tensor:
        y = F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
        return F.relu(y, inplace=True) if self.relu else y

    @torch.jit.unused
    def _is_suited(self, x: Tensor) -> bool:
        channels_last = x.is_contiguous(memory_format=CHANNELS_LAST) and not x.is_contiguous()
        return x.device.type == "cpu" and channels_last and not torch.compiler.is_compiling()

    @torch.jit.unused
    def _rows(self, x: Tensor) -> Tensor:
        arguments = (self.weight, self.bias, self.num_groups, self.eps, self.relu)
        cases = [_NormaliseCase.apply(case, *arguments) for case in x.split(1)]
        return cases[0] if len(cases) == 1 else torch.cat(cases)


class _NormaliseCase(torch.autograd.Function):
    """One case (1, C, i, j, k), channels last.

    With x' = (x - mean) / sd in each group, y = weight x' + bias, and the gradient of x is
    (weight dy - mean of weight dy - x' mean of weight dy x') / sd, means over the group. Every pass over the voxels is
    either a sum a channel or a times x plus b a channel.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float, relu: bool) -> Tensor:
        channels = x.shape[1]
        means, variances = torch.batch_norm_update_stats(_as_rows(x), None, None, 0.0)
        means, variances = (part.float().view(-1, groups, channels // groups) for part in (means, variances))
        mean = means.mean((0, 2))
        variance = variances.mean((0, 2)) + (means - mean.view(1, -1, 1)).square().mean((0, 2))
        inverse_sd = (variance + eps).rsqrt()
        mean, inverse_sd = (part.repeat_interleave(channels // groups) for part in (mean, inverse_sd))
        factor = weight * inverse_sd
        y = _scaled(x, factor, bias - factor * mean)
        if relu:
            y.relu_()
        ctx.save_for_backward(x, weight, mean, inverse_sd, *([y] if relu else []))
        ctx.groups = groups
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse_sd, *cut = ctx.saved_tensors
        gradient = gradients[0].contiguous(memory_format=CHANNELS_LAST)
        if cut:
            gradient = torch.ops.aten.threshold_backward(gradient, cut[0], 0)
        weight_gradient, bias_gradient = _sums(x, gradient, mean, inverse_sd)
        group = (ctx.groups, -1)
        in_group = weight.numel() // ctx.groups
        of_bias, of_weight = (
            (weight * part).view(group).sum(1).repeat_interleave(in_group) / (x[0, 0].numel() * in_group)
            for part in (bias_gradient, weight_gradient)
        )
        slope = -inverse_sd.square() * of_weight
        level = -inverse_sd * of_bias - slope * mean
        x_gradient = _scaled(x, slope, level).add_(_scaled(gradient, inverse_sd * weight, torch.zeros_like(weight)))
        return x_gradient, weight_gradient, bias_gradient, None, None, None


def _sums(x: Tensor, gradient: Tensor, mean: Tensor, inverse_sd: Tensor) -> tuple[Tensor, Tensor]:
    """A channel's sums over the voxels of gradient times x', and of the gradient, float32."""
    rows = _as_rows(x)
    times = rows.shape[1] // len(mean)
    _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
        _as_rows(gradient), rows, torch.ones(rows.shape[1]), None, None,
        mean.repeat(times), inverse_sd.repeat(times), True, 0.0, [False, True, True],
    )  # fmt: skip
    return of_weight.float().view(times, -1).sum(0), of_bias.float().view(times, -1).sum(0)


def _scaled(x: Tensor, factor: Tensor, offset: Tensor) -> Tensor:
    """Every channel of x times its factor plus its offset, both (C,): batch normalisation of mean 0 and variance 1."""
    rows = _as_rows(x)
    times = rows.shape[1] // len(factor)
    zeros, ones = torch.zeros(rows.shape[1]), torch.ones(rows.shape[1])
    y = torch.native_batch_norm(rows, factor.repeat(times), offset.repeat(times), zeros, ones, False, 0.0, 0.0)[0]
    return y.permute(0, 2, 3, 1).reshape(1, *x.shape[2:], x.shape[1]).permute(0, 4, 1, 2, 3)


def _as_rows(x: Tensor) -> Tensor:
    """(1, C, i, j, k), channels last, as (1, times C, rows, 1): so many voxels side by side fill the vector units."""
    channels, voxels = x.shape[1], x[0, 0].numel()
    times = 1
    while voxels % (2 * times) == 0 and times * channels < WIDEST:
        times *= 2
    return x.permute(0, 2, 3, 4, 1).reshape(1, voxels // times, 1, times * channels).permute(0, 3, 1, 2)
