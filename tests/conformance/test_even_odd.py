import numpy as np
import pytest

from rtcontour.conformance.even_odd import even_odd
from rtcontour.contours import Contour
from rtcontour.grid import Grid

GRID = Grid((6, 5, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
OBLIQUE = Grid(
    (6, 5, 3), (0.5, 2.0, 3.0), (31.0, -12.0, 400.0), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6))
)


def contour(*uv, k=1.0, grid=GRID):
    return Contour(grid.to_mm([(u, v, k) for u, v in uv]))


def drawing(*contours, grid=GRID, k=1):
    """The slice as text, a line a row."""
    inside = even_odd(contours, grid)
    assert not np.delete(inside, k, axis=2).any()
    return ["".join(".#"[int(voxel)] for voxel in row) for row in inside[:, :, k].T]


def test_a_square_between_voxel_centres():
    square = (0.5, 0.5), (3.5, 0.5), (3.5, 2.5), (0.5, 2.5)
    expected = ["......", ".###..", ".###..", "......", "......"]
    assert drawing(contour(*square)) == drawing(contour(*reversed(square))) == expected
    assert drawing(contour(*square, grid=OBLIQUE), grid=OBLIQUE) == expected


def test_a_centre_on_an_edge_belongs_to_the_ascending_side():
    assert drawing(contour((1, 1), (3, 1), (3, 3), (1, 3))) == ["......", ".##...", ".##...", "......", "......"]


def test_a_triangle_by_hand():
    # The hypotenuse runs through (4, 0) and (0, 4): its centres are no longer inside, u <= i counts as passed.
    assert drawing(contour((0, 0), (4, 0), (0, 4))) == ["####..", "###...", "##....", "#.....", "......"]


OUTER = (-0.5, -0.5), (4.5, -0.5), (4.5, 3.5), (-0.5, 3.5)
INNER = (0.5, 0.5), (3.5, 0.5), (3.5, 2.5), (0.5, 2.5)
RING = ["#####.", "#...#.", "#...#.", "#####.", "......"]


def test_an_inner_contour_and_a_keyhole_make_the_same_hole():
    assert drawing(contour(*OUTER), contour(*INNER)) == RING
    keyhole = *OUTER, OUTER[0], *reversed(INNER), INNER[-1]
    assert drawing(contour(*keyhole)) == RING


def test_what_two_contours_share_cancels_out():
    left, right = (contour((a - 0.5, 0.5), (a + 2.5, 0.5), (a + 2.5, 1.5), (a - 0.5, 1.5)) for a in (0, 2))
    assert drawing(left, right)[1] == "##.##."
    assert drawing(left, left)[1] == "......"


def test_what_lies_beyond_the_scan_is_cut_off():
    assert drawing(contour((-9, -9), (9, -9), (9, 1.5), (-9, 1.5))) == [
        "######",
        "######",
        "......",
        "......",
        "......",
    ]
    assert not even_odd([contour((20, 20), (30, 20), (30, 30))], GRID).any()


@pytest.mark.parametrize(("w", "k"), [(0.5, 0), (0.51, 1), (1.5, 1), (2.5, 2), (-0.49, 0)])
def test_a_contour_goes_to_the_nearest_slice_and_from_half_way_to_the_lower(w, k):
    assert even_odd([contour(*OUTER, k=w)], GRID).any(axis=(0, 1)).tolist() == [k == 0, k == 1, k == 2]


def test_above_and_below_the_scan_nothing_is_set():
    assert not even_odd([contour(*OUTER, k=w) for w in (-0.5, 2.6, 40)], GRID).any()
    assert even_odd([], GRID).shape == GRID.shape and not even_odd([], GRID).any()
