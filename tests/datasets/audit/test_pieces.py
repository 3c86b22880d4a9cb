import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from rtcontour.datasets.audit.pieces import MOST_BRIDGED_SLICES, find_gaps, find_pieces, holes_by_slice

SPACING = (2.0, 2.5, 4.0)


def boxes(shape, *corners):
    array = np.zeros(shape, bool, order="F")
    for corner in corners:
        array[tuple(slice(a, b) for a, b in corner)] = True
    return array


def test_one_piece_has_no_others_and_touching_at_a_corner_is_one():
    touching = boxes((6, 6, 6), ((0, 3), (0, 3), (0, 3)), ((3, 6), (3, 6), (3, 6)))
    assert find_pieces(touching, SPACING) == ([], 1)


def test_an_island_is_told_with_its_size_place_and_distance():
    # 10 x 4 x 3 voxels, and 2 x 2 x 2 that begin five columns further: 5 x 2 mm from voxel to voxel.
    array = boxes((17, 4, 3), ((0, 10), (0, 4), (0, 3)), ((14, 16), (1, 3), (0, 2)))
    (island,), count = find_pieces(array, SPACING)
    assert count == 2 and island.voxels == 8 and island.volume_cc == pytest.approx(8 * 0.02)
    assert array[island.index] and island.index[0] >= 14
    assert island.distance_mm == 10.0


def test_the_largest_pieces_come_first_and_all_are_counted():
    array = np.zeros((40, 3, 1), bool, order="F")
    for number, start in enumerate(range(0, 40, 5)):
        array[start : start + 1 + number % 4, 0, 0] = True
    pieces, count = find_pieces(array, SPACING, most=3)
    assert count == 8 and [one.voxels for one in pieces] == [4, 3, 3]


def test_slices_left_out_make_no_island_but_a_distant_stray_does():
    short = boxes((4, 4, 10), ((0, 4), (0, 4), (0, 4)), ((0, 4), (0, 4), (7, 10)))
    assert find_pieces(short, SPACING)[1] == 1
    far = MOST_BRIDGED_SLICES + 5
    stray = boxes((4, 4, far + 1), ((0, 4), (0, 4), (0, 4)), ((0, 2), (0, 2), (far, far + 1)))
    (piece,), _ = find_pieces(stray, SPACING)
    assert piece.index[2] == far and piece.distance_mm == (far - 3) * 4.0


def test_a_gap_has_its_slices_and_what_lies_beyond():
    array = boxes((4, 4, 9), ((0, 4), (0, 4), (0, 3)), ((0, 4), (0, 1), (5, 6)), ((0, 2), (2, 4), (7, 9)))
    first, second = find_gaps(array)
    assert (first.first, first.last, first.slices, first.shared) == (3, 4, 2, True)
    assert (second.first, second.last, second.shared) == (6, 6, False)
    assert first.lesser_share == pytest.approx(12 / 60, abs=1e-4)
    assert second.lesser_share == pytest.approx(8 / 60, abs=1e-4)


def test_no_gap_without_an_empty_slice():
    assert find_gaps(boxes((2, 2, 3), ((0, 2), (0, 2), (0, 3)))) == []


def test_holes_are_counted_by_slice_and_open_bays_are_none():
    array = boxes((7, 7, 3), ((0, 7), (0, 7), (0, 3)))
    array[2:5, 3, 1] = False  # a hole of three voxels
    array[3:, 3, 2] = False  # a bay: open at the side
    counts, index = holes_by_slice(array)
    assert counts.tolist() == [0, 3, 0] and index == (3, 3, 1)


def test_what_is_not_counted_is_no_hole():
    array = boxes((5, 5, 1), ((0, 5), (0, 5), (0, 1)))
    array[2, 2, 0] = False
    assert holes_by_slice(array, ~array)[1] is None


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
def test_pieces_and_holes_are_those_of_scipy(seed, share):
    array = np.asfortranarray(np.random.default_rng(seed).random((7, 6, 4)) < share)
    array[0, 0, 0] = array[-1, -1, -1] = True
    numbers, count = ndimage.label(array, np.ones((3, 3, 3)))
    sizes = sorted(np.bincount(numbers.ravel())[1:], reverse=True)
    pieces, found = find_pieces(array, SPACING)
    if all(array.any(axis=(0, 1))):  # else pieces are joined across the empty slices
        assert found == count and [one.voxels for one in pieces] == sizes[1:7]
    cross = ndimage.generate_binary_structure(2, 1)
    expected = [int(np.sum(ndimage.binary_fill_holes(array[:, :, k], cross) & ~array[:, :, k])) for k in range(4)]
    assert holes_by_slice(array)[0].tolist() == expected
