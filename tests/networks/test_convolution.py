import pytest
import torch
from torch import nn

from rtcontour.networks.convolution import Conv3d

THIN = [(planes, 4, 3) for planes in (1, 2, 3, 4, 5)]
LAYERS = {
    "3": {"kernel_size": 3, "padding": 1},
    "5": {"kernel_size": 5, "padding": 2},
    "3x3x1, stride 2": {"kernel_size": (3, 3, 1), "padding": (1, 1, 0), "stride": (2, 2, 1)},
    "dilation 2": {"kernel_size": 3, "padding": 2, "dilation": 2},
    "groups": {"kernel_size": 3, "padding": 1, "groups": 4},
    "1": {"kernel_size": 1},
}


def leave_large_numbers_in_freed_memory():
    blocks = [torch.full((count,), 1e30) for count in (256, 1024, 4096, 16384, 65536, 262144) * 3]
    del blocks


def run(layer, x, weight, dtype):
    """The output, and the gradients of image and weight for a loss that weighs every voxel differently."""
    x = x.clone().requires_grad_()
    layer.weight.data, layer.weight.grad = weight.clone(), None
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        y = layer(x)
    leave_large_numbers_in_freed_memory()
    (y.float() * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
    return y.detach().float(), x.grad, layer.weight.grad


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last_3d], ids=str)
@pytest.mark.parametrize("size", THIN, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_output_and_gradients_are_those_of_torch_in_float32_and_close_in_bfloat16(name, size, order):
    torch.manual_seed(0)
    options = {"in_channels": 32, "out_channels": 32, "bias": False} | LAYERS[name]
    ours, plain = Conv3d(**options), nn.Conv3d(**options)
    for _ in range(3):
        x, weight = torch.randn(2, 32, *size).contiguous(memory_format=order), torch.randn_like(ours.weight)
        expected = run(plain, x, weight, torch.float32)
        for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 0.03)):
            for found, right in zip(run(ours, x, weight, dtype), expected, strict=True):
                assert (found - right).abs().max() <= tolerance * right.abs().max()


def test_it_scripts():
    layer = Conv3d(2, 3, 3, padding=1)
    for planes in (2, 5):
        x = torch.randn(1, 2, planes, 4, 4)
        assert torch.allclose(torch.jit.script(layer)(x), layer(x), atol=1e-6)
