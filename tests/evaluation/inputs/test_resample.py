import numpy as np
import pytest

from rtcontour.evaluation.inputs import resample_mask
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def turned(degrees, axis):
    """Directions of a grid turned about one of its axes."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    first, second = (n for n in range(3) if n != axis)
    turn = np.eye(3)
    turn[first, first], turn[first, second], turn[second, first], turn[second, second] = c, s, -s, c
    return tuple(map(tuple, turn))


OLD = Grid((11, 9, 7), (2.0, 3.0, 4.0), (-8.0, 5.0, 20.0))
NEW = {
    "finer": Grid((25, 30, 30), (0.9, 1.1, 1.3), (-9.0, 4.0, 19.0)),
    "coarser and cut": Grid((4, 4, 3), (4.3, 5.1, 6.7), (-5.0, 8.0, 25.0)),
    "turned round": Grid((11, 9, 7), (2.0, 3.0, 4.0), (12.0, 29.0, 20.0), ((-1, 0, 0), (0, -1, 0), (0, 0, 1))),
    "sagittal": Grid((9, 7, 11), (3.0, 4.0, 2.0), (-8.0, 5.0, 20.0), ((0, 1, 0), (0, 0, 1), (1, 0, 0))),
    "oblique": Grid((20, 18, 14), (1.5, 1.7, 2.1), (-10.0, 2.0, 18.0), turned(17, 2)),
    "tilted": Grid((20, 18, 14), (1.5, 1.7, 2.1), (-10.0, 2.0, 22.0), turned(-9, 0)),
    "elsewhere": Grid((5, 5, 5), (1.0, 1.0, 1.0), (500.0, 0.0, 0.0)),
}


@pytest.fixture
def array():
    inside = np.zeros(OLD.shape, bool)
    inside[2:9, 1:7, 1:6] = np.random.default_rng(5).random((7, 6, 5)) < 0.6
    return inside


def by_brute_force(array, old, new):
    """Every voxel centre of the new grid, one after the other."""
    found = np.zeros(new.shape, bool)
    for index in np.ndindex(new.shape):
        at = np.floor(np.round(old.to_index(new.to_mm([index]))[0], 6) + 0.5).astype(int)
        found[index] = bool(np.all((at >= 0) & (at < old.shape))) and array[tuple(at)]
    return found


@pytest.mark.parametrize("name", NEW)
def test_every_voxel_takes_the_value_of_the_one_its_centre_lies_in(array, name):
    expected = by_brute_force(array, OLD, NEW[name])
    mask = resample_mask(Mask.from_array(array, OLD), NEW[name])
    assert mask.grid is NEW[name] and np.array_equal(mask.full(), expected)
    assert expected.any() or name == "elsewhere"
    tight = Mask.from_array(expected, NEW[name])
    assert (mask.start, mask.voxels.shape) == (tight.start, tight.voxels.shape)


def test_the_same_voxels_in_another_order_come_back(array):
    there = resample_mask(Mask.from_array(array, OLD), NEW["turned round"])
    assert np.array_equal(there.full(), array[::-1, ::-1])
    assert np.array_equal(resample_mask(there, OLD).full(), array)


def test_an_empty_mask_stays_empty():
    mask = resample_mask(Mask.from_array(np.zeros(OLD.shape), OLD), NEW["finer"])
    assert mask.voxel_count == 0 and mask.grid is NEW["finer"]
