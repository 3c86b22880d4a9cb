import numpy as np
import pytest

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.habits import Habit, contour_by_habit, draw_habit

GRID = Grid((40, 50, 5), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))


def disc(radius_mm=12.0):
    x, y = np.meshgrid(np.arange(40) * 1.0, np.arange(50) * 2.0, indexing="ij")
    inside = (x - 20) ** 2 + (y - 50) ** 2 < radius_mm**2
    return Mask.from_array(np.repeat(inside[:, :, None], 5, axis=2), GRID)


def contour(shift_mm, jitter_mm=0.0, left_out=()):
    habit = Habit("any", shift_mm, jitter_mm, frozenset(left_out))
    return contour_by_habit({"Bladder": disc(), "CTVn": disc()}, habit, np.random.default_rng(0))


def test_generous_and_tight_bracket_the_truth():
    tight, faithful, generous = (contour(shift)["Bladder"] for shift in (-3.0, 0.0, 3.0))
    assert np.array_equal(faithful.full(), disc().full())
    assert not np.any(tight.full() & ~faithful.full())
    assert not np.any(faithful.full() & ~generous.full())
    assert generous.volume_cc / faithful.volume_cc == pytest.approx((15 / 12) ** 2, rel=0.12)
    assert tight.volume_cc / faithful.volume_cc == pytest.approx((9 / 12) ** 2, rel=0.2)


def test_jitter_changes_from_slice_to_slice():
    areas = contour(0.0, jitter_mm=2.0)["Bladder"].full().sum(axis=(0, 1))
    assert len(set(areas.tolist())) > 1


def test_left_out_structure_is_missing_not_empty():
    assert set(contour(0.0, left_out=["CTVn"])) == {"Bladder"}


def test_margin_stops_at_the_edge_of_the_grid():
    everything = Mask.from_array(np.ones(GRID.shape, bool), GRID)
    habit = Habit("generous", 4.0, 0.0, frozenset())
    drawn = contour_by_habit({"External": everything, "CTV": everything}, habit, np.random.default_rng(0))
    assert drawn["CTV"].voxel_count == everything.voxel_count


def test_nodal_volume_is_left_out_more_often_without_contrast():
    def share(contrast):
        habits = [draw_habit(np.random.default_rng(seed), ["CTVn"], contrast) for seed in range(400)]
        return np.mean([bool(habit.left_out) for habit in habits])

    assert share(False) > share(True) + 0.1 > 0.1
