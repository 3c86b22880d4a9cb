"""What the page shows of a case: every voxel, turned and cropped, and the contours on them."""

import base64
import zlib

import numpy as np
import pytest

from rtcontour.contours import Contour, rasterize
from rtcontour.evaluation.rating.slices import cut_slices
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def unpacked(text, rows, columns):
    """The slice as the page reads it: (rows, columns) levels."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(2, rows, columns).astype(int)
    folded = content[0] + 256 * content[1]
    return np.cumsum(np.where(folded % 2, -(folded + 1) // 2, folded // 2), axis=1)


def cut_at(hu, first, shape):
    return hu[tuple(slice(start, start + size) for start, size in zip(first, shape, strict=True))]


def test_slices_are_kept_without_loss_from_air_to_dense_bone(rating_grid, rating_patient):
    hu, _labels = rating_patient
    slices = cut_slices(hu, rating_grid, [])
    columns, rows, count = slices.hu.shape
    levels = np.stack([unpacked(text, rows, columns).T for text in slices.packed()], axis=2)
    assert count == rating_grid.shape[2]
    np.testing.assert_array_equal(levels - 1000, np.clip(slices.hu, -1000, 2047))


def test_slices_are_cropped_to_the_body_and_to_contours_outside_of_it():
    grid = Grid((100, 90, 6), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    hu = np.full(grid.shape, -1000, np.int16, order="F")
    hu[30:60, 30:60] = 40
    outside = np.zeros(grid.shape, bool)
    outside[70:75, 40:44, 2] = True
    alone, both = cut_slices(hu, grid, []), cut_slices(hu, grid, [Mask.from_array(outside, grid)])
    first = np.round(grid.to_index([alone.grid.origin_mm])[0]).astype(int)
    np.testing.assert_array_equal(alone.hu, cut_at(hu, first, alone.hu.shape))
    assert first[0] <= 30 - 7 and first[0] + alone.hu.shape[0] >= 60 + 7  # 15 mm are 7 columns of 2 mm
    assert alone.hu.shape[0] < 60 and alone.hu.shape[2] == 6
    assert first[0] + both.hu.shape[0] >= 75 + 7


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (-1, 1, -1)])
def test_axial_scans_are_turned_with_the_patient_s_right_on_the_left_and_the_head_last(
    signs, rating_grid, rating_patient
):
    hu, labels = rating_patient
    flip = tuple(slice(None, None, sign) for sign in signs)
    start = [0 if sign == 1 else n - 1 for sign, n in zip(signs, rating_grid.shape, strict=False)]
    direction = tuple(tuple(row) for row in np.diag(signs).astype(float))
    stored = Grid(rating_grid.shape, rating_grid.spacing_mm, tuple(rating_grid.to_mm([start])[0]), direction)
    slices = cut_slices(np.asfortranarray(hu[flip]), stored, [])
    assert slices.letters == {"left": "R", "right": "L", "top": "A", "bottom": "P", "last": "H"}
    first = np.round(rating_grid.to_index([slices.grid.origin_mm])[0]).astype(int)
    np.testing.assert_array_equal(slices.hu, cut_at(hu, first, slices.hu.shape))
    bladder = labels == 1
    drawn = slices.polygons(Mask.from_array(bladder[flip], stored))
    assert list(drawn) == list(range(3, 11))
    columns = [u / 100 for u in drawn[5][0][::2]]
    assert min(columns) + first[0] == 28.5 and max(columns) + first[0] == 43.5  # (i - 36) / 8 is within -1 and 1


def test_other_scans_stay_as_they_are():
    coronal = Grid((20, 16, 8), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0), ((-1.0, 0, 0), (0, 0, -1.0), (0, -1.0, 0)))
    hu = np.zeros(coronal.shape, np.int16, order="F")
    slices = cut_slices(hu, coronal, [])
    assert slices.grid.direction == coronal.direction
    assert slices.letters == {"left": "L", "right": "R", "top": "H", "bottom": "F", "last": "A"}


def test_polygons_are_the_mask_in_the_cropped_slices_holes_too(rating_grid, rating_patient):
    hu, labels = rating_patient
    ring = labels == 1
    ring[36, 16, :] = False
    mask = Mask.from_array(ring, rating_grid)
    slices = cut_slices(hu, rating_grid, [mask])
    points = [
        np.column_stack([np.reshape(one, (-1, 2)) / 100, np.full(len(one) // 2, k)])
        for k, contours in slices.polygons(mask).items()
        for one in contours
    ]
    drawn = rasterize([Contour(slices.grid.to_mm(index)) for index in points], rating_grid)
    np.testing.assert_array_equal(drawn.full(), ring)


def test_a_scan_without_body_and_contours_is_shown_whole():
    grid = Grid((30, 20, 4), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    air = np.full(grid.shape, -1000, np.int16, order="F")
    slices = cut_slices(air, grid, [Mask.empty(grid)])
    assert slices.hu.shape == grid.shape and slices.grid.origin_mm == grid.origin_mm
    assert slices.polygons(Mask.empty(grid)) == {}
