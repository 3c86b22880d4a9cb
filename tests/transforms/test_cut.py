import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.transforms.cut import cut


@given(
    start=st.tuples(*[st.integers(-12, 12)] * 3),
    size=st.tuples(*[st.integers(1, 8)] * 3),
    order=st.sampled_from("CF"),
    box_order=st.sampled_from("CF"),
)
def test_a_cut_agrees_with_a_voxel_by_voxel_copy(start, size, order, box_order):
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4).copy(order)
    box = cut(volume, start, size, fill=-7, order=box_order)
    assert box.shape == size and (box.flags.c_contiguous if box_order == "C" else box.flags.f_contiguous)
    for index in np.ndindex(*size):
        place = tuple(np.add(start, index))
        inside = all(0 <= p < n for p, n in zip(place, volume.shape, strict=True))
        assert box[index] == (volume[place] if inside else -7)


def test_a_cut_may_have_another_type_than_the_volume():
    box = cut(np.full((2, 2, 2), 7, np.int16), (-1, 0, 0), (2, 2, 2), -1000, np.float32)
    assert box.dtype == np.float32 and np.unique(box).tolist() == [-1000, 7]
