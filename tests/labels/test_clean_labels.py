"""Against a brute-force flood fill, and the shell whose numbers can be counted by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rtcontour.errors import GeometryError
from rtcontour.labels import clean_labels

FACES = [step for step in product((-1, 0, 1), repeat=3) if sum(map(abs, step)) == 1]
EDGES = [step for step in product((-1, 0, 1), repeat=3) if 0 < sum(map(abs, step)) <= 2]
CORNERS = [step for step in product((-1, 0, 1), repeat=3) if any(step)]
STEPS = {6: FACES, 18: EDGES, 26: CORNERS}


def flood(inside, start, steps):
    """All voxels of `inside` that `steps` reach from `start`."""
    reached, front = {start}, [start]
    while front:
        at = front.pop()
        for step in steps:
            to = tuple(np.add(at, step).tolist())
            is_inside = all(0 <= t < n for t, n in zip(to, inside.shape, strict=True)) and inside[to]
            if is_inside and to not in reached:
                reached.add(to)
                front.append(to)
    return reached


def pieces(inside, steps):
    """Every component as a set of voxels, in C order of their first voxels."""
    found, seen = [], set()
    for voxel in map(tuple, np.argwhere(inside).tolist()):
        if voxel not in seen:
            found.append(flood(inside, voxel, steps))
            seen |= found[-1]
    return found


def brute_force(labels, connectivity, components=()):
    cleaned, kept = np.zeros_like(labels), {}
    for label in sorted(set(labels[labels != 0].tolist())):
        largest_first = sorted(pieces(labels == label, STEPS[connectivity]), key=len, reverse=True)  # equals in order
        kept[label] = set().union(*largest_first[: dict(components).get(label, 1)])
        for voxel in kept[label]:
            cleaned[voxel] = label
    last = np.array(labels.shape) - 1
    for label, component in kept.items():
        outside = np.ones(labels.shape, bool)
        outside[tuple(np.array(sorted(component)).T)] = False
        for hole in pieces(outside, FACES):
            if not any(0 in voxel or np.any(np.array(voxel) == last) for voxel in hole):
                for voxel in hole:
                    cleaned[voxel] = cleaned[voxel] or label
    return cleaned


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 3)
    ),
    st.sampled_from([6, 18, 26]),
    st.dictionaries(st.integers(1, 4), st.integers(1, 3)),
)
def test_it_does_what_a_flood_fill_does(labels, connectivity, components):
    cleaned = clean_labels(labels, connectivity=connectivity, components=components)
    assert np.array_equal(cleaned, brute_force(labels, connectivity, components))


@pytest.mark.parametrize("seed", range(4))
def test_it_does_what_a_flood_fill_does_where_there_are_many_holes(seed):
    labels = (np.random.default_rng(seed).random((9, 8, 7)) < 0.75).astype(np.uint8)
    labels[:5] *= 2
    assert np.array_equal(clean_labels(labels), brute_force(labels, 26))


def cube_shell():
    shell = np.zeros((9, 9, 9), np.uint8)
    shell[2:7, 2:7, 2:7] = 1
    shell[3:6, 3:6, 3:6] = 0
    return shell


def test_a_shell_open_at_a_corner_is_filled_through_its_faces_only():
    shell = cube_shell()
    shell[2, 2, 2] = 0
    assert np.count_nonzero(shell) == 97
    cleaned = clean_labels(shell)
    assert np.count_nonzero(cleaned) == 124
    assert cleaned[2, 2, 2] == 0


def test_a_hole_keeps_what_another_label_has_in_it():
    labels = cube_shell() * 2
    labels[4, 4, 4] = 1
    cleaned = clean_labels(labels)
    assert cleaned[4, 4, 4] == 1 and np.count_nonzero(cleaned == 2) == 124


def test_a_speck_of_another_label_that_goes_leaves_a_hole_that_is_filled():
    labels = cube_shell()
    labels[4, 4, 4] = 2
    labels[8, 8, 7:] = 2
    cleaned = clean_labels(labels)
    assert cleaned[4, 4, 4] == 1 and np.count_nonzero(cleaned == 2) == 2


def test_of_two_equal_pieces_the_first_in_c_order_stays():
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[3, 0, 0] = labels[1, 4, 3] = 7  # Fortran order would meet the other one first
    assert np.argwhere(clean_labels(labels)).tolist() == [[1, 4, 3]]


def test_anatomy_in_two_pieces_keeps_both_where_that_was_said():
    labels = np.zeros((9, 4, 3), np.uint8)
    labels[0:3], labels[4], labels[6:8] = 1, 1, 1
    labels[8, 0, 0], labels[8, 3, 2] = 2, 2
    cleaned = clean_labels(labels, components={1: 2})
    assert np.count_nonzero(cleaned == 1) == 5 * 12 and not cleaned[4].any()
    assert np.count_nonzero(cleaned == 2) == 1
    with pytest.raises(ValueError, match="at least 1"):
        clean_labels(labels, components={1: 0})


def test_voxels_that_touch_at_a_corner_are_one_piece_under_26_and_two_under_18():
    labels = np.zeros((5, 4, 3), np.uint8)
    labels[1, 1, 1] = labels[2, 2, 2] = 1
    assert np.count_nonzero(clean_labels(labels)) == 2
    assert np.count_nonzero(clean_labels(labels, connectivity=18)) == 1


def test_a_cavity_open_to_the_border_of_the_volume_is_no_hole():
    labels = cube_shell()[3:]
    assert np.array_equal(clean_labels(labels), labels)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_type_stays_and_the_input_is_not_touched(dtype, order):
    labels = np.asarray(cube_shell(), dtype, order)
    labels[0, 0, 0] = 1
    before = labels.copy()
    cleaned = clean_labels(labels)
    assert cleaned.dtype == dtype and np.count_nonzero(cleaned) == 125
    assert np.array_equal(labels, before)


def test_large_label_values_are_fine():
    labels = np.zeros((4, 3, 2), np.int64)
    labels[1, 1, 1], labels[3, 2, 1] = 2**40, 300
    assert np.array_equal(clean_labels(labels), labels)


def test_an_empty_map_stays_empty():
    assert not clean_labels(np.zeros((4, 3, 2), np.uint8)).any()


@pytest.mark.parametrize("labels", [np.zeros((2, 2, 2)), np.zeros((2, 2), int)])
def test_what_is_no_label_map_is_refused(labels):
    with pytest.raises(GeometryError, match="expected integers in three dimensions"):
        clean_labels(labels)


def test_an_unknown_connectivity_is_refused():
    with pytest.raises(ValueError, match="connectivity is 8"):
        clean_labels(np.zeros((2, 2, 2), int), connectivity=8)


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.uint8, (6, 5, 4), elements=st.integers(0, 1)))
def test_cleaning_one_label_twice_changes_nothing(labels):
    once = clean_labels(labels)
    assert np.array_equal(clean_labels(once), once)
