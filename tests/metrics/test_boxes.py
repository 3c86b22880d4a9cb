import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.metrics import label_boxes

SHAPE = (5, 4, 3)


def box_by_hand(inside):
    where = np.argwhere(inside)
    if not len(where):
        return (slice(0, 0),) * 3
    return tuple(slice(int(a), int(b) + 1) for a, b in zip(where.min(axis=0), where.max(axis=0), strict=True))


@st.composite
def label_maps(draw):
    """Few labels of any type, small and large, in any memory order."""
    dtype = np.dtype(draw(st.sampled_from(["u1", "i1", "u2", "i2", "i4", "i8", "?"])))
    if dtype == np.bool_:
        kinds = [False, True]
    else:
        limits = np.iinfo(dtype)
        values = (0, 0, 0, 1, 2, 63, 64, 65, 127, 255, 256, 300, 65535, 65536, -1, -7, limits.max, limits.min)
        kinds = [value for value in values if limits.min <= value <= limits.max]
    array = draw(arrays(dtype, SHAPE, elements=st.sampled_from(kinds)))
    order = draw(st.permutations(range(3)))
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


@settings(max_examples=150, deadline=None)
@given(label_maps())
def test_every_label_that_is_there_but_0_has_its_box(labels):
    expected = {int(value): box_by_hand(labels == value) for value in np.unique(labels) if value}
    assert label_boxes(labels) == expected


@settings(max_examples=100, deadline=None)
@given(label_maps(), st.sets(st.sampled_from([-1, 0, 1, 2, 64, 300, 65536, 1 << 40])))
def test_labels_that_are_named_have_a_box_even_where_they_are_not_there(labels, values):
    assert label_boxes(labels, values) == {value: box_by_hand(labels == value) for value in values}


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_more_labels_than_a_word_has_bits(dtype):
    labels = np.asfortranarray(np.arange(240).reshape(12, 10, 2).astype(dtype))
    found = label_boxes(labels)
    assert set(found) == set(range(1, 240))
    assert all(labels[box].item() == value for value, box in found.items())


def test_nothing_but_background_has_no_boxes():
    assert label_boxes(np.zeros(SHAPE, np.uint8)) == {}
    assert label_boxes(np.zeros((0, 0, 0), np.uint8)) == {}
