import math

import pytest
import torch

from rtcontour.networks.ua_net.boxes import Truth
from rtcontour.networks.ua_net.recognition import (
    RecognitionHead,
    Recognized,
    Samples,
    any_of_each,
    best_of_each,
    class_weights,
    recognition_losses,
    recognize,
    sample_proposals,
)

SIZE = (64, 48, 32)
TRUTH = Truth(torch.tensor([[4.0, 4, 4, 20, 20, 12], [30, 10, 8, 46, 30, 24]]), torch.tensor([2, 5]))
FAR = torch.tensor([[50.0, 30, 20, 60, 40, 28], [0, 30, 20, 10, 40, 28]])


def near(box, count):
    """Boxes that overlap `box` by far more than half."""
    return box + 0.1 * torch.arange(count)[:, None]


def test_at_most_four_positives_an_organ_and_background_up_to_128():
    boxes = torch.cat([near(TRUTH.boxes[0], 9), near(TRUTH.boxes[1], 3), FAR])
    samples = sample_proposals(boxes, TRUTH)
    assert [int((samples.labels == label).sum()) for label in (2, 5, 0)] == [4, 3, 121]
    assert len(samples.boxes) == len(samples.expected) == 128
    assert len(samples.boxes[samples.labels == 2].unique(dim=0)) == 4
    for label, box in zip(TRUTH.labels, TRUTH.boxes, strict=True):
        assert (samples.expected[samples.labels == label] == box).all()
    background = samples.boxes[samples.labels == 0]
    assert torch.equal(background.unique(dim=0), FAR.unique(dim=0))


def test_boxes_that_overlap_somewhat_are_neither():
    half = TRUTH.boxes[:1] + torch.tensor([8.0, 0, 0, 8, 0, 0])  # IoU 1/3
    assert len(sample_proposals(half, TRUTH).boxes) == 0


def test_enough_background_is_drawn_without_replacement():
    corners = torch.rand(300, 3)
    boxes = torch.cat([50 + corners, 52 + corners], dim=1)
    assert len(sample_proposals(boxes, TRUTH).boxes.unique(dim=0)) == 128


def test_no_proposal_and_no_truth_give_no_sample():
    nothing = Truth(torch.zeros(0, 6), torch.zeros(0, dtype=torch.long))
    assert len(sample_proposals(torch.zeros(0, 6), TRUTH).boxes) == 0
    assert len(sample_proposals(torch.zeros(0, 6), nothing).boxes) == 0
    assert not sample_proposals(FAR, nothing).labels.any()


def test_draws_repeat_with_the_seed():
    drawn = []
    for _ in range(2):
        torch.manual_seed(4)
        drawn.append(sample_proposals(torch.cat([near(TRUTH.boxes[0], 30), FAR]), TRUTH).boxes)
    assert torch.equal(*drawn)


def test_class_weights_by_hand():
    # 8 / (4, 3, 1, max(1, 0)) = 2, 2.667, 8, 8 over their sum 20.667
    weights = class_weights(torch.tensor([0, 0, 0, 0, 1, 1, 1, 2]), 4)
    assert torch.allclose(weights, torch.tensor([2, 8 / 3, 8, 8]) / (2 + 8 / 3 + 16))


def learnable(labels):
    boxes = torch.cat([near(TRUTH.boxes[0], len(labels))])
    return Samples(boxes, torch.tensor(labels, dtype=torch.long), TRUTH.boxes[:1].expand(len(labels), 6))


def test_the_class_loss_is_that_of_a_loop():
    samples = learnable([0, 1, 1, 3, 0])
    logits = torch.randn(5, 4)
    annotated = torch.tensor([True, True, False, True])
    weights = class_weights(samples.labels, 4)
    total = 0.0
    for row, label in zip(logits.softmax(1).tolist(), samples.labels.tolist(), strict=True):
        p = row[0] + row[2] if label == 0 else row[label]
        total -= float(weights[label]) * math.log(p)
    loss, _ = recognition_losses(logits, torch.zeros(5, 4, 6), samples, annotated)
    assert loss.item() == pytest.approx(total / float(weights[samples.labels].sum()), rel=1e-5)


def test_only_the_box_of_the_true_class_is_learned():
    samples = learnable([0, 1, 3])
    deltas = torch.zeros(3, 4, 6, requires_grad=True)
    recognition_losses(torch.zeros(3, 4), deltas, samples, torch.ones(4, dtype=torch.bool))[1].backward()
    learned = deltas.grad.abs().sum(2).nonzero().tolist()
    assert learned == [[1, 1], [2, 3]]


def test_no_sample_costs_nothing_and_keeps_the_graph():
    head = RecognitionHead(2, (8, 8), 4)
    losses = recognition_losses(*head(torch.zeros(0, 2, 6, 6, 6)), learnable([]), torch.ones(4, dtype=torch.bool))
    sum(losses).backward()
    assert [loss.item() for loss in losses] == [0, 0]
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_an_organ_is_recognized_once_where_boxes_overlap():
    boxes = torch.cat([near(TRUTH.boxes[0], 3), FAR])
    logits = torch.zeros(5, 6)
    logits[0, 2], logits[1, 2], logits[2, 3], logits[3, 2], logits[4, 0] = 3, 5, 4, 1, 9
    deltas = torch.zeros(5, 6, 6)
    deltas[2, 3, 0] = 10  # a whole side along i, for class 3 only
    found = recognize(logits, deltas, boxes, SIZE)
    assert found.labels.tolist() == [2, 2, 3]
    moved = boxes[2] + torch.tensor([16.0, 0, 0, 16, 0, 0])
    assert torch.allclose(found.boxes, torch.stack([boxes[1], boxes[3], moved]), atol=1e-4)
    assert found.scores[0].item() == pytest.approx(math.exp(5) / (math.exp(5) + 5))
    assert best_of_each(found).labels.tolist() == [2, 3]
    assert torch.equal(best_of_each(found).boxes, found.boxes[[0, 2]])


def test_nothing_is_recognized_in_nothing():
    found = recognize(torch.zeros(0, 4), torch.zeros(0, 4, 6), torch.zeros(0, 6), SIZE)
    assert found.boxes.shape == (0, 6) and found.labels.shape == (0,)
    assert len(best_of_each(found).labels) == 0


def test_one_box_is_drawn_for_every_organ_of_the_truth_and_no_other():
    found = Recognized(torch.cat([near(TRUTH.boxes[0], 2), FAR]), torch.tensor([2, 2, 3, 4]), torch.ones(4))
    missed = Recognized(torch.cat([FAR, near(TRUTH.boxes[1], 1)]), torch.tensor([2, 2, 2]), torch.ones(3))
    assert torch.equal(any_of_each(missed, TRUTH).boxes, TRUTH.boxes)
    seen = set()
    for seed in range(20):
        torch.manual_seed(seed)
        drawn = any_of_each(found, TRUTH)
        assert drawn.labels.tolist() == [2, 5]
        assert torch.equal(drawn.boxes[1], TRUTH.boxes[1]), "an organ that is not recognized has its truth box"
        seen.add(tuple(drawn.boxes[0].tolist()))
    assert len(seen) == 2  # the first of `near` is the truth box itself


def test_no_organ_in_the_truth_draws_nothing():
    found = Recognized(FAR, torch.tensor([1, 2]), torch.ones(2))
    assert len(any_of_each(found, Truth(TRUTH.boxes[:0], TRUTH.labels[:0])).boxes) == 0
