import pytest
import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer

from rtcontour.inference import BodyWindows
from rtcontour.networks import RecomiaFCN

PATCH = (16, 12, 8)
BOX = (slice(None), slice(None), slice(3, 30), slice(2, 22), slice(5, 19))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return RecomiaFCN(classes=3).eval()


def image_of(box=BOX, shape=(36, 24, 20)):
    """Air with something in a box: dense on its faces, anything within."""
    image = torch.full((1, 1, *shape), -1.0)
    inside = torch.rand(image[box].shape, generator=torch.Generator().manual_seed(1)) - 0.3
    image[box] = inside
    return image


def with_air(crop):
    """A slice of air below and above, which the network always sees."""
    return torch.nn.functional.pad(crop, (1, 1), value=-1.0)


def run(windows, image, network):
    with torch.no_grad():
        return windows(image, network)


@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_inside_the_body_box_it_is_monai_s_sliding_window(network, overlap):
    image = image_of()
    theirs = SlidingWindowInferer(PATCH, 1, overlap, mode="gaussian", padding_mode="constant", cval=-1.0)
    expected = run(theirs, with_air(image[BOX]), network)[..., 1:-1]
    found = run(BodyWindows(PATCH, overlap), image, network)
    assert found.shape == (1, 3, *image.shape[2:])
    assert torch.allclose(found[BOX], expected, atol=1e-6)


def test_outside_the_body_box_there_is_only_background(network):
    labels = run(BodyWindows(PATCH), image_of(), network).argmax(dim=1, keepdim=True)
    outside = torch.ones_like(labels, dtype=torch.bool)
    outside[BOX] = False
    assert outside.any() and torch.all(labels[outside] == 0)


def test_an_image_smaller_than_a_window_is_padded_with_air(network):
    image = image_of((slice(None),) * 5, shape=(9, 8, 5))
    padded = torch.full((1, 1, *PATCH), -1.0)
    place = (slice(None), slice(None), slice(3, 12), slice(2, 10), slice(1, 6))  # MONAI pads half, rounded down, before
    padded[place] = image
    with torch.no_grad():
        expected = network(padded)[place]
    assert torch.allclose(run(BodyWindows(PATCH), image, network), expected, atol=1e-5)


def test_beyond_the_ends_of_body_and_scan_a_network_sees_air_as_in_training():
    """As DpnUNet does: a network that repeats the last slice of a volume must not meet the body's last slice there."""

    def below_and_above(tile):
        padded = torch.nn.functional.pad(tile, (1, 1, 0, 0, 0, 0), mode="replicate")
        return torch.cat([padded[..., :-2], tile, padded[..., 2:]], dim=1)

    for box in (BOX, (slice(None),) * 5):  # the body ends within the scan, or the scan within the body
        image = image_of(box)
        below, here, above = run(BodyWindows(None), image, below_and_above)[0]
        body = image[0, 0][box[2:]]
        air = torch.full((*body.shape[:2], 1), -1.0)
        assert torch.allclose(here[box[2:]], body)
        assert torch.allclose(below[box[2:]], torch.cat([air, body[..., :-1]], dim=2))
        assert torch.allclose(above[box[2:]], torch.cat([body[..., 1:], air], dim=2))


def test_an_image_of_nothing_but_air_gets_logits_everywhere(network):
    found = run(BodyWindows(PATCH), torch.full((1, 1, 18, 14, 10), -1.0), network)
    assert found.shape == (1, 3, 18, 14, 10) and torch.isfinite(found).all()


def test_logits_are_float32_under_autocast(network):
    with torch.autocast("cpu", torch.bfloat16):
        found = run(BodyWindows(PATCH), image_of(), network)
    assert found.dtype == torch.float32
    exact = run(BodyWindows(PATCH), image_of(), network)
    assert (found.argmax(1) == exact.argmax(1)).float().mean() > 0.95


def scan_of(image, spacing):
    return MetaTensor(image, affine=torch.diag(torch.tensor([*spacing, 1.0], dtype=torch.float64)))


def test_without_a_tile_the_whole_body_goes_through_the_network_at_once(network):
    image = image_of()
    seen = []
    with torch.no_grad():
        expected = network(with_air(image[BOX]))[..., 1:-1]
        found = BodyWindows(None)(image, lambda tile: seen.append(tile.shape) or network(tile))
    assert seen == [with_air(image[BOX]).shape]
    assert torch.allclose(found[BOX], expected, atol=1e-4)


def test_an_axis_without_a_tile_is_taken_whole(network):
    image, seen = image_of(), []
    run(
        BodyWindows((None, None, 4), overlap=0.25),
        image,
        lambda tile: seen.append(tuple(tile.shape[2:])) or network(tile),
    )
    assert set(seen) == {(*image[BOX].shape[2:4], 4)}


def test_the_network_sees_its_own_voxels_and_the_answer_lies_on_those_of_the_scan(network):
    image, seen = scan_of(image_of(), (2.0, 1.0, 4.0)), []
    windows = BodyWindows(None, spacing_mm=(1.0, None, 2.0))
    found = run(windows, image, lambda tile: seen.append(tuple(tile.shape[2:])) or network(tile))
    i, j, k = image[BOX].shape[2:]
    assert seen == [(2 * i, j, 2 * (k + 2))]
    assert found.shape == (1, 3, *image.shape[2:])


def test_a_resampled_answer_is_not_shifted():
    image = torch.full((1, 1, 24, 20, 16), 0.1)
    image[..., 9:17, 6:12, 5:11] = 0.9

    def threshold(tile):
        return torch.cat([torch.zeros_like(tile), 1000 * (tile - 0.5)], 1)

    for spacing in ((1.0, 1.0, 1.0), (0.5, 0.7, 3.0), (3.0, 2.1, 1.3)):
        found = BodyWindows(None, spacing_mm=spacing)(scan_of(image, (2.0, 2.0, 2.0)), threshold).argmax(1)[0]
        centre = found.nonzero().double().mean(0)
        assert torch.allclose(centre, torch.tensor([12.5, 8.5, 7.5], dtype=torch.float64), atol=0.3)


def test_an_image_without_voxel_size_cannot_be_resampled(network):
    with pytest.raises(TypeError, match="no affine"):
        BodyWindows(None, spacing_mm=(1.0, 1.0, 1.0))(image_of(), network)
