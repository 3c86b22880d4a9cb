import math

import pytest
import torch

from rtcontour.networks.ua_net import proposals
from rtcontour.networks.ua_net.anchors import place_anchors
from rtcontour.networks.ua_net.boxes import encode
from rtcontour.networks.ua_net.proposals import (
    ProposalHead,
    focal_losses,
    match_anchors,
    proposal_losses,
    select_proposals,
)

ANCHORS = place_anchors((4, 3, 2), torch.tensor([(12.0, 12.0, 8.0), (20.0, 8.0, 8.0)]))
TRUTH = torch.tensor([[1.0, 2.0, 0.0, 14.0, 13.0, 9.0], [20.0, 10.0, 4.0, 23.0, 13.0, 7.0]])


def iou(a, b):
    low = [max(x, y) for x, y in zip(a[:3], b[:3], strict=True)]
    high = [min(x, y) for x, y in zip(a[3:], b[3:], strict=True)]
    both = math.prod(max(0.0, h - s) for s, h in zip(low, high, strict=True))
    volumes = [math.prod(box[3 + axis] - box[axis] for axis in range(3)) for box in (a, b)]
    return both / (sum(volumes) - both)


def test_anchors_are_matched_as_by_loops():
    table = [[iou(anchor, box) for box in TRUTH.tolist()] for anchor in ANCHORS.tolist()]
    best_of_box = [max(row[t] for row in table) for t in range(2)]
    positive, truth, negative = [], [], []
    for index, row in enumerate(table):
        is_best = any(row[t] >= best_of_box[t] - 1e-6 for t in range(2))
        if max(row) >= 0.5 or is_best:
            positive.append(index)
            truth.append(row.index(max(row)))
        elif max(row) < 0.1:
            negative.append(index)
    match = match_anchors(ANCHORS, TRUTH)
    assert best_of_box[1] < 0.5, "the second organ is there to be matched by its best anchor only"
    assert match.positive.tolist() == positive and match.truth.tolist() == truth
    assert match.negative.tolist() == negative
    assert set(truth) == {0, 1} and len(positive) + len(negative) < len(ANCHORS)


def test_all_anchors_that_share_the_best_overlap_are_positive():
    anchors = place_anchors((2, 1, 1), torch.tensor([(8.0, 8.0, 8.0)]))
    match = match_anchors(anchors, torch.tensor([[6.5, 2.5, 2.5, 8.5, 4.5, 4.5]]))
    assert match.positive.tolist() == [0, 1]


def test_without_an_organ_every_anchor_is_negative():
    match = match_anchors(ANCHORS, torch.zeros(0, 6))
    assert len(match.positive) == len(match.truth) == 0 and len(match.negative) == len(ANCHORS)


def test_the_focal_loss_is_that_of_a_loop():
    logits = torch.tensor([-3.0, 0.0, 0.4, 5.0])
    for positive in (True, False):
        p = [1 / (1 + math.exp(-x if positive else x)) for x in logits.tolist()]
        expected = torch.tensor([-((1 - q) ** 2) * math.log(q) for q in p])
        assert torch.allclose(focal_losses(logits, positive), expected, atol=1e-6)


def test_no_gradient_goes_through_the_focal_factor():
    logit = torch.tensor([0.4], requires_grad=True)
    focal_losses(logit, True).sum().backward()
    p = torch.sigmoid(torch.tensor(0.4))
    assert torch.allclose(logit.grad, -((1 - p) ** 3)[None])


def test_extreme_logits_stay_finite():
    assert torch.isfinite(focal_losses(torch.tensor([-1e4, 1e4]), True)).all()


def test_the_losses_are_those_of_loops():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(len(ANCHORS), generator=generator)
    deltas = torch.randn(len(ANCHORS), 6, generator=generator)
    match = match_anchors(ANCHORS, TRUTH)
    weight = len(match.positive) / len(match.negative)
    weighted, weights = 0.0, 0.0
    for index in match.positive.tolist():
        weighted, weights = weighted + float(focal_losses(logits[[index]], True)), weights + 1
    for index in match.negative.tolist():
        weighted, weights = weighted + weight * float(focal_losses(logits[[index]], False)), weights + weight
    box = 0.0
    for index, truth in zip(match.positive.tolist(), match.truth.tolist(), strict=True):
        expected = encode(TRUTH[[truth]], ANCHORS[[index]])[0]
        for axis in range(6):
            error = abs(float(deltas[index, axis] - expected[axis]))
            box += (0.5 * error**2 if error < 1 else error - 0.5) / len(match.positive)
    class_loss, box_loss = proposal_losses(logits, deltas, ANCHORS, TRUTH)
    assert class_loss.item() == pytest.approx(weighted / weights, rel=1e-5)
    assert box_loss.item() == pytest.approx(box, rel=1e-5)


def test_negatives_of_incomplete_cases_weigh_less():
    logits, deltas = torch.ones(len(ANCHORS)), torch.zeros(len(ANCHORS), 6)
    losses = [proposal_losses(logits, deltas, ANCHORS, TRUTH, weight)[0] for weight in (0.0, 0.5, 1.0)]
    assert losses[0] < losses[1] < losses[2]
    assert torch.allclose(losses[1], (losses[0] + losses[2]) / 2)


def test_without_an_organ_only_the_negatives_cost():
    logits, deltas = torch.zeros(len(ANCHORS), requires_grad=True), torch.zeros(len(ANCHORS), 6, requires_grad=True)
    class_loss, box_loss = proposal_losses(logits, deltas, ANCHORS, TRUTH[:0])
    (class_loss + box_loss).backward()
    assert class_loss.item() == pytest.approx(0.5 * 0.25 * math.log(2)) and box_loss.item() == 0
    assert (logits.grad > 0).all() and not deltas.grad.any()


def test_no_more_than_a_number_of_negatives_is_drawn(monkeypatch):
    monkeypatch.setattr(proposals, "MOST_NEGATIVES", 5)
    logits = torch.zeros(len(ANCHORS), requires_grad=True)
    proposal_losses(logits, torch.zeros(len(ANCHORS), 6), ANCHORS, TRUTH[:0])[0].backward()
    assert int((logits.grad != 0).sum()) == 5


def test_only_likely_boxes_are_proposed_best_first():
    logits, deltas = torch.full((len(ANCHORS),), -1.0), torch.zeros(len(ANCHORS), 6)
    logits[[0, 1, 40]] = torch.tensor([0.5, 0.6, 3.0])
    boxes = select_proposals(logits, deltas, ANCHORS, (32, 24, 16), 300)
    assert boxes.tolist() == ANCHORS[[40, 1, 0]].tolist()
    assert select_proposals(logits, deltas, ANCHORS, (32, 24, 16), 1).tolist() == ANCHORS[[40]].tolist()
    assert select_proposals(logits - 9, deltas, ANCHORS, (32, 24, 16), 300).shape == (0, 6)


def test_wild_predictions_give_boxes_with_voxels_in_the_volume():
    generator = torch.Generator().manual_seed(0)
    deltas = 1000 * torch.randn(len(ANCHORS), 6, generator=generator)
    boxes = select_proposals(torch.ones(len(ANCHORS)), deltas, ANCHORS, (32, 24, 16), 300)
    centres = (boxes[:, :3] + boxes[:, 3:]) / 2
    assert torch.isfinite(boxes).all() and len(boxes)
    assert (centres > -0.01).all() and (centres < torch.tensor([31.01, 23.01, 15.01])).all()


@pytest.mark.parametrize("heads", ["paper", "code"])
def test_the_head_lists_positions_then_shapes(heads):
    head = ProposalHead(5, 7, 3, heads)
    f8 = torch.randn(1, 5, 4, 3, 2)
    logits, deltas = head(f8)
    assert logits.shape == (72,) and deltas.shape == (72, 6)
    where = ((2 * 3 + 1) * 2 + 1) * 3 + 2
    moved = {}
    for name in ("logits", "deltas"):
        head.zero_grad()
        probe = f8.clone().requires_grad_()
        dict(zip(("logits", "deltas"), head(probe), strict=True))[name][where].sum().backward()
        moved[name] = probe.grad.abs().sum(dim=(0, 1)).nonzero()
        rows = getattr(head, name).weight.grad.flatten(1).abs().sum(1).nonzero().squeeze(1).tolist()
        assert rows == ([2] if name == "logits" else list(range(12, 18)))
    centre = torch.tensor([2, 1, 1])
    assert ((moved["logits"] - centre).abs() <= 1).all() and ((moved["deltas"] - centre).abs() <= 1).all()
