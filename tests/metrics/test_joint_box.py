import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import joint_box
from rtcontour.metrics.joint_box import ELEMENT, SURFACE, JointBox

SHAPE = (5, 4, 3)
GRID = Grid(SHAPE, (1.0, 0.7, 3.0), (0.0, 0.0, 0.0))
MARGIN = (2, 1, 3)


def on_surface(array):
    """Inside, with one of six face neighbours outside; beyond the array is outside."""
    padded = np.pad(array, 1)
    core = padded.copy()
    for axis in range(3):
        for step in (1, -1):
            core &= np.roll(padded, step, axis)
    return (padded & ~core)[1:-1, 1:-1, 1:-1]


def on_boundary(array):
    """The same with the four neighbours in the slice."""
    return np.stack([on_surface(np.repeat(array[:, :, [k]], 3, axis=2))[:, :, 1] for k in range(SHAPE[2])], axis=2)


def memory(array, order):
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def in_grid(box, places, low):
    """Places as indices (i, j, k) of the grid, where `low` is the first voxel of the joint box."""
    index = np.column_stack(np.unravel_index(places, box.shape)) - box.margin
    found = np.empty_like(index)
    found[:, list(box.axes)] = index
    return found + low


masks = arrays(np.bool_, SHAPE)


@settings(max_examples=60, deadline=None)
@given(masks, masks, st.permutations(range(3)), st.permutations(range(3)), st.sampled_from([1, 40, 1 << 18]))
def test_what_is_counted_and_marked_is_what_the_definitions_say(one, other, order, another, slab_voxels):
    one[1, 2, 1] = True  # not both may be empty
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint_box, "SLAB_VOXELS", slab_voxels)  # slabs of one plane, of some, of all
        sides = [Mask.from_array(memory(a, o), GRID) for a, o in ((one, order), (other, another))]
        box = JointBox.of(*sides, MARGIN)
    low = np.argwhere(one | other).min(axis=0)
    assert box.common_voxels == np.count_nonzero(one & other)
    assert box.added_pixels == np.count_nonzero(on_boundary(other) & ~on_boundary(one))
    for side, mine, theirs in ((box.predicted, one, other), (box.truth, other, one)):
        assert side.voxels == np.count_nonzero(mine)
        assert np.array_equal(side.index_sums, np.argwhere(mine).sum(axis=0))
        assert side.surface_voxels == np.count_nonzero(on_surface(mine))
        own = {tuple(index) for index in np.argwhere(on_surface(mine) & ~on_surface(theirs)).tolist()}
        assert {tuple(index) for index in in_grid(box, side.own_surface, low).tolist()} == own
    for mark, array in zip(SURFACE, (one, other), strict=True):
        marked = in_grid(box, np.flatnonzero(box.marks & mark), low)
        assert sorted(marked.tolist()) == np.argwhere(on_surface(array)).tolist()


@settings(max_examples=40, deadline=None)
@given(masks, masks)
def test_a_cell_has_an_element_where_some_of_its_corners_are_inside_and_some_outside(one, other):
    one[1, 2, 1] = True
    box = JointBox.of(*(Mask(GRID, (0, 0, 0), memory(a, (2, 1, 0))) for a in (one, other)), MARGIN)
    for mark, side, array in zip(ELEMENT, (box.predicted, box.truth), (one, other), strict=True):
        padded = np.pad(array, 1)  # cell (0, 0, 0) of it spans the voxels -1 and 0
        corners = [padded[np.ix_(*(np.arange(n + 1) + (c >> a & 1) for a, n in enumerate(SHAPE)))] for c in range(8)]
        codes = sum(corner.astype(int) << c for c, corner in enumerate(corners))
        mixed = (codes > 0) & (codes < 255)
        marked = in_grid(box, np.flatnonzero(box.marks & mark), (0, 0, 0))
        assert sorted(marked.tolist()) == (np.argwhere(mixed) - 1).tolist()
        assert np.array_equal(side.element_codes, np.bincount(codes[mixed], minlength=256))


def test_an_empty_mask_has_nothing_beside_a_full_one():
    box = JointBox.of(Mask.empty(GRID), Mask.from_array(np.ones(SHAPE, bool), GRID), (1, 1, 1))
    assert (box.predicted.voxels, box.predicted.surface_voxels, len(box.predicted.own_elements)) == (0, 0, 0)
    assert box.truth.voxels == box.truth.surface_voxels + 3 * 2 * 1 and box.common_voxels == 0
