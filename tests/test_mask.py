import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour import Finding, Grid, Mask
from rtcontour.errors import GeometryError
from rtcontour.mask import tight_box

GRID = Grid((6, 5, 4), (1.0, 2.0, 5.0), (-10.0, 20.0, 30.0))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.01, 0.05, 0.5]))
def test_an_array_survives_its_tight_box(seed, share):
    array = np.random.default_rng(seed).random(GRID.shape) < share
    mask = Mask.from_array(array, GRID)
    assert np.array_equal(mask.full(), array)
    assert mask.voxel_count == array.sum()
    for axis in range(3 if array.any() else 0):
        along = mask.voxels.any(axis=tuple(a for a in range(3) if a != axis))
        assert along[0] and along[-1]


def test_anything_but_zero_is_inside():
    array = np.zeros(GRID.shape, np.int16)
    array[1, 2, 3], array[2, 2, 3] = -1, 7
    mask = Mask.from_array(array, GRID)
    assert mask.start == (1, 2, 3)
    assert mask.voxels.shape == (2, 1, 1)
    assert mask.box == (slice(1, 3), slice(2, 3), slice(3, 4))


def test_voxels_are_slices_in_one_piece():
    mask = Mask.from_array(np.ones(GRID.shape, order="C"), GRID)
    assert mask.voxels.flags.f_contiguous
    assert mask.full().flags.f_contiguous


def test_a_mask_does_not_change_with_the_array_it_came_from():
    array = np.ones(GRID.shape, bool)
    mask = Mask.from_array(array, GRID)
    array[:] = False
    assert mask.voxel_count == 6 * 5 * 4


def test_an_empty_mask_has_an_empty_box():
    mask = Mask.from_array(np.zeros(GRID.shape), GRID)
    assert (mask.start, mask.voxels.shape) == ((0, 0, 0), (0, 0, 0))
    assert mask.volume_cc == 0.0
    assert not mask.full().any()


def test_the_volume_is_the_number_of_voxels_times_the_volume_of_one():
    array = np.zeros(GRID.shape, bool)
    array[:3, 0, 0] = True
    assert Mask.from_array(array, GRID).volume_cc == pytest.approx(3 * 0.01)


def test_findings_stay_with_the_mask():
    finding = Finding("slice-tie", "half-way")
    assert Mask.from_array(np.ones(GRID.shape), GRID, (finding,)).findings == (finding,)


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(GeometryError, match="resample"):
        Mask.from_array(np.zeros((5, 6, 4)), GRID)


@pytest.mark.parametrize(
    ("start", "voxels", "message"),
    [
        ((0, 0, 0), np.zeros((2, 2, 2), np.uint8), "bool"),
        ((0, 0, 0), np.zeros((2, 2), bool), "3D"),
        ((-1, 0, 0), np.zeros((2, 2, 2), bool), "leaves"),
        ((5, 0, 0), np.zeros((2, 2, 2), bool), "leaves"),
    ],
)
def test_a_box_that_does_not_fit_is_refused(start, voxels, message):
    with pytest.raises(GeometryError, match=message):
        Mask(GRID, start, voxels)


def test_the_tight_box_of_nothing_is_empty():
    assert tight_box(np.zeros((2, 3, 4), bool)) == (slice(0, 0),) * 3


def test_an_empty_mask_lies_on_its_grid_and_keeps_findings():
    finding = Finding("roi-empty", "nothing")
    mask = Mask.empty(GRID, (finding,))
    assert mask.grid is GRID and mask.voxel_count == 0 and mask.findings == (finding,)
    assert mask.full().shape == GRID.shape and not mask.full().any()
