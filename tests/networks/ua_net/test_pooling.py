import math

import pytest
import torch

from rtcontour.networks.ua_net.pooling import pool_regions

CROPS = torch.tensor([[0, 0, 0, 80, 72, 56], [8, 16, 0, 72, 40, 56], [32, 0, 24, 40, 8, 32], [16, 8, 8, 72, 64, 24]])


def pooled_by_loops(f8, crop):
    i0, j0, k0, i1, j1, k1 = (edge // 8 for edge in crop)
    region = f8[0, :, i0:i1, j0:j1, k0:k1]
    out = torch.empty(f8.shape[1], 6, 6, 6)
    bounds = [[(math.floor(b * n / 6), math.ceil((b + 1) * n / 6)) for b in range(6)] for n in region.shape[1:]]
    for a, (i_low, i_high) in enumerate(bounds[0]):
        for b, (j_low, j_high) in enumerate(bounds[1]):
            for c, (k_low, k_high) in enumerate(bounds[2]):
                out[:, a, b, c] = region[:, i_low:i_high, j_low:j_high, k_low:k_high].amax(dim=(1, 2, 3))
    return out


def test_regions_of_any_size_are_pooled_as_by_loops():
    f8 = torch.randn(1, 3, 10, 9, 7)
    pooled = pool_regions(f8, CROPS)
    assert torch.equal(pooled, torch.stack([pooled_by_loops(f8, crop) for crop in CROPS.tolist()]))


def test_the_gradient_is_that_of_the_loops():
    f8 = torch.randn(1, 2, 10, 9, 7, requires_grad=True)
    weight = torch.randn(len(CROPS), 2, 6, 6, 6)
    (fast,) = torch.autograd.grad((weight * pool_regions(f8, CROPS)).sum(), f8)
    slow = sum((weight[n] * pooled_by_loops(f8, crop)).sum() for n, crop in enumerate(CROPS.tolist()))
    assert torch.allclose(fast, torch.autograd.grad(slow, f8)[0], atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_region_gives_none(dtype):
    assert pool_regions(torch.zeros(1, 3, 4, 4, 4, dtype=dtype), CROPS[:0]).shape == (0, 3, 6, 6, 6)
    assert pool_regions(torch.zeros(1, 3, 10, 9, 7, dtype=dtype), CROPS).dtype == dtype
