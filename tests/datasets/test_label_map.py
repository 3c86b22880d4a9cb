"""Which structure keeps a voxel that two have."""

import numpy as np
import pytest

from rtcontour.datasets import merge_masks
from rtcontour.errors import DataSetError, GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def bar(grid, start, stop):
    array = np.zeros(grid.shape, bool)
    array[start:stop, 1, 1] = True
    return Mask.from_array(array, grid)


@pytest.mark.parametrize("labels", [{"Bladder": 1, "Bag_Bowel": 2}, {"Bladder": 2, "Bag_Bowel": 1}])
def test_the_higher_priority_keeps_the_voxel_whatever_the_label(grid, labels):
    merged = merge_masks({"Bladder": bar(grid, 0, 3), "Bag_Bowel": bar(grid, 2, 5)}, labels, grid)
    b, bowel = labels["Bladder"], labels["Bag_Bowel"]
    assert merged.dtype == np.uint8 and merged[:, 1, 1].tolist() == [b, b, b, bowel, bowel]
    assert np.count_nonzero(merged) == 5


def test_of_equal_priorities_the_lower_label_keeps_the_voxel(grid):
    for order in (["Rectum", "Bladder"], ["Bladder", "Rectum"]):
        masks = {name: bar(grid, 0, 2) for name in order}
        assert merge_masks(masks, {"Rectum": 4, "Bladder": 9}, grid)[:, 1, 1].tolist() == [4, 4, 0, 0, 0]


def test_empty_masks_and_no_masks_set_nothing(grid):
    assert not merge_masks({}, {}, grid).any()
    assert not merge_masks({"Bladder": bar(grid, 2, 2)}, {"Bladder": 1}, grid).any()


@pytest.mark.parametrize("labels", [{}, {"Bladder": 0}, {"Bladder": 256}])
def test_a_mask_needs_a_label(grid, labels):
    with pytest.raises(DataSetError, match="'Bladder' has label"):
        merge_masks({"Bladder": bar(grid, 0, 1)}, labels, grid)


def test_a_mask_on_another_grid_is_refused(grid):
    other = Grid(grid.shape, grid.spacing_mm, (0.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="another grid"):
        merge_masks({"Bladder": bar(other, 0, 1)}, {"Bladder": 1}, grid)
