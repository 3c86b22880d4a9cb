import pytest
import torch

from rtcontour.networks import merged_background_nll, merged_background_nll_and_dice, soft_dice_loss

CLASSES, SHAPE = 4, (5, 4, 3)


def example(seed=0):
    """Two cases; nobody contoured class 2 in the second, and class 3 is nowhere in the first."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, CLASSES, *SHAPE, generator=generator, dtype=torch.float64)
    target = torch.randint(0, CLASSES, (2, 1, *SHAPE), generator=generator)
    target[0][target[0] == 3] = 0
    weight = (torch.rand(2, 1, *SHAPE, generator=generator) < 0.8).double()
    annotated = torch.tensor([[True] * 4, [True, True, False, True]])
    return logits, target, annotated, weight


def by_loops(logits, target, annotated, weight):
    cases = []
    for b in range(len(logits)):
        p = logits[b].softmax(0)
        losses = []
        for c in range(1, CLASSES):
            truth = (target[b, 0] == c).double() * weight[b, 0]
            if annotated[b, c] and truth.sum() > 0:
                hit = sum(float(x) * float(y) for x, y in zip(p[c].flatten(), truth.flatten(), strict=True))
                total = float((p[c] * weight[b, 0]).sum()) + float(truth.sum())
                losses.append(1 - 2 * hit / total)
        cases.append(sum(losses) / len(losses) if losses else 0.0)
    return sum(cases) / len(cases)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_mean_over_cases_and_over_what_is_there(seed):
    logits, target, annotated, weight = example(seed)
    expected = by_loops(logits, target, annotated, weight)
    assert float(soft_dice_loss(logits, target, annotated, weight)) == pytest.approx(expected, abs=1e-12)
    assert float(soft_dice_loss(logits, target[:, 0], annotated, weight[:, 0])) == pytest.approx(expected, abs=1e-12)


def test_a_perfect_answer_costs_nothing_and_an_empty_patch_neither():
    _, target, annotated, weight = example()
    perfect = 1e3 * torch.nn.functional.one_hot(target[:, 0], CLASSES).movedim(-1, 1).double()
    assert float(soft_dice_loss(perfect, target, annotated | True, weight)) == pytest.approx(0, abs=1e-9)
    logits = torch.randn(2, CLASSES, *SHAPE, requires_grad=True)
    for nothing in (
        soft_dice_loss(logits, torch.zeros_like(target), annotated),
        soft_dice_loss(logits, target, torch.zeros_like(annotated)),
        soft_dice_loss(logits, target, annotated, torch.zeros_like(weight)),
    ):
        nothing.backward()
        assert float(nothing.detach()) == 0 and torch.all(logits.grad == 0)


def test_a_label_that_nobody_contoured_changes_neither_loss_nor_gradient():
    logits, target, annotated, weight = example()
    other = target.clone()
    other[1][target[1] == 2] = 0
    found = []
    for truth in (target, other):
        z = logits.clone().requires_grad_()
        loss = merged_background_nll_and_dice(z, truth, annotated, weight)
        loss.backward()
        found.append((loss.detach(), z.grad))
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])


def test_parts_of_a_batch_add_up_to_the_batch():
    logits, target, annotated, weight = example()
    whole = merged_background_nll_and_dice(logits, target, annotated, weight, normalizer=target.numel())
    parts = [
        merged_background_nll_and_dice(
            *(x[b : b + 1] for x in (logits, target, annotated, weight)), normalizer=target.numel()
        )
        for b in range(2)
    ]
    assert float(sum(parts)) == pytest.approx(float(whole), abs=1e-12)


def test_the_sum_is_likelihood_and_dice():
    logits, target, annotated, weight = example()
    together = merged_background_nll_and_dice(logits, target, annotated, weight)
    apart = merged_background_nll(logits, target, annotated, weight) + soft_dice_loss(logits, target, annotated, weight)
    assert float(together) == pytest.approx(float(apart), abs=1e-12)


def test_half_precision_logits_are_computed_on_in_float32():
    logits, target, annotated, weight = example()
    loss = soft_dice_loss(logits.bfloat16(), target, annotated, weight)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(soft_dice_loss(logits, target, annotated, weight)), abs=1e-2)


def test_over_the_batch_the_sums_of_all_cases_that_contoured_a_structure_are_divided_once():
    logits, target, annotated, weight = example()
    p = logits.softmax(1)
    losses = []
    for c in range(1, CLASSES):
        cases = [b for b in range(len(logits)) if annotated[b, c]]
        truth = [(target[b, 0] == c) * weight[b, 0] for b in cases]
        hit = sum(float((p[b, c] * t).sum()) for b, t in zip(cases, truth, strict=True))
        total = sum(float((p[b, c] * weight[b, 0]).sum() + t.sum()) for b, t in zip(cases, truth, strict=True))
        losses.append(1 - 2 * hit / total)
    found = soft_dice_loss(logits, target, annotated, weight, over_batch=True)
    assert float(found) == pytest.approx(sum(losses) / len(losses), abs=1e-12)


def test_over_the_batch_a_case_without_the_contour_still_changes_nothing():
    logits, target, annotated, weight = example()
    other, annotated[1] = target.clone(), torch.tensor([True, True, False, True])
    other[1][target[1] == 2] = 0
    one, two = (soft_dice_loss(logits, truth, annotated, weight, over_batch=True) for truth in (target, other))
    assert torch.equal(one, two)
    only_class_2 = annotated & torch.tensor([True, False, True, False])
    logits.requires_grad_()
    soft_dice_loss(logits, target, only_class_2, weight, over_batch=True).backward()
    assert torch.all(logits.grad[1] == 0) and torch.any(logits.grad[0] != 0)
