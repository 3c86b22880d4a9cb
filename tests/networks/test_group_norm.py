"""Our group normalisation against PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rtcontour.networks.group_norm import GroupNorm
from rtcontour.networks.recomia_fcn import channels_last

SHAPES = [(1, 8, 8, 6, 4), (1, 12, 5, 3, 7), (3, 16, 4, 4, 6), (2, 64, 1, 1, 3), (1, 96, 17, 1, 1)]


def pair(channels, relu, seed=0):
    """The same layer twice: ours, and what PyTorch computes in float64."""
    torch.manual_seed(seed)
    ours = GroupNorm(channels, relu=relu)
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    weight, bias = (part.detach().double().requires_grad_() for part in (ours.weight, ours.bias))

    def oracle(x):
        y = F.group_norm(x, min(8, channels // 4), weight, bias, 1e-5)
        return (y.relu() if relu else y), (weight, bias)

    return ours, oracle


def both(shape, relu, dtype=torch.float32, mean=0.0):
    """Result and gradients of x, weight and bias; ours and the oracle's."""
    ours, oracle = pair(shape[1], relu)
    x = channels_last(torch.randn(shape) + mean).to(dtype).detach().requires_grad_()
    y = ours(x)
    gradient = torch.randn(shape).to(dtype)
    exact_x = x.detach().double().requires_grad_()
    exact, parameters = oracle(exact_x)
    return (
        (y, *torch.autograd.grad(y, (x, ours.weight, ours.bias), gradient)),
        (exact, *torch.autograd.grad(exact, (exact_x, *parameters), gradient.double())),
    )


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_result_and_gradients_are_those_of_pytorch(shape, relu):
    for found, expected in zip(*both(shape, relu), strict=True):
        assert torch.allclose(found.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_bfloat16_is_as_close_as_it_can_be(shape):
    found, expected = both(shape, relu=False, dtype=torch.bfloat16)
    for ours, exact in zip(found, expected, strict=True):
        assert (ours.double() - exact).norm() < 0.01 * exact.norm()


def test_values_far_from_zero_keep_their_variance():
    found, expected = both((1, 12, 16, 8, 8), relu=False, mean=300.0)
    assert torch.allclose(found[0].double(), expected[0], atol=2e-3)


def test_the_order_of_memory_is_kept_and_the_other_order_gives_the_same():
    layer, _ = pair(12, relu=True)
    plain = torch.randn(2, 12, 6, 5, 4)
    ordered = plain.contiguous(memory_format=torch.channels_last_3d)
    assert layer(ordered).is_contiguous(memory_format=torch.channels_last_3d)
    assert layer(plain).is_contiguous()
    assert torch.allclose(layer(ordered), layer(plain), atol=1e-5)


def test_what_stands_in_the_gradients_memory_does_not_matter():
    layer, _ = pair(8, relu=True)
    x = channels_last(torch.randn(1, 8, 4, 4, 4)).requires_grad_()
    weights = torch.randn(1, 8, 4, 4, 4)
    plain = torch.autograd.grad((layer(x) * weights).sum(), x)[0]
    ordered = torch.autograd.grad((layer(x) * channels_last(weights)).sum(), x)[0]
    assert torch.equal(plain, ordered)


def test_its_weights_have_the_names_of_pytorchs():
    assert set(GroupNorm(16).state_dict()) == set(nn.GroupNorm(4, 16).state_dict())
