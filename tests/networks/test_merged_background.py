import pytest
import torch
from torch.nn.functional import cross_entropy

from rtcontour.networks import merged_background_nll

SHAPE = (5, 4, 3)
CLASSES = 6


def draw(seed: int, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, CLASSES, *SHAPE, generator=generator, dtype=torch.float64, requires_grad=True)
    return logits, torch.randint(0, CLASSES, (batch, *SHAPE), generator=generator)


def complete(batch: int = 2) -> torch.Tensor:
    return torch.ones(batch, CLASSES, dtype=torch.bool)


def gradient(loss: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, logits)[0]


def test_a_complete_case_costs_the_cross_entropy():
    logits, target = draw(0)
    ours, theirs = merged_background_nll(logits, target, complete()), cross_entropy(logits, target)
    assert torch.allclose(ours, theirs, atol=1e-12)
    assert torch.allclose(gradient(ours, logits), gradient(theirs, logits), atol=1e-12)


def test_background_and_a_missing_label_cost_exactly_the_same():
    logits, target = draw(1)
    annotated = complete()
    annotated[:, 5] = False
    swapped = torch.where(target == 5, 0, torch.where(target == 0, 5, target))
    ours, theirs = (merged_background_nll(logits, t, annotated) for t in (target, swapped))
    assert torch.equal(ours, theirs)
    assert torch.equal(gradient(ours, logits), gradient(theirs, logits))


def test_at_background_all_merged_classes_are_raised_in_the_same_ratio():
    logits, target = draw(2, batch=1)
    target = torch.zeros_like(target)
    annotated = complete(1)
    annotated[:, [2, 5]] = False
    loss = merged_background_nll(logits, target, annotated)
    probability = logits.softmax(1)
    merged = probability[:, [0, 2, 5]]
    total = merged.sum(1, keepdim=True)
    found = gradient(loss, logits)[:, [0, 2, 5]] * target.numel()
    assert torch.allclose(found, merged * (1 - 1 / total), atol=1e-14)
    assert torch.allclose(found.sum(1), -(1 - total[:, 0]), atol=1e-14)


def test_a_mixed_batch_agrees_with_a_plain_loop_over_softmax_values():
    logits, target = draw(3)
    annotated = complete()
    annotated[1, 5] = False
    probability = logits.detach().softmax(1)
    costs = []
    for b in range(2):
        merged = {0} | {c for c in range(1, CLASSES) if not annotated[b, c]}
        for index in torch.cartesian_prod(*(torch.arange(n) for n in SHAPE)).tolist():
            y = int(target[(b, *index)])
            right = merged if y in merged else {y}
            costs.append(-sum(probability[(b, c, *index)] for c in right).log())
    assert torch.allclose(merged_background_nll(logits, target, annotated), torch.stack(costs).mean(), atol=1e-10)


def test_a_constant_added_to_all_logits_of_a_voxel_changes_nothing():
    logits, target = draw(4)
    shift = torch.randn(2, 1, *SHAPE, dtype=torch.float64)
    annotated = complete()
    annotated[0, 3] = False
    ours, shifted = (merged_background_nll(z, target, annotated) for z in (logits, logits + shift))
    assert torch.allclose(ours, shifted, atol=1e-12)


def test_nothing_annotated_and_only_background_costs_nothing():
    logits, target = draw(5)
    loss = merged_background_nll(logits, torch.zeros_like(target), torch.zeros(2, CLASSES, dtype=torch.bool))
    assert abs(loss.item()) < 1e-12
    assert gradient(loss, logits).abs().max() < 1e-12


def test_voxels_of_weight_zero_do_not_count():
    logits, target = draw(6)
    weight = torch.ones(2, *SHAPE, dtype=torch.float64)
    weight[:, 2:] = 0
    loss = merged_background_nll(logits, target, complete(), weight)
    cropped = merged_background_nll(logits[:, :, :2], target[:, :2], complete())
    assert torch.allclose(loss, cropped, atol=1e-12)
    assert gradient(loss, logits)[:, :, 2:].abs().max() == 0
    assert merged_background_nll(logits, target, complete(), torch.zeros_like(weight)).item() == 0


def test_a_constant_normalizer_makes_accumulated_parts_the_gradient_of_the_whole_batch():
    logits, target = draw(7, batch=4)
    weight = torch.rand(4, *SHAPE, dtype=torch.float64)
    whole = merged_background_nll(logits, target, complete(4), weight, normalizer=240.0)
    parts = sum(
        merged_background_nll(logits[b : b + 1], target[b : b + 1], complete(1), weight[b : b + 1], normalizer=240.0)
        for b in range(4)
    )
    assert torch.allclose(gradient(whole, logits), gradient(parts, logits), atol=1e-14)


def test_class_weights_count_a_merged_target_as_background():
    logits, target = draw(8)
    annotated = complete()
    annotated[:, 1] = False
    weights = torch.tensor([0.2, 9.0, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    loss = merged_background_nll(logits, target, annotated, class_weight=weights)
    explicit = weights[torch.where(target == 1, 0, target)]
    assert torch.allclose(loss, merged_background_nll(logits, target, annotated, explicit), atol=1e-12)


def test_huge_logits_stay_finite_and_a_channel_axis_changes_nothing():
    logits, target = draw(9)
    huge = (logits.detach().float() * 1e4).requires_grad_()
    annotated = complete()
    annotated[:, 2] = False
    loss = merged_background_nll(huge, target, annotated)
    assert torch.isfinite(loss) and torch.isfinite(gradient(loss, huge)).all()
    assert torch.equal(
        merged_background_nll(huge, target[:, None], annotated), merged_background_nll(huge, target, annotated)
    )


def test_the_gradient_is_right_by_finite_differences():
    logits, target = draw(10, batch=1)
    annotated = complete(1)
    annotated[:, [1, 4]] = False
    small = logits[..., :2, :1].detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: merged_background_nll(z, target[..., :2, :1], annotated), small)


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_a_label_outside_the_classes_is_refused(label):
    logits, target = draw(11)
    target[0, 0, 0, 0] = label
    with pytest.raises(ValueError, match="0 to 5"):
        merged_background_nll(logits, target, complete())
