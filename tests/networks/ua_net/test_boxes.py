import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour.networks.ua_net.anchors import overlaps
from rtcontour.networks.ua_net.boxes import (
    box_loss,
    clip_centres,
    covering_crops,
    cut,
    decode,
    encode,
    has_voxels,
    suppress_overlaps,
    truth_boxes,
)


def random_boxes(count, seed, largest=40.0):
    generator = torch.Generator().manual_seed(seed)
    low = 50 * torch.rand(count, 3, generator=generator)
    return torch.cat([low, low + 5 + largest * torch.rand(count, 3, generator=generator)], dim=1)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_encode_then_decode_returns_the_box(seed):
    boxes, references = random_boxes(5, seed), random_boxes(5, seed + 1)
    assert torch.allclose(decode(encode(boxes, references), references), boxes, atol=1e-3, rtol=1e-5)


def test_the_code_is_ten_times_the_shift_and_five_times_the_log_of_the_sides():
    reference = torch.tensor([[0.0, 0.0, 0.0, 10.0, 20.0, 40.0]])
    box = torch.tensor([[1.0, 0.0, 0.0, 11.0, 20.0, 80.0]])
    expected = torch.tensor([[1.0, 0.0, 5.0, 0.0, 0.0, 5 * torch.tensor(2.0).log()]])
    assert torch.allclose(encode(box, reference), expected, atol=1e-6)


@pytest.mark.parametrize(("log_ratio", "side"), [(1e4, 8 * 1000 / 16), (-1e4, 8 * 16 / 1000)])
def test_a_side_grows_or_shrinks_by_a_bounded_factor(log_ratio, side):
    reference = torch.tensor([[0.0, 0.0, 0.0, 8.0, 8.0, 8.0]])
    box = decode(torch.tensor([[0.0, 0.0, 0.0, log_ratio, 0.0, 0.0]]), reference)
    assert float(box[0, 3] - box[0, 0]) == pytest.approx(side, rel=1e-4)
    assert float(box[0, 4] - box[0, 1]) == pytest.approx(8)


def test_a_centre_outside_moves_to_the_last_voxel_and_the_sides_stay():
    boxes = torch.tensor([[-30.0, 4.0, 90.0, -10.0, 8.0, 100.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    clipped = clip_centres(boxes, (20, 24, 16))
    assert clipped.tolist() == [[-10.0, 4.0, 10.0, 10.0, 8.0, 20.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]


def test_truth_boxes_reach_half_the_border_beyond_the_outer_voxels():
    label_map = torch.zeros(20, 24, 16, dtype=torch.long)
    label_map[3:7, 10:20, 2] = 5
    label_map[0, 0, 0] = label_map[19, 23, 15] = 2
    truth = truth_boxes(label_map, (8, 6, 4))
    assert truth.labels.tolist() == [2, 5]
    assert truth.boxes.tolist() == [[-4.5, -3.5, -2.5, 23.5, 26.5, 17.5], [-1.5, 6.5, -0.5, 10.5, 22.5, 4.5]]


def test_an_empty_label_map_has_no_box():
    truth = truth_boxes(torch.zeros(4, 5, 6, dtype=torch.long), (8, 8, 4))
    assert truth.boxes.shape == (0, 6) and truth.labels.shape == (0,)


@pytest.mark.parametrize(
    ("first", "end", "crop"), [(13, 27, (8, 32)), (16, 32, (16, 32)), (7, 9, (0, 16)), (0, 1, (0, 8))]
)
def test_a_crop_starts_down_and_ends_up_at_a_multiple_of_eight(first, end, crop):
    box = torch.tensor([[first, first, first, end, end, end]]) - 0.5
    assert covering_crops(box, (48, 48, 48)).tolist() == [[crop[0]] * 3 + [crop[1]] * 3]


def test_a_little_noise_in_a_box_adds_no_slab():
    box = torch.tensor([[15.3, 15.7, 15.5, 31.7, 31.3, 31.5]])
    assert covering_crops(box, (48, 48, 48)).tolist() == [[16, 16, 16, 32, 32, 32]]


def test_crops_end_at_the_volume():
    assert covering_crops(torch.tensor([[-9.0, 3.0, 3.0, 60.0, 60.0, 12.0]]), (32, 48, 16)).tolist() == [
        [0, 0, 0, 32, 48, 16]
    ]


def test_boxes_outside_or_thinner_than_a_voxel_cover_none():
    boxes = torch.tensor(
        [
            [40.0, 0.0, 0.0, 50.0, 9.0, 9.0],
            [-20.0, 0.0, 0.0, -9.0, 9.0, 9.0],
            [15.6, 0.0, 0.0, 15.7, 9.0, 9.0],
            [3.0, 3.0, 3.0, 4.0, 4.0, 4.0],
        ]
    )
    assert has_voxels(boxes, (32, 32, 32)).tolist() == [False, False, False, True]
    crops = covering_crops(boxes, (32, 32, 32))
    assert (crops[:, 3:] >= crops[:, :3]).all() and cut(torch.zeros(32, 32, 32), crops[0].tolist()).numel() == 0


def test_iou_is_what_counting_voxels_gives():
    generator = torch.Generator().manual_seed(1)
    low = torch.randint(0, 6, (12, 3), generator=generator)
    boxes = torch.cat([low, low + torch.randint(1, 7, (12, 3), generator=generator)], dim=1)
    masks = torch.zeros(12, 13, 13, 13, dtype=torch.bool)
    for mask, box in zip(masks, boxes.tolist(), strict=True):
        cut(mask, box)[:] = True
    expected = [[float((a & b).sum() / (a | b).sum()) for b in masks] for a in masks]
    assert torch.allclose(overlaps(boxes.float(), boxes.float()), torch.tensor(expected), atol=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_overlaps_are_suppressed_as_by_a_double_loop(seed):
    boxes = random_boxes(25, seed) / 2
    scores = torch.randint(0, 5, (25,), generator=torch.Generator().manual_seed(seed)).float()
    iou, kept = overlaps(boxes, boxes), []
    for index in sorted(range(25), key=lambda i: (-float(scores[i]), i)):
        if all(float(iou[index, other]) <= 0.5 for other in kept):
            kept.append(index)
    assert suppress_overlaps(boxes, scores).tolist() == kept
    assert suppress_overlaps(boxes, scores, limit=3).tolist() == kept[:3]


def test_equal_scores_are_kept_by_index_and_no_box_gives_none():
    boxes = torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0, 4.0]]).expand(3, 6)
    assert suppress_overlaps(boxes, torch.ones(3)).tolist() == [0]
    assert suppress_overlaps(boxes[:0], torch.ones(0)).tolist() == []


def test_the_box_loss_is_smooth_l1_by_hand():
    deltas = torch.tensor([[0.5, 2.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, -0.2, 0.0, 0.0, -3.0]])
    by_hand = (0.5 * 0.5**2 + (2 - 0.5)) / 2 + (0.5 * 0.2**2 + (3 - 0.5)) / 2
    assert float(box_loss(deltas, torch.zeros(2, 6))) == pytest.approx(by_hand)


def test_no_box_costs_nothing_and_keeps_the_graph():
    deltas = torch.zeros(0, 6, requires_grad=True)
    loss = box_loss(deltas, torch.zeros(0, 6))
    loss.backward()
    assert loss.item() == 0 and deltas.grad is not None
