import copy
from dataclasses import fields

import pytest
import torch

from rtcontour.errors import ConfigError
from rtcontour.networks.ua_net import PHASES, UaNet, fit_anchors
from rtcontour.networks.ua_net.anchors import overlaps
from rtcontour.networks.ua_net.boxes import cut, truth_boxes
from rtcontour.networks.ua_net.ua_net import OUTSIDE

BORDER = (4, 4, 2)
LOSSES = ["proposal_class", "proposal_box", "class", "box", "mask"]


LARGE = ((48, 48, 32), [((4, 6, 4), (20, 20, 14)), ((28, 20, 8), (40, 44, 20)), ((8, 26, 18), (26, 44, 30))])
SMALL = ((32, 40, 16), [((2, 3, 1), (9, 12, 7)), ((18, 4, 2), (30, 14, 8)), ((17, 25, 9), (30, 38, 15))])


def three_blocks(layout=SMALL):
    """A case with three blocks of their own brightness."""
    size, blocks = layout
    image = -1 + 0.05 * torch.randn(1, 1, *size, generator=torch.Generator().manual_seed(0))
    target = torch.zeros(1, 1, *size, dtype=torch.long)
    for label, ((start, end), brightness) in enumerate(zip(blocks, (0.8, 1.3, 0.4), strict=True), 1):
        cut(image, (*start, *end)).add_(brightness)
        cut(target, (*start, *end)).fill_(label)
    return image, target


def anchors_of(target):
    boxes = truth_boxes(target[0, 0], BORDER).boxes
    return fit_anchors(boxes[:, 3:] - boxes[:, :3], 2)


def small_network(layout=SMALL, **changes):
    torch.manual_seed(0)
    anchors = anchors_of(three_blocks(layout)[1])
    return UaNet(**{"classes": 4, "anchors": anchors, "border": BORDER, "rpn_max": 40} | changes)


def losses_of(network, image, target, annotated=None, seed=0):
    torch.manual_seed(seed)
    return network.train()(image, target=target, annotated=annotated)


def values(losses):
    return {name: loss.item() for name, loss in losses.items()}


@pytest.fixture(scope="module")
def trained():
    """The network after a short training on three blocks; the box stages first, as in the paper."""
    image, target = three_blocks(LARGE)
    network = small_network(LARGE)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    # The running mean and variance of batch normalisation catch up only where the weights come to rest.
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=40, power=1.0)
    for step in range(40):
        network.phase = "proposals" if step < 15 else "masks"
        with torch.autocast("cpu", torch.bfloat16):
            losses = losses_of(network, image, target, seed=step)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def test_three_blocks_are_found_and_delineated(trained):
    image, target = three_blocks(LARGE)
    with torch.inference_mode():
        (found,) = trained.detect(image)
        predicted = trained(image).argmax(1, keepdim=True)
    truth = truth_boxes(target[0, 0], BORDER)
    assert found.labels.tolist() == [1, 2, 3]
    assert (overlaps(found.boxes, truth.boxes).diagonal() > 0.5).all() and (found.scores > 0.5).all()
    for label in (1, 2, 3):
        p, t = predicted == label, target == label
        assert 2 * (p & t).sum() / (p.sum() + t.sum()) > 0.8


def test_logits_are_minus_30_outside_the_boxes_and_background_is_0(trained):
    image, _ = three_blocks(LARGE)
    with torch.inference_mode():
        logits, (found,) = trained(image), trained.detect(image)
    inside = torch.zeros(4, 48, 48, 32, dtype=torch.bool)
    for crop, label in zip(found.crops.tolist(), found.labels.tolist(), strict=True):
        cut(inside[label], crop).fill_(True)
    assert logits.shape == (1, 4, 48, 48, 32) and logits.dtype == torch.float32
    assert (logits[0, 1:][~inside[1:]] == OUTSIDE).all() and (logits[0, 1:][inside[1:]] > OUTSIDE).all()
    assert not logits[:, 0].any() and inside.any() and not inside[1:].all()


def test_a_batch_of_two_is_two_of_one(trained):
    image, _ = three_blocks(LARGE)
    images = torch.cat([image, image.flip(2)])
    with torch.inference_mode():
        together, found = trained(images), trained.detect(images)
        for b in range(2):
            assert torch.equal(together[b : b + 1], trained(images[b : b + 1]))
            (alone,) = trained.detect(images[b : b + 1])
            assert all(torch.equal(getattr(alone, f.name), getattr(found[b], f.name)) for f in fields(alone))


def test_a_network_is_built_again_from_its_own_arguments(trained):
    again = UaNet(**trained.arguments).eval()
    again.load_state_dict(trained.state_dict())
    image, _ = three_blocks(LARGE)
    with torch.inference_mode():
        assert torch.equal(again(image), trained(image))
    assert again.arguments == trained.arguments


def test_the_union_is_never_below_the_best_box(trained):
    image, _ = three_blocks(LARGE)
    union = UaNet(**trained.arguments | {"union": True}).eval()
    union.load_state_dict(trained.state_dict())
    with torch.inference_mode():
        assert (union(image) >= trained(image)).all()
        assert len(union.detect(image)[0].labels) >= 3


def test_bfloat16_finds_the_same_organs(trained):
    image, _ = three_blocks(LARGE)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        (found,) = trained.detect(image)
        logits = trained(image)
    assert found.labels.tolist() == [1, 2, 3] and found.boxes.dtype == torch.float32
    assert logits.dtype == torch.float32


PARTS = ("backbone", "proposals", "recognition", "masks")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"size": "gpu"}, (2_657_400, 226_772, 7_261_899, 833_372)),
        ({"size": "paper"}, (2_657_400, 226_772, 7_261_899, 833_372)),
        ({"size": "cpu"}, (237_648, 58_132, 459_787, 125_908)),
        # The published code makes a mask output for the background too: 65 parameters that are never used.
        (
            {"size": "gpu", "heads": "code", "feature_channels": 128, "lcn_affine": True},
            (4_530_232, 13_716, 14_339_787, 944_797 - 65),
        ),
    ],
)
def test_the_parts_have_the_parameters_of_the_reconstruction(arguments, parts):
    network = UaNet(classes=29, **arguments)
    assert tuple(sum(p.numel() for p in getattr(network, part).parameters()) for part in PARTS) == parts
    assert sum(p.numel() for p in network.parameters()) == sum(parts)


@pytest.mark.parametrize(("phase", "count"), [("proposals", 2), ("classes", 4), ("masks", 5)])
def test_a_phase_computes_its_losses(phase, count):
    network = small_network()
    network.phase = phase
    losses = losses_of(network, *three_blocks())
    assert list(losses) == LOSSES[:count]
    assert all(loss.ndim == 0 and loss.requires_grad and torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()


def test_every_parameter_learns_in_the_mask_phase():
    network = small_network()
    sum(losses_of(network, *three_blocks()).values()).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []
    for name, p in network.named_parameters():
        assert torch.isfinite(p.grad).all()
        if name.endswith("weight"):
            assert p.grad.any(), name


def test_every_annotated_organ_has_a_mask_loss_before_any_is_recognized():
    network = small_network()
    image, target = three_blocks()
    torch.nn.init.constant_(network.recognition.logits.bias[:1], 20.0)
    losses_of(network, image, target)["mask"].backward()
    assert network.masks.logits.bias.grad.all()


@pytest.mark.parametrize("unannotated", [[1, 3], [1, 2, 3]])
def test_moving_voxels_of_an_organ_nobody_contoured_changes_no_loss(unannotated):
    image, target = three_blocks()
    annotated = torch.ones(1, 4, dtype=torch.bool)
    annotated[0, unannotated] = False
    erased = target.masked_fill(torch.isin(target, torch.tensor(unannotated)), 0)
    invented = erased.clone()
    invented[erased == 0] = unannotated[0]
    network = small_network(rpn_partial_weight=0.5)
    all_losses = [values(losses_of(network, image, t, annotated)) for t in (target, erased, invented)]
    assert all_losses[0] == all_losses[1] == all_losses[2]
    assert list(all_losses[0]) == LOSSES


def test_an_annotated_organ_that_moves_changes_the_losses():
    image, target = three_blocks()
    network = small_network()
    before, after = values(losses_of(network, image, target)), values(losses_of(network, image, target.flip(2)))
    assert all(before[name] != after[name] for name in LOSSES)


def test_annotation_is_told_for_each_case_of_a_batch():
    image, target = three_blocks()
    images, targets = torch.cat([image, image.flip(3)]), torch.cat([target, target.flip(3)])
    annotated = torch.tensor([[True, True, True, True], [True, False, True, False]])
    network = small_network()
    changed = targets.clone()
    changed[1][changed[1] == 3] = 0
    reference = values(losses_of(network, images, targets, annotated))
    assert values(losses_of(network, images, changed, annotated)) == reference
    changed[0][changed[0] == 3] = 0
    assert values(losses_of(network, images, changed, annotated)) != reference


def test_the_losses_of_a_batch_are_the_mean_over_its_cases():
    image, target = three_blocks()
    images, targets = torch.cat([image, image.flip(3)]), torch.cat([target, target.flip(3)])
    network = small_network()
    together = losses_of(network, images, targets)
    torch.manual_seed(0)
    alone = [network(images[b : b + 1], target=targets[b : b + 1]) for b in range(2)]
    for name in LOSSES:
        assert together[name].item() == pytest.approx((alone[0][name] + alone[1][name]).item() / 2, rel=1e-5)


def test_the_mean_of_the_mask_loss_is_the_sum_over_the_number_of_organs():
    image, target = three_blocks()
    totals = [losses_of(small_network(mask_reduction=r), image, target)["mask"].item() for r in ("sum", "mean")]
    assert totals[0] == pytest.approx(3 * totals[1], rel=1e-5)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("annotated", [False, True])
def test_nothing_to_learn_from_is_a_finite_loss(phase, annotated):
    network = small_network()
    network.phase = phase
    target = torch.zeros(1, 1, 32, 48, 16, dtype=torch.long)
    losses = losses_of(network, torch.full((1, 1, 32, 48, 16), -1.0), target, torch.full((1, 4), annotated))
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert losses["proposal_box"].item() == 0
    if phase == "masks":
        assert losses["mask"].item() == losses["box"].item() == 0
        assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize("mode", [False, True])
def test_no_proposal_leaves_only_the_first_stage_to_learn(mode):
    network = small_network()
    network.phase = "classes"
    torch.nn.init.constant_(network.proposals.logits.bias, -20.0)
    with torch.autocast("cpu", torch.bfloat16, enabled=mode):
        losses = losses_of(network, *three_blocks())
    sum(losses.values()).backward()
    assert losses["class"].item() == losses["box"].item() == 0 and losses["proposal_class"].item() > 1
    assert all(p.grad is not None and not p.grad.any() for p in network.recognition.parameters())
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mode):
        (found,) = network.detect(three_blocks()[0])
        assert found.boxes.shape == found.crops.shape == found.proposals.shape == (0, 6)
        assert (network(three_blocks()[0])[:, 1:] == OUTSIDE).all()


@pytest.mark.parametrize(
    ("shape", "norm"),
    [
        ((1, 1, 1), "batch"),
        ((16, 16, 16), "batch"),
        ((16, 16, 16), "instance"),
        ((16, 16, 16), "group"),
        ((37, 18, 5), "batch"),
    ],
)
def test_any_size_goes_through(shape, norm):
    network = small_network(norm=norm, anchors=None)  # most anchors are larger than the volume
    image = torch.randn(1, 1, *shape).clamp(-1, 1)
    target = torch.zeros(1, 1, *shape, dtype=torch.long)
    target[..., 0], target[..., -1] = 1, 3
    losses = losses_of(network, image, target)
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    torch.nn.init.constant_(network.recognition.logits.bias[1:2], 5.0)
    with torch.inference_mode():
        assert network.eval()(image).shape == (1, 4, *shape)
        assert len(network.detect(image)[0].labels) == 1


def test_training_under_autocast_reaches_every_parameter():
    network = small_network()
    with torch.autocast("cpu", torch.bfloat16):
        losses = losses_of(network, *three_blocks())
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_the_seed_repeats_the_losses():
    network = small_network()
    case = three_blocks()
    first, again, other = (values(losses_of(network, *case, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_target_may_come_without_its_channel_and_all_counts_as_annotated():
    network, (image, target) = small_network(), three_blocks()
    reference = values(losses_of(network, image, target, torch.ones(1, 4, dtype=torch.bool)))
    assert values(losses_of(network, image, target[:, 0].to(torch.uint8))) == reference


def test_a_copy_is_as_good_as_the_network():
    network = small_network()
    clone = copy.deepcopy(network)
    clone.phase = "classes"
    assert network.phase == "masks" and "class" in losses_of(clone, *three_blocks())


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "huge"},
        {"heads": "three"},
        {"norm": "layer"},
        {"mask_reduction": "max"},
        {"classes": 1},
        {"rpn_max": 0},
        {"rpn_partial_weight": -1.0},
        {"border": (8, 8)},
        {"border": (8, 8, -1)},
        {"anchors": []},
        {"anchors": [(8, 8, 0)]},
    ],
)
def test_impossible_arguments_are_refused(changes):
    with pytest.raises(ConfigError):
        UaNet(**changes)


def test_an_unknown_phase_is_refused_by_name():
    network = small_network()
    with pytest.raises(ConfigError, match="phase 'boxes'; known: proposals, classes, masks"):
        network.phase = "boxes"


def test_training_needs_a_target_that_fits():
    network, (image, target) = small_network().train(), three_blocks()
    with pytest.raises(ValueError, match="give target="):
        network(image)
    with pytest.raises(ValueError, match="target has shape"):
        network(image, target=target[..., 1:])
    with pytest.raises(ValueError, match="targets go from 0 to 9; expected 0 to 3"):
        network(image, target=3 * target)
    with pytest.raises(ValueError, match="annotated has shape"):
        network(image, target=target, annotated=torch.ones(1, 3, dtype=torch.bool))
