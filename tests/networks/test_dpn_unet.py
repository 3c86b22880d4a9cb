import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rtcontour.errors import ConfigError
from rtcontour.networks import DpnUNet, build_network
from rtcontour.networks.dpn_encoder import DualPathBlock
from rtcontour.networks.dpn_unet import SIZES, gather_neighbours

# The widths of stem and stages that the two published networks print.
PUBLISHED_WIDTHS = {"dpn68": (10, 144, 320, 704, 832), "dpn92": (64, 336, 704, 1552, 2688)}
ANY_SIZE = [(1, 1, 1), (3, 5, 2), (32, 32, 1), (37, 41, 5)]


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def meta(*arguments):
    with torch.device("meta"):
        return DpnUNet(*arguments)


def trained(network):
    """In eval mode, with running statistics and scales that are not those of a fresh network."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.bias, 0, 0.1)
    return network.eval()


@pytest.mark.parametrize(
    ("size", "flat", "cubic"),
    [
        ("cpu", 1_667_125, 3_810_997),
        ("dpn68", 16_949_087, 31_000_031),
        ("gpu", 16_949_087, 31_000_031),
        ("dpn92", 49_156_869, 80_270_533),
        ("paper", 49_156_869, 80_270_533),
    ],
)
def test_the_sizes_have_the_parameters_of_the_reconstruction(size, flat, cubic):
    assert count(meta(1, 5, size, 2, 3)) == flat
    assert count(meta(1, 5, size, 3)) == cubic


@pytest.mark.parametrize(("size", "published"), [("dpn68", 12_611_602), ("dpn92", 37_668_392)])
def test_the_encoder_with_a_classifier_has_the_parameters_of_the_published_network(size, published):
    classifier = nn.Linear(PUBLISHED_WIDTHS[size][-1], 1000)
    assert count(meta(1, 5, size).encoder) + count(classifier) == published


def test_the_cpu_encoder_has_its_parameters():
    assert count(DpnUNet().encoder) == 826_912


@pytest.mark.parametrize("size", ["cpu", "dpn68", "dpn92"])
def test_widths_grow_block_by_block(size):
    shape, _ = SIZES[size]
    widths = [shape.stem[1]]
    for n in range(4):
        width = shape.residual * 2**n + 2 * shape.growth[n]
        for _ in range(shape.blocks[n]):
            width += shape.growth[n]
        widths.append(width)
    assert shape.widths == tuple(widths) == PUBLISHED_WIDTHS.get(size, (16, 64, 128, 224, 384))
    made = meta(1, 5, size).encoder(torch.empty(1, 3, 64, 96, device="meta"))
    assert [feature.shape[1] for feature in made] == widths


def test_the_plane_is_halved_five_times_and_the_slices_three_times():
    flat = meta().encoder(torch.empty(2, 3, 64, 96, device="meta"))
    assert [tuple(f.shape[2:]) for f in flat] == [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]
    cubic = meta(1, 5, "cpu", 3).encoder(torch.empty(1, 1, 64, 96, 16, device="meta"))
    assert [tuple(f.shape[2:]) for f in cubic] == [(32, 48, 16), (16, 24, 16), (8, 12, 8), (4, 6, 4), (2, 3, 2)]


def test_stages_are_handed_on_raw_and_only_the_ends_after_a_relu():
    torch.manual_seed(0)
    features = trained(DpnUNet()).encoder(torch.randn(1, 3, 64, 64))
    assert [feature.min().item() < 0 for feature in features] == [False, True, True, True, False]


@pytest.mark.parametrize("dims", [2, 3])
def test_a_block_that_computes_nothing_keeps_both_parts_and_appends_zeros(dims):
    block = DualPathBlock(dims, 24, bottleneck=16, residual=12, growth=5, groups=4)
    nn.init.zeros_(block.bottleneck[-1][-1].weight)
    x = torch.randn(2, 24, *(6, 5, 4)[:dims])
    out = block(x)
    assert torch.equal(out[:, :24], x)
    assert torch.equal(out[:, 24:], torch.zeros(2, 5, *x.shape[2:]))


def test_a_first_block_projects_to_a_new_residual_and_a_dense_part_of_twice_the_growth():
    block = DualPathBlock(2, 10, bottleneck=16, residual=12, growth=5, groups=4, stride=(2, 2, 2)).eval()
    nn.init.zeros_(block.bottleneck[-1][-1].weight)
    x = torch.randn(2, 10, 8, 6)
    weight = block.projection[-1].weight
    expected = torch.einsum("oi,bihw->bohw", weight[:, :, 0, 0], F.relu(x / 1.001**0.5))[:, :, ::2, ::2]
    out = block(x)
    assert out.shape == (2, 12 + 3 * 5, 4, 3)
    assert torch.allclose(out[:, :22], expected, atol=1e-5)


@pytest.mark.parametrize("stride", [None, (2, 2, 2)])
def test_the_residual_part_is_added_to_and_the_dense_part_appended_to(stride):
    block = DualPathBlock(2, 22, bottleneck=16, residual=12, growth=5, groups=4, stride=stride).eval()
    x = torch.randn(1, 22, 8, 8)
    old, new = block.projection(x), block.bottleneck(x)
    assert torch.equal(block(x), torch.cat((old[:, :12] + new[:, :12], old[:, 12:], new[:, 12:]), 1))


def test_every_convolution_but_the_head_is_without_bias_and_every_norm_has_its_epsilon():
    modules = list(DpnUNet().modules())
    assert sum(m.bias is not None for m in modules if isinstance(m, nn.Conv2d)) == 1
    assert {m.eps for m in modules if isinstance(m, nn.BatchNorm2d)} == {0.001}


@pytest.mark.parametrize("dims", [2, 3])
def test_convolutions_start_he_normal_and_the_head_without_preference(dims):
    torch.manual_seed(0)
    network = DpnUNet(spatial_dims=dims)
    assert not network.head.bias.any()
    grouped = network.encoder.stages[3][1].bottleneck[1][-1].weight
    assert grouped.std().item() == pytest.approx((2 / (256 // 8 * 3**dims)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("neighbours", [1, 3, 5])
def test_slices_are_gathered_with_their_neighbours_and_the_ends_repeated(neighbours):
    image = torch.randn(2, 2, 4, 3, 4)
    half, last = neighbours // 2, 3
    expected = []
    for case in image:
        for k in range(1, 4):
            near = [min(max(k + d, 0), last) for d in range(-half, half + 1)]
            expected.append(torch.cat([case[..., n] for n in near]))
    assert torch.equal(gather_neighbours(image, 1, 4, neighbours), torch.stack(expected))


def test_the_end_slices_are_repeated_at_both_ends():
    image = torch.arange(3.0).expand(1, 1, 1, 1, 3)
    assert gather_neighbours(image, 0, 3, 3).flatten(1).tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 2]]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dims", [2, 3])
def test_logits_have_the_size_of_the_image(dims, training):
    network = DpnUNet(1, 4, "cpu", dims).train(training)
    for shape in ANY_SIZE:
        with torch.no_grad():
            logits = network(torch.zeros(1, 1, *shape))
        assert logits.shape == (1, 4, *shape)
        assert logits.isfinite().all()


@pytest.mark.parametrize("dims", [2, 3])
def test_more_channels_than_one_are_taken(dims):
    assert DpnUNet(2, 3, "cpu", dims, 5).eval()(torch.zeros(2, 2, 9, 8, 3)).shape == (2, 3, 9, 8, 3)


@pytest.mark.parametrize("dims", [2, 3])
def test_air_around_a_patch_changes_nothing(dims):
    network = trained(DpnUNet(1, 3, "cpu", dims))
    image = torch.rand(1, 1, 21, 30, 8)
    with torch.inference_mode():
        wide = network(F.pad(image, (0, 0, 0, 2, 0, 11), value=-1.0))
        assert torch.allclose(wide[:, :, :21, :30], network(image), atol=1e-5)


def test_a_slice_depends_on_its_neighbours_and_no_other():
    network = trained(DpnUNet(1, 3, neighbours=3))
    image = torch.rand(1, 1, 32, 32, 9)
    changed = image.clone()
    changed[..., 4] -= 0.5
    with torch.inference_mode():
        difference = (network(changed) - network(image)).abs().amax((0, 1, 2, 3))
    assert difference.gt(1e-5).tolist() == [False, False, False, True, True, True, False, False, False]
    assert difference[[0, 1, 2, 6, 7, 8]].max() < 1e-5


@pytest.mark.parametrize("dims", [2, 3])
def test_a_patch_does_not_depend_on_its_batch(dims):
    network = trained(DpnUNet(1, 3, "cpu", dims))
    patches = torch.randn(2, 1, 40, 32, 5)
    with torch.inference_mode():
        together, alone = network(patches), torch.cat([network(p[None]) for p in patches])
    assert torch.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("at_once", [1, 2, 4, 100])
def test_slices_at_once_change_no_logit(at_once):
    network = trained(DpnUNet(1, 3))
    image = torch.randn(2, 1, 33, 20, 7)
    with torch.inference_mode():
        network.slices_at_once = 14
        whole = network(image)
        network.slices_at_once = at_once
        assert torch.allclose(network(image), whole, atol=1e-4)


def test_in_training_all_slices_share_their_statistics():
    torch.manual_seed(0)
    network = DpnUNet(1, 3)
    network.slices_at_once = 1
    seen = []
    network.encoder.register_forward_hook(lambda _module, arguments, _features: seen.append(arguments[0].shape[0]))
    network(torch.randn(2, 1, 32, 32, 20))
    assert seen == [40]


@pytest.mark.parametrize("dims", [2, 3])
def test_tiny_patches_can_be_trained_on(dims):
    network = DpnUNet(1, 2, "cpu", dims)
    for shape in [(1, 1, 1), (32, 32, 1), (32, 20, 8)]:
        network.zero_grad()
        network(torch.randn(1, 1, *shape)).sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("dims", [2, 3])
def test_it_learns_one_fixed_patch(dims):
    torch.manual_seed(0)
    image = torch.full((1, 1, 32, 32, 4), -1.0)
    image[:, :, 8:20, 6:18, 1:3] = 0.1
    target = (image[:, 0] > 0).long()
    network = DpnUNet(1, 2, "cpu", dims)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(14):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(image), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.15 * losses[0]


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.filterwarnings("ignore:The TorchScript type system:UserWarning")
def test_it_scripts_and_runs_under_autocast(dims):
    network = trained(DpnUNet(1, 3, "cpu", dims))
    image = torch.randn(1, 1, 32, 24, 7)
    with torch.inference_mode():
        logits = network(image)
        assert torch.allclose(torch.jit.script(network)(image), logits, atol=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(image)
    assert rounded.shape == (1, 3, 32, 24, 7)
    assert (rounded.float() - logits).abs().mean() < 0.05 * logits.abs().mean()


@pytest.mark.parametrize("dims", [2, 3])
def test_it_trains_under_autocast(dims):
    network = DpnUNet(1, 3, "cpu", dims)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(torch.randn(1, 1, 40, 32, 3))
    logits.float().square().mean().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(torch.cat([p.flatten() for p in DpnUNet().parameters()]))
    assert torch.equal(*weights)


@pytest.mark.parametrize("arguments", [(1, 3), (2, 4, "cpu", 2, 5), (1, 3, "cpu", 3)])
def test_a_network_is_built_again_from_its_own_arguments(arguments):
    network = DpnUNet(*arguments)
    again = build_network("DpnUNet", network.arguments)
    again.load_state_dict(network.state_dict())
    assert again.arguments == network.arguments


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"size": "dpn107"}, "'dpn107'"),
        ({"neighbours": 2}, "not 2"),
        ({"neighbours": 0}, "not 0"),
        ({"neighbours": -1}, "not -1"),
        ({"spatial_dims": 4}, "not 4"),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments, wrong):
    with pytest.raises(ConfigError, match=wrong):
        DpnUNet(**arguments)


def test_neighbours_mean_nothing_in_three_dimensions():
    assert count(meta(1, 5, "cpu", 3, 2)) == count(meta(1, 5, "cpu", 3, 3))
