import math

import numpy as np
import pytest
import torch

from rtcontour.errors import ConfigError
from rtcontour.networks.ua_net import PAPER_ANCHORS, fit_anchors, placed_recall, shape_share
from rtcontour.networks.ua_net.anchors import overlaps, place_anchors


def test_anchors_lie_as_three_nested_loops_place_them():
    sides = [(8.0, 6.0, 4.0), (20.0, 10.0, 5.0)]
    expected = []
    for i in range(3):
        for j in range(2):
            for k in range(4):
                for side in sides:
                    centre = (3.5 + 8 * i, 3.5 + 8 * j, 3.5 + 8 * k)
                    low = [c - s / 2 for c, s in zip(centre, side, strict=True)]
                    expected.append([*low, *(c + s / 2 for c, s in zip(centre, side, strict=True))])
    assert place_anchors((3, 2, 4), torch.tensor(sides)).tolist() == expected


def test_the_paper_has_twelve_shapes_and_a_large_volume_216000_anchors():
    assert len(set(PAPER_ANCHORS)) == 12
    assert PAPER_ANCHORS[0] == (17.5, 17.5, 7.0) and PAPER_ANCHORS[-1] == (125.0, 250.0, 50.0)
    assert len(place_anchors((30, 30, 20), torch.tensor(PAPER_ANCHORS))) == 216_000


def test_planted_shapes_are_found_again():
    planted = [(12.0, 12.0, 30.0), (30.0, 40.0, 20.0), (90.0, 60.0, 30.0)]
    noise = np.random.default_rng(0).uniform(0.95, 1.05, (3, 40, 3))
    sides = (np.array(planted)[:, None] * noise).reshape(-1, 3)
    found = fit_anchors(sides, 3)
    assert np.allclose(found, planted, rtol=0.03)
    assert found == fit_anchors(torch.tensor(sides), 3)
    assert shape_share(sides, found) == 1.0


def test_fewer_different_shapes_than_asked_for_come_back_once_each():
    assert fit_anchors([(8, 6, 4)] * 5 + [(4, 4, 4)], 12) == [(4, 4, 4), (8, 6, 4)]


def test_fitted_shapes_are_no_worse_than_those_of_the_paper():
    sides = np.random.default_rng(1).uniform((10, 10, 4), (90, 60, 40), (200, 3))
    assert shape_share(sides, fit_anchors(sides, 12)) >= shape_share(sides, PAPER_ANCHORS)


def test_the_shape_share_by_hand():
    # (4, 2, 2) in (4, 4, 2): IoU 16 / 32 = 0.5, just enough; (4, 1, 2): 8 / 32.
    assert shape_share([(4, 2, 2), (4, 1, 2), (4, 4, 2), (1, 1, 1)], [(4, 4, 2)]) == 0.5


def test_the_placed_recall_knows_that_anchors_are_eight_voxels_apart():
    anchor = [(8.0, 8.0, 8.0)]
    at_an_anchor = [-0.5, 7.5, -0.5, 7.5, 15.5, 7.5]
    between = [3.5, 11.5, 3.5, 11.5, 19.5, 11.5]
    assert placed_recall(torch.tensor([at_an_anchor, between]), (40, 33, 16), anchor) == 0.5
    assert shape_share([(8, 8, 8)], anchor) == 1.0


def test_the_recall_of_no_box_is_not_a_number():
    assert math.isnan(placed_recall(torch.zeros(0, 6), (16, 16, 16), [(8, 8, 8)]))


@pytest.mark.parametrize("sides", [[], [(1, 2)], [(1, 2, 0)], [(1, 2, math.nan)]])
def test_impossible_sides_are_refused(sides):
    with pytest.raises(ConfigError):
        fit_anchors(sides, 3)


def test_no_anchor_at_all_is_refused():
    with pytest.raises(ConfigError):
        fit_anchors([(1, 2, 3)], 0)


def test_overlaps_of_no_box_have_no_column():
    assert overlaps(torch.zeros(5, 6), torch.zeros(0, 6)).shape == (5, 0)
