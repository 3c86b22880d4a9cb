from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour import Contour, Grid, Roi, rasterize
from rtcontour.errors import GeometryError

GRID = Grid((7, 6, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
SCANNER = Grid((9, 7, 4), (0.8, 1.25, 3.0), (-120.4, 33.7, -512.5))
OBLIQUE = Grid(
    (8, 7, 3), (0.5, 0.75, 2.0), (31.0, -12.0, 400.0), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6))
)


def contour(*uv, k=0.0, grid=GRID, kind="CLOSED_PLANAR"):
    index = np.array([(u, v, k) for u, v in uv], np.float64)
    return Contour(grid.to_mm(index), kind)


def codes(mask):
    return [finding.code for finding in mask.findings]


def inside_by_the_rule(polygons, i, j, number=float):
    """The rasterising rule, word by word, for one voxel; `number` is the arithmetic it is done in."""
    crossings = 0
    for polygon in polygons:
        for (ua, va), (ub, vb) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            (v0, u0), (v1, u1) = sorted([(number(va), number(ua)), (number(vb), number(ub))])
            if v0 < v1 and v0 <= j < v1 and u0 + (j - v0) * (u1 - u0) / (v1 - v0) <= i:
                crossings += 1
    return crossings % 2 == 1


def oracle(polygons, shape, number=float):
    return np.array([[inside_by_the_rule(polygons, i, j, number) for j in range(shape[1])] for i in range(shape[0])])


eighths = st.integers(-16, 64).map(lambda n: n / 8)
halves = st.integers(-4, 16).map(lambda n: n / 2)
anywhere = st.floats(-3, 10, allow_subnormal=False)


def polygons_of(coordinate):
    return st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(polygons_of(halves))
def test_vertices_on_centres_and_edges_follow_the_rule_in_exact_arithmetic(polygons):
    mask = rasterize([contour(*polygon) for polygon in polygons], GRID)
    assert np.array_equal(mask.full()[:, :, 0], oracle(polygons, GRID.shape, Fraction))
    assert not mask.full()[:, :, 1:].any()


@settings(max_examples=100, deadline=None)
@given(polygons_of(st.one_of(eighths, anywhere)))
def test_any_polygons_follow_the_rule_in_float64(polygons):
    mask = rasterize([contour(*polygon) for polygon in polygons], GRID)
    assert np.array_equal(mask.full()[:, :, 0], oracle(polygons, GRID.shape))


@settings(max_examples=40, deadline=None)
@given(polygons_of(anywhere), st.sampled_from([SCANNER, OBLIQUE]))
def test_index_coordinates_come_from_the_grid(polygons, grid):
    contours = [contour(*polygon, k=1, grid=grid) for polygon in polygons]
    read_back = [[tuple(point) for point in grid.to_index(c.points_mm)[:, :2]] for c in contours]
    assert np.array_equal(rasterize(contours, grid).full()[:, :, 1], oracle(read_back, grid.shape))


@settings(max_examples=50, deadline=None)
@given(polygons_of(halves), st.randoms(use_true_random=False))
def test_where_a_contour_starts_and_its_direction_do_not_matter(polygons, random):
    changed = []
    for polygon in polygons:
        start = random.randrange(len(polygon))
        turned = polygon[start:] + polygon[:start]
        twice = [point for point in turned for _ in range(random.randint(1, 2))]
        changed.append(contour(*reversed([*twice, twice[0]])))
    expected = rasterize([contour(*polygon) for polygon in polygons], GRID)
    assert np.array_equal(rasterize(changed, GRID).full(), expected.full())


@settings(max_examples=50, deadline=None)
@given(polygons_of(halves))
def test_the_box_is_tight(polygons):
    mask = rasterize([contour(*polygon) for polygon in polygons], GRID)
    assert mask.voxels.flags.f_contiguous
    if not mask.full().any():
        assert mask.voxels.shape == (0, 0, 0)
    for axis in range(3 if mask.voxels.size else 0):
        along = mask.voxels.any(axis=tuple(a for a in range(3) if a != axis))
        assert along[0] and along[-1]


def test_a_square_through_voxel_centres_keeps_its_near_edges():
    mask = rasterize([contour((1, 1), (3, 1), (3, 4), (1, 4))], GRID)
    expected = np.zeros(GRID.shape, bool)
    expected[1:3, 1:4, 0] = True
    assert np.array_equal(mask.full(), expected)
    assert mask.start == (1, 1, 0)
    assert mask.findings == ()


def test_regions_that_share_an_edge_share_no_voxel_and_leave_none_out():
    left = rasterize([contour((1, 1), (3, 1), (4, 4), (1, 4))], GRID).full()
    right = rasterize([contour((3, 1), (6, 1), (6, 4), (4, 4))], GRID).full()
    whole = rasterize([contour((1, 1), (6, 1), (6, 4), (1, 4))], GRID).full()
    assert not (left & right).any()
    assert np.array_equal(left | right, whole)


def test_an_inner_contour_and_a_keyhole_make_the_same_hole():
    outer = [(0.5, 0.5), (5.5, 0.5), (5.5, 4.5), (0.5, 4.5)]
    inner = [(1.5, 1.5), (3.5, 1.5), (3.5, 3.5), (1.5, 3.5)]
    ring = rasterize([contour(*outer), contour(*inner)], GRID)
    keyhole = rasterize([contour(*outer, outer[0], *inner, inner[0])], GRID)
    assert ring.voxel_count == 5 * 4 - 2 * 2
    assert np.array_equal(ring.full(), keyhole.full())


def test_a_contour_drawn_twice_cancels_out_with_a_finding():
    square = [(1, 1), (5, 1), (5, 4), (1, 4)]
    turned = [*square[2:], *square[:2]][::-1]
    mask = rasterize([contour(*square), contour(*turned)], GRID)
    assert mask.voxel_count == 0 and codes(mask) == ["contour-repeated", "contours-cancel"]
    assert codes(rasterize([contour(*square)] * 3, GRID)) == ["contour-repeated"]
    assert codes(rasterize([contour(*square), contour(*square, k=1)], GRID)) == []


def test_contours_that_cross_leave_out_what_both_hold_with_a_finding():
    one, other = [(0.5, 0.5), (4.5, 0.5), (4.5, 3.5), (0.5, 3.5)], [(2.5, 1.5), (6.5, 1.5), (6.5, 4.5), (2.5, 4.5)]
    mask = rasterize([contour(*one), contour(*other)], GRID)
    assert mask.voxel_count == 12 + 12 - 2 * 4 and codes(mask) == ["contour-crossing"]
    assert "1 of 2 contours" in mask.findings[0].message


@pytest.mark.parametrize(
    "other",
    [
        [(1.5, 1.5), (3.5, 1.5), (3.5, 2.5), (1.5, 2.5)],  # a hole
        [(1, 1), (3, 1), (3, 3), (1, 3)],  # a hole with edges through voxel centres
        [(4.5, 0.5), (6.5, 0.5), (6.5, 3.5), (4.5, 3.5)],  # a neighbour along an edge
        [(0.5, 3.5), (4.5, 3.5), (4.5, 4.5), (0.5, 4.5)],
    ],
)
def test_holes_and_neighbours_cross_nothing(other):
    assert codes(rasterize([contour((0.5, 0.5), (4.5, 0.5), (4.5, 3.5), (0.5, 3.5)), contour(*other)], GRID)) == []


def winds_twice(polygon):
    """Whether the polygon runs around a voxel centre an even number of times, and not none: the signed crossings."""
    for i in range(GRID.shape[0]):
        for j in range(GRID.shape[1]):
            winding = 0
            for (ua, va), (ub, vb) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
                (v0, u0), (v1, u1) = sorted([(va, ua), (vb, ub)])
                if v0 < v1 and v0 <= j < v1 and u0 + (j - v0) * (u1 - u0) / (v1 - v0) <= i:
                    winding += 1 if va < vb else -1
            if winding and winding % 2 == 0:
                return True
    return False


@settings(max_examples=100, deadline=None)
@given(polygons_of(eighths))
def test_overlaps_are_those_of_the_voxels_that_each_contour_sets_alone(polygons):
    alone = [oracle([polygon], GRID.shape) for polygon in polygons]
    pairs = [(a, b) for n, b in enumerate(alone) for a in alone[:n] if np.any(a & b)]
    expected = {
        "contour-repeated": any(np.array_equal(a, b) for a, b in pairs),
        "contour-crossing": any(np.any(a & ~b) and np.any(b & ~a) for a, b in pairs)
        or any(winds_twice(polygon) for polygon in polygons),
    }
    found = codes(rasterize([contour(*polygon) for polygon in polygons], GRID))
    assert {code: code in found for code in expected} == expected


def test_a_contour_that_runs_around_itself_twice_is_a_finding_and_not_too_small():
    square = [(0.5, 0.5), (4.5, 0.5), (4.5, 3.5), (0.5, 3.5)]
    assert codes(rasterize([contour(*square, *square)], GRID)) == ["contour-crossing"]
    spiral = [(0.5, 0.5), (5.5, 0.5), (5.5, 4.5), (1.5, 4.5), (1.5, 2.5), (3.5, 2.5), (3.5, 5.5), (0.5, 5.5)]
    mask = rasterize([contour(*spiral)], GRID)
    assert codes(mask) == ["contour-crossing"] and not mask.full()[2, 3, 0]


def test_an_outline_and_its_halves_cancel_with_a_finding():
    whole, left, right = ([(a, 0.5), (b, 0.5), (b, 3.5), (a, 3.5)] for a, b in ((0.5, 6.5), (0.5, 3.5), (3.5, 6.5)))
    mask = rasterize([contour(*whole), contour(*left), contour(*right)], GRID)
    assert mask.voxel_count == 0 and codes(mask) == ["contours-cancel"]


def test_contours_of_two_planes_on_one_slice_are_a_finding():
    outer, inner = [(0.5, 0.5), (5.5, 0.5), (5.5, 4.5), (0.5, 4.5)], [(1.5, 1.5), (4.5, 1.5), (4.5, 3.5), (1.5, 3.5)]
    mask = rasterize([contour(*outer, k=1), contour(*inner, k=1.3)], GRID)
    assert mask.voxel_count == 20 - 6 and codes(mask) == ["planes-several"] and "0.30 mm" in mask.findings[0].message
    assert codes(rasterize([contour(*outer, k=1), contour(*inner, k=1.05)], GRID)) == []


def test_a_contour_that_crosses_itself_is_even_odd():
    twice_around = [(0.5, 0.5), (5.5, 0.5), (5.5, 4.5), (0.5, 4.5)] * 2
    assert rasterize([contour(*twice_around)], GRID).voxel_count == 0


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "INTERPOLATED_PLANAR", "closed_planar"])
def test_closed_kinds_are_read_alike(kind):
    assert rasterize([contour((0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5), kind=kind)], GRID).voxel_count == 4


def test_a_contour_without_a_type_is_taken_for_a_closed_one_with_a_finding():
    mask = rasterize([triangle(0, kind=""), Contour(triangle(1).points_mm[:1], "")], GRID)
    assert np.array_equal(mask.full(), rasterize([triangle(0)], GRID).full())
    assert codes(mask) == ["contour-type-missing", "contour-not-closed"]


def triangle(k, grid=GRID, kind="CLOSED_PLANAR"):
    return contour((0.5, 0.5), (5.5, 0.5), (0.5, 4.5), k=k, grid=grid, kind=kind)


@pytest.mark.parametrize(
    ("w", "k", "tie"),
    [(0.0, 0, False), (0.49, 0, False), (0.5, 0, True), (0.51, 1, False), (1.5, 1, True), (2.5, 2, True)],
)
def test_a_contour_goes_to_its_nearest_slice_and_half_way_to_the_lower(w, k, tie):
    mask = rasterize([triangle(w)], GRID)
    assert mask.start[2] == k
    assert codes(mask) == (["slice-tie"] if tie else [])


@pytest.mark.parametrize("error_mm", [-1e-7, 0.0, 1e-7])
def test_a_tie_survives_the_last_digits_of_a_coordinate(error_mm):
    grid = Grid((7, 6, 6), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0))
    mask = rasterize([Contour(np.add(triangle(2.5, grid).points_mm, [0, 0, error_mm]))], grid)
    assert mask.start[2] == 2
    assert codes(mask) == ["slice-tie"]


@pytest.mark.parametrize("w", [-3.0, -0.51, 2.51, 40.0])
def test_a_contour_beyond_the_image_along_the_normal_sets_nothing(w):
    mask = rasterize([triangle(w), triangle(1)], GRID)
    assert np.array_equal(mask.full(), rasterize([triangle(1)], GRID).full())
    assert codes(mask) == ["contour-off-slice"]


def test_slices_follow_an_oblique_normal():
    assert rasterize([triangle(1.3, OBLIQUE)], OBLIQUE).start[2] == 1


def test_one_stray_point_does_not_move_a_contour():
    uvw = np.array([(0.5, 0.5, 1.4), (5.5, 0.5, 1.4), (5.5, 4.5, 1.4), (3.0, 4.6, 1.6), (0.5, 4.5, 1.4)])
    assert rasterize([Contour(uvw)], GRID).start[2] == 1


def test_a_contour_that_leaves_its_plane_sets_nothing():
    uvw = np.array([(0.5, 0.5, 0.7), (5.5, 0.5, 1.0), (0.5, 4.5, 1.3)])
    mask = rasterize([Contour(uvw)], GRID)
    assert mask.voxel_count == 0
    assert codes(mask) == ["contour-not-planar"]


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "SOMETHING"])
def test_a_contour_without_an_inside_sets_nothing(kind):
    mask = rasterize([triangle(0, kind=kind)], GRID)
    assert mask.voxel_count == 0
    assert codes(mask) == ["contour-not-closed"]


@pytest.mark.parametrize("points", [0, 1, 2])
def test_fewer_than_three_points_set_nothing(points):
    mask = rasterize([Contour(triangle(0).points_mm[:points])], GRID)
    assert mask.voxel_count == 0
    assert codes(mask) == ["contour-too-few-points"]


@pytest.mark.parametrize("uv", [[(1.1, 1.1), (1.9, 1.1), (1.5, 1.9)], [(1.2, 0.0), (1.4, 0.0), (1.4, 5.0), (1.2, 5.0)]])
def test_a_contour_between_the_voxel_centres_sets_nothing(uv):
    mask = rasterize([contour(*uv), triangle(0)], GRID)
    assert np.array_equal(mask.full(), rasterize([triangle(0)], GRID).full())
    assert codes(mask) == ["contour-too-small"]


def test_only_the_part_in_the_image_is_set():
    mask = rasterize([contour((-50, -50), (2.5, -50), (2.5, 1e6), (-50, 1e6))], GRID)
    assert mask.voxels.shape == (3, 6, 1)
    assert mask.voxels.all()
    assert codes(mask) == ["contour-outside-image"]


@pytest.mark.parametrize("shift", [(-20, 0), (20, 0), (0, -20), (0, 20)])
def test_a_contour_wholly_beside_the_image_sets_nothing(shift):
    mask = rasterize([contour(*(np.array([(1, 1), (4, 1), (4, 4)]) + shift))], GRID)
    assert mask.voxel_count == 0
    assert codes(mask) == ["contour-outside-image"]
    assert "1 of them lie wholly outside" in mask.findings[0].message


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308, -1.1e6])
def test_a_coordinate_that_is_no_position_is_refused_by_the_name_of_the_roi(bad):
    points = triangle(0).points_mm.copy()
    points[1, 2] = bad
    with pytest.raises(GeometryError, match="ROI Bladder"):
        rasterize(Roi(1, "Bladder", (Contour(points),)), GRID)


def test_findings_name_the_roi_and_come_once_a_code():
    roi = Roi(3, "Rectum", tuple(triangle(k) for k in (0, 9, 10)))
    mask = rasterize(roi, GRID)
    assert [(f.code, f.subject, f.severity) for f in mask.findings] == [("contour-off-slice", "Rectum", "warning")]
    assert mask.findings[0].message.startswith("2 of 3 contours")


def test_nothing_gives_an_empty_mask_without_findings():
    for nothing in ([], iter(()), Roi(1, "Empty", ())):
        mask = rasterize(nothing, GRID)
        assert mask.voxels.shape == (0, 0, 0)
        assert mask.findings == ()
