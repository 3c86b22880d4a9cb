import cc3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour import Grid, Mask, rasterize, trace
from rtcontour.errors import ConfigError

SHAPE = (7, 6, 3)
AXIAL = Grid(SHAPE, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
SCANNER = Grid(SHAPE, (0.976, 1.27, 2.5), (-249.512, 12345.678, -98765.43))
OBLIQUE = Grid(
    SHAPE, (0.3, 0.3, 0.3), (31.37, -12.81, 400.009), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6))
)
GRIDS = [AXIAL, SCANNER, OBLIQUE]


def mask_of(rows, grid=AXIAL):
    """A mask from a drawing of its first slice: a text line a row j, "#" inside."""
    array = np.zeros(grid.shape, bool)
    for j, line in enumerate(rows):
        for i, mark in enumerate(line):
            array[i, j, 0] = mark == "#"
    return Mask.from_array(array, grid)


DRAWINGS = {
    "single voxel": ["", "  #"],
    "line along i": ["", " ####"],
    "line along j": [" #"] * 4,
    "diagonal": ["#", " #", "  #", "   #"],
    "diagonal back": ["   #", "  #", " #", "#"],
    "chessboard": ["# # # #", " # # # ", "# # # #", " # # # ", "# # # #", " # # # "],
    "full slice": ["#######"] * 6,
    "frame": ["#######", "#     #", "#     #", "#     #", "#     #", "#######"],
    "ring": ["", " ####", " #  #", " #  #", " ####"],
    "ring, open at a corner": ["", "  ###", " #  #", " #  #", " ####"],
    "two holes in a row": ["#######", "# ### #", "#######", "## # ##", "#######", "#######"],
    "holes that touch at a corner": ["#####", "# ###", "## ##", "#####"],
    "hole beside a notch": ["#######", "  ## ##", "#######", "#######"],
    "island in a hole": ["#######", "#     #", "#  #  #", "#     #", "#######"],
    "ring in a ring": ["#######", "#     #", "# ### #", "# # # #", "# ### #", "#######"],
}


def signed_area(contour, grid=AXIAL):
    u, v, _ = grid.to_index(contour.points_mm).T
    return np.sum(u * np.roll(v, -1) - np.roll(u, -1) * v) / 2


def assert_same(mask, contours, grid):
    again = rasterize(contours, grid)
    assert np.array_equal(again.full(), mask.full())
    assert again.findings == ()


def written(contours, decimals=2):
    return [type(c)(np.round(c.points_mm, decimals), c.kind) for c in contours]


random_masks = st.builds(
    lambda seed, share: np.random.default_rng(seed).random(SHAPE) < share,
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.05, 0.3, 0.5, 0.7, 0.95]),
)


@pytest.mark.parametrize("keyhole", [False, True])
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rows", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_a_drawing_survives_the_round_trip(rows, grid, keyhole):
    mask = mask_of(rows, grid)
    contours = trace(mask, keyhole=keyhole)
    assert_same(mask, contours, grid)
    assert_same(mask, written(contours), grid)


@settings(max_examples=150, deadline=None)
@given(random_masks, st.sampled_from(GRIDS), st.booleans())
def test_noise_survives_the_round_trip_also_with_two_decimals(array, grid, keyhole):
    mask = Mask.from_array(array, grid)
    contours = trace(mask, keyhole=keyhole)
    assert_same(mask, contours, grid)
    assert_same(mask, written(contours), grid)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_spacing_direction_and_position_keeps_the_mask(seed):
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    grid = Grid((12, 9, 4), tuple(random.uniform(0.3, 5, 3)), tuple(random.uniform(-5000, 5000, 3)), rotation)
    mask = Mask.from_array(random.random(grid.shape) < random.uniform(0, 1), grid)
    for keyhole in (False, True):
        assert_same(mask, written(trace(mask, keyhole=keyhole)), grid)


def test_a_box_that_is_not_tight_gives_the_same_contours():
    mask = mask_of(DRAWINGS["ring"])
    loose = Mask(AXIAL, (0, 0, 0), mask.full())
    for one, other in zip(trace(mask), trace(loose), strict=True):
        assert np.array_equal(one.points_mm, other.points_mm)


def test_a_single_voxel_is_a_diamond_of_half_its_area():
    (contour,) = trace(mask_of(DRAWINGS["single voxel"]))
    corners = {tuple(point) for point in contour.points_mm}
    assert corners == {(2.0, 0.5, 0.0), (1.5, 1.0, 0.0), (2.0, 1.5, 0.0), (2.5, 1.0, 0.0)}
    assert contour.kind == "CLOSED_PLANAR"


def test_a_block_loses_an_eighth_of_a_voxel_at_each_corner():
    (contour,) = trace(mask_of(["####"] * 3))
    assert len(contour.points_mm) == 8
    assert abs(signed_area(contour)) == 4 * 3 - 4 / 8


def test_outer_contours_run_counter_clockwise_as_displayed_and_holes_clockwise():
    outer, hole = trace(mask_of(DRAWINGS["ring"]))
    assert signed_area(outer) == -(4 * 4 - 4 / 8)
    assert signed_area(hole) == 2 * 2 - 4 / 8


def test_counter_clockwise_is_left_of_the_top_first():
    (contour,) = trace(mask_of(DRAWINGS["single voxel"]))
    top = int(np.argmin(contour.points_mm[:, 1]))
    assert np.roll(contour.points_mm, -top, axis=0)[1][0] < 2.0


def test_the_direction_of_travel_belongs_to_the_slice_not_to_the_patient():
    for grid in GRIDS:
        outer, hole = trace(mask_of(DRAWINGS["ring"], grid))
        assert signed_area(outer, grid) < 0 < signed_area(hole, grid)


@settings(max_examples=60, deadline=None)
@given(random_masks)
def test_voxels_that_touch_at_a_corner_are_apart_and_background_is_not(array):
    mask = Mask.from_array(array, AXIAL)
    outers = sum(cc3d.connected_components(array[:, :, k], connectivity=4).max() for k in range(SHAPE[2]))
    background = np.pad(~array, ((1, 1), (1, 1), (0, 0)), constant_values=True)
    holes = sum(cc3d.connected_components(background[:, :, k], connectivity=8).max() - 1 for k in range(SHAPE[2]))
    areas = [signed_area(contour) for contour in trace(mask)]
    assert (sum(a < 0 for a in areas), sum(a > 0 for a in areas)) == (outers, holes)
    assert len(trace(mask, keyhole=True)) == outers


@settings(max_examples=40, deadline=None)
@given(random_masks)
def test_a_keyhole_channel_is_walked_there_and_back_between_voxel_centres(array):
    for contour in trace(Mask.from_array(array, AXIAL), keyhole=True):
        steps = np.stack([contour.points_mm, np.roll(contour.points_mm, -1, axis=0)], axis=1)[:, :, :2]
        walked = {(tuple(a), tuple(b)) for a, b in steps}
        channels = [(a, b) for a, b in walked if (b, a) in walked]
        assert all(a[1] == b[1] and a[1] % 1 == 0.5 for a, b in channels)
        assert len(walked) == len(steps)


def test_keyhole_keeps_the_area():
    (contour,) = trace(mask_of(DRAWINGS["two holes in a row"]), keyhole=True)
    assert signed_area(contour) == -(7 * 6 - 4 / 8 - 4 * 0.5)


@settings(max_examples=60, deadline=None)
@given(random_masks)
def test_no_three_points_in_a_row_lie_on_a_line(array):
    for contour in trace(Mask.from_array(array, AXIAL)):
        step = np.roll(contour.points_mm, -1, axis=0) - contour.points_mm
        before = np.roll(step, 1, axis=0)
        assert (step[:, 0] * before[:, 1] != step[:, 1] * before[:, 0]).all()


def test_contours_come_by_ascending_slice_and_an_empty_mask_has_none():
    array = np.zeros(SHAPE, bool)
    array[2, 3, :] = array[5, 1, 2] = True
    assert [contour.points_mm[0, 2] for contour in trace(Mask.from_array(array, AXIAL))] == [0, 1, 2, 2]
    assert trace(Mask.from_array(np.zeros(SHAPE), AXIAL)) == ()
    assert trace(Mask.from_array(np.zeros(SHAPE), AXIAL), tolerance_mm=1, keyhole=True) == ()


@pytest.mark.parametrize("tolerance_mm", [-0.1, float("nan")])
def test_an_impossible_tolerance_is_refused(tolerance_mm):
    with pytest.raises(ConfigError, match="tolerance_mm"):
        trace(mask_of(DRAWINGS["ring"]), tolerance_mm=tolerance_mm)
