"""Slices left out between contours: found, told apart from parts that end, and filled if asked."""

from __future__ import annotations

import numpy as np
import pytest

from rtcontour.contours import Contour, rasterize, trace
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((40, 36, 13), (1.0, 1.5, 2.0), (-5.0, 3.0, 10.0))


def codes(mask):
    return [finding.code for finding in mask.findings]


def ball(radius_mm=11.0, centre=(20, 18, 6)):
    """Voxel centres of GRID within a ball."""
    i, j, k = np.indices(GRID.shape)
    offset = np.stack([i, j, k], -1) - np.array(centre)
    return np.linalg.norm(offset * GRID.spacing_mm, axis=-1) <= radius_mm


def contours_on(array, slices):
    kept = np.zeros_like(array)
    kept[:, :, slices] = array[:, :, slices]
    return trace(Mask.from_array(kept, GRID))


@pytest.mark.parametrize("step", [2, 3, 4])
def test_a_ball_contoured_on_some_slices_is_nearly_whole_when_filled(step):
    truth = ball()
    slices = np.flatnonzero(truth.any(axis=(0, 1)))[::step]
    sparse = rasterize(contours_on(truth, slices), GRID)
    filled = rasterize(contours_on(truth, slices), GRID, fill_gaps=True)
    assert codes(sparse) == ["slices-left-out"] and codes(filled) == ["slices-interpolated"]
    assert sparse.full().any(axis=(0, 1)).sum() == slices.size
    between = slice(slices[0], slices[-1] + 1)
    whole, got = truth[:, :, between], filled.full()[:, :, between]
    assert 2 * np.sum(whole & got) / (whole.sum() + got.sum()) > {2: 0.97, 3: 0.94, 4: 0.90}[step]
    assert np.array_equal(got[:, :, ::step], whole[:, :, ::step])


def test_between_two_equal_slices_lies_the_same_shape_and_half_way_between_two_disks_their_mean():
    array = np.zeros(GRID.shape, bool)
    array[10:20, 10:20, [2, 4, 5]] = True
    filled = rasterize(contours_on(array, [2, 4, 5]), GRID, fill_gaps=True).full()
    assert np.array_equal(filled[:, :, 3], array[:, :, 2]) and not filled[:, :, 6:].any()
    wide = np.zeros(GRID.shape, bool)
    wide[10:20, 10:20, 1:3] = True
    wide[6:24, 10:20, 4] = True
    middle = rasterize(contours_on(wide, [1, 2, 4]), GRID, fill_gaps=True).full()[:, 14, 3]
    assert np.flatnonzero(middle)[[0, -1]].tolist() == [8, 21]


def test_one_forgotten_slice_is_a_gap():
    truth = ball()
    slices = [k for k in np.flatnonzero(truth.any(axis=(0, 1))) if k != 5]
    mask = rasterize(contours_on(truth, slices), GRID)
    assert codes(mask) == ["slices-left-out"] and "1 slices" in mask.findings[0].message


def test_two_contoured_slices_tell_no_habit():
    assert codes(rasterize(contours_on(ball(), [4, 6]), GRID)) == []


def test_parts_that_end_and_begin_again_leave_no_gap():
    array = np.zeros(GRID.shape, bool)
    array[2:8, 2:8, 0:3] = True
    array[2:8, 2:8, 7:9] = True  # four slices further up
    array[20:25, 20:25, 10] = True  # one slice further, and elsewhere
    assert codes(rasterize(contours_on(array, range(13)), GRID)) == []


def test_a_contour_that_sets_nothing_makes_no_gap():
    array = np.zeros(GRID.shape, bool)
    array[2:8, 2:8, 0] = True
    speck = Contour(GRID.to_mm([[3.1, 3.1, 2], [3.4, 3.1, 2], [3.4, 3.4, 2]]))
    assert codes(rasterize([*contours_on(array, [0]), speck], GRID)) == ["contour-too-small"]
