from itertools import permutations, product

import numpy as np
import pytest

from rtcontour.evaluation.orientation import patient_order, turn_array, turn_grid, turn_masks
from rtcontour.grid import IDENTITY, Grid
from rtcontour.mask import Mask

LPS = Grid((7, 5, 4), (1.0, 2.0, 3.0), (-10.0, 20.0, 30.0))
ORDERS = list(product(permutations(range(3)), product((False, True), repeat=3)))


@pytest.mark.parametrize("order", ORDERS)
def test_however_a_volume_is_stored_it_comes_back_in_the_order_of_pictures(order):
    rng = np.random.default_rng(0)
    hu = rng.integers(-1000, 1000, LPS.shape).astype(np.int16)
    inside = np.zeros(LPS.shape, bool)
    inside[1:4, 2:5, 0:3] = rng.random((3, 3, 3)) < 0.5
    stored_grid, stored_hu, stored = turn_grid(LPS, order), turn_array(hu, order), turn_array(inside, order)
    assert np.allclose(stored_grid.to_mm(np.argwhere(stored)).sum(axis=0), LPS.to_mm(np.argwhere(inside)).sum(axis=0))
    back = patient_order(stored_grid)
    assert turn_grid(stored_grid, back).matches(LPS)
    assert np.array_equal(turn_array(stored_hu, back), hu)
    masks = turn_masks({"Bladder": Mask.from_array(stored, stored_grid), "Rectum": Mask.empty(stored_grid)}, back)
    assert masks["Bladder"].grid.matches(LPS) and np.array_equal(masks["Bladder"].full(), inside)
    assert masks["Rectum"].voxel_count == 0 and masks["Rectum"].grid.matches(LPS)


def test_a_volume_in_that_order_stays_as_it_is():
    assert patient_order(LPS) == ((0, 1, 2), (False, False, False))
    hu = np.zeros(LPS.shape, np.int16)
    assert np.shares_memory(turn_array(hu, patient_order(LPS)), hu)


def test_of_an_oblique_volume_each_axis_is_the_nearest():
    cos, sin = np.cos(0.7), np.sin(0.7)
    tilted = ((0.0, cos, sin), (-1.0, 0.0, 0.0), (0.0, -sin, cos))
    axes, turned = patient_order(Grid((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), tilted))
    assert axes == (1, 0, 2) and turned == (True, False, False)
    assert patient_order(Grid((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY))[0] == (0, 1, 2)
