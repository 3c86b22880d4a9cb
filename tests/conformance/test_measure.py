import numpy as np
import pytest

from rtcontour.conformance.measure import centroid_mm, contour_volume_cc, count_holes, dice
from rtcontour.contours import trace
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((7, 6, 4), (2.0, 0.5, 5.0), (10.0, -20.0, 30.0), ((0, 1, 0), (0, 0, 1), (1, 0, 0)))


def mask_of(*rows, slices=(1, 2)):
    """A mask from a drawing, "#" inside, on every one of some slices."""
    array = np.zeros(GRID.shape, bool)
    for j, line in enumerate(rows):
        for i, mark in enumerate(line):
            array[i, j, list(slices)] = mark == "#"
    return Mask.from_array(array, GRID)


def test_dice_by_hand():
    one, other = np.array([1, 1, 1, 0], bool), np.array([0, 1, 1, 0], bool)
    assert dice(one, other) == 0.8
    assert dice(one, ~one) == 0
    assert dice(~(one | True), one & False) == 1


def test_the_centroid_is_in_the_patient():
    # Voxel centres i 1 to 3, j 2, k 1 and 2: index (2, 2, 1.5); i runs along y, j along z, k along x.
    assert centroid_mm(mask_of("", "", " ###")).tolist() == [10 + 7.5, -20 + 4, 30 + 1]
    assert centroid_mm(mask_of()) is None


@pytest.mark.parametrize(
    ("rows", "holes"),
    [
        ((), 0),
        (("###", "###"), 0),
        (("###", "# #", "###"), 1),
        (("#####", "# # #", "#####"), 2),
        (("###", "# #", "## "), 0),  # open at a corner: background joins across it
        (("#######", "#     #", "# ### #", "# # # #", "# ### #", "#######"), 2),
    ],
)
def test_holes_are_counted_in_every_slice(rows, holes):
    assert count_holes(mask_of(*rows)) == 2 * holes


def test_the_volume_of_contours_leaves_out_holes_and_corners():
    # 5 x 4 voxels of 1 mm2 less a hole of 3 x 2; each of the outer corners lacks 1/8, each of the hole's is 1/8 more.
    ring = mask_of("#####", "#   #", "#   #", "#####")
    assert contour_volume_cc(trace(ring), GRID) == pytest.approx(2 * 14 * 5 / 1000)
    assert contour_volume_cc(trace(ring, keyhole=True), GRID) == pytest.approx(2 * 14 * 5 / 1000)
    assert contour_volume_cc(trace(mask_of("##", "##")), GRID) == pytest.approx(2 * 3.5 * 5 / 1000)
    assert contour_volume_cc((), GRID) == 0
