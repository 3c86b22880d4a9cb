import math

import pytest
import torch

from rtcontour.networks.ua_net.backbone import Features
from rtcontour.networks.ua_net.boxes import cut
from rtcontour.networks.ua_net.masks import MaskHead, Refine, dice_loss

CROP = (8, 16, 0, 24, 40, 8)


def maps():
    torch.manual_seed(0)
    image = torch.randn(1, 1, 40, 48, 24)
    return image, Features(*(torch.randn(1, c, 40 // s, 48 // s, 24 // s) for c, s in ((3, 2), (4, 4), (5, 8))))


def head(**changes):
    torch.manual_seed(1)
    return MaskHead(
        **{"in_channels": 1, "f2": 3, "f4": 4, "f8": 5, "width": 6, "organs": 3, "lcn_affine": False} | changes
    )


def test_the_mask_has_the_size_of_its_crop_and_sees_nothing_outside():
    image, features = maps()
    copied = Features(*(cut(f, CROP, s).clone() for f, s in zip(features, (2, 4, 8), strict=True)))
    masks = head()
    logits = masks(image, features, CROP, 2)
    assert logits.shape == (16, 24, 8)
    assert torch.equal(logits, masks(cut(image, CROP).clone(), copied, (0, 0, 0, 16, 24, 8), 2))


def test_the_smallest_crop_is_one_voxel_of_the_coarsest_map():
    image, features = maps()
    assert head()(image, features, (0, 0, 0, 8, 8, 8), 1).shape == (8, 8, 8)


def test_a_crop_learns_only_the_row_of_its_organ():
    masks = head()
    masks(*maps(), CROP, 3).sum().backward()
    assert masks.logits.bias.grad.nonzero().flatten().tolist() == [2]


def test_contrast_is_normalized_over_the_crop_in_training_and_after():
    norm = Refine(2, 1, 3, affine=False).norm1
    x = 3 + 7 * torch.randn(1, 3, 4, 5, 6)
    expected = torch.empty_like(x)
    for channel in range(3):
        values = x[0, channel].flatten().tolist()
        mean = sum(values) / len(values)
        variance = sum((v - mean) ** 2 for v in values) / len(values)
        expected[0, channel] = (x[0, channel] - mean) / math.sqrt(variance + 1e-5)
    for mode in (True, False):
        y = norm.train(mode)(x)
        assert torch.allclose(y, expected, atol=1e-5)
        assert torch.allclose(y.mean(dim=(2, 3, 4)), torch.zeros(1, 3), atol=1e-5)
        assert torch.allclose(y.var(dim=(2, 3, 4), unbiased=False), torch.ones(1, 3), atol=1e-3)
    assert not list(norm.parameters()) and not list(norm.buffers())


def test_a_learned_contrast_adds_two_numbers_a_channel():
    counts = [sum(p.numel() for p in head(lcn_affine=affine).parameters()) for affine in (False, True)]
    assert counts[1] - counts[0] == 6 * 2 * 6


def test_the_dice_loss_is_tverskys_by_loops():
    logits, truth = torch.randn(3, 4, 2), torch.rand(3, 4, 2) > 0.6
    both = only_mask = only_truth = 0.0
    for logit, g in zip(logits.flatten().tolist(), truth.flatten().tolist(), strict=True):
        m = 1 / (1 + math.exp(-logit))
        both, only_mask, only_truth = both + m * g, only_mask + m * (1 - g), only_truth + (1 - m) * g
    phi = both / (both + 0.5 * only_mask + 0.5 * only_truth + 1e-5)
    assert dice_loss(logits, truth).item() == pytest.approx(1 - phi, rel=1e-5)
    m = torch.sigmoid(logits)
    assert phi == pytest.approx(float(2 * (m * truth).sum() / (m.sum() + truth.sum())), rel=1e-4)


def test_a_perfect_mask_costs_nothing_and_an_absent_organ_one():
    truth = torch.zeros(4, 4, 4, dtype=torch.bool)
    truth[1:3, 1:3, 1:3] = True
    assert dice_loss(40 * (truth.float() - 0.5), truth).item() == pytest.approx(0, abs=1e-4)
    logits = torch.zeros(4, 4, 4, requires_grad=True)
    loss = dice_loss(logits, torch.zeros_like(truth))
    loss.backward()
    assert loss.item() == 1 and not logits.grad.any()
