import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour.conformance.cases import SCANS, known_structure, shapes_on
from rtcontour.conformance.even_odd import even_odd
from rtcontour.conformance.shapes import Bifurcation, Box, Ellipsoid, Tube, unit_circle
from rtcontour.grid import Grid

FINE = Grid((131, 123, 137), (0.49, 0.53, 0.47), (3.0, -5.0, 7.0))
SHAPES = {
    "sphere": Ellipsoid((31.1, 32.3, 30.7), (17.3, 17.3, 17.3)),
    "ellipsoid": Ellipsoid((31.1, 32.3, 30.7), (23.9, 12.7, 16.1), tilt_deg=25, turn_deg=35),
    "tube": Tube((31.1, 32.3, 30.7), 9.7, 47.3, (0.2, -0.1)),
    "annulus": Tube((31.1, 32.3, 30.7), 18.3, 41.3, (0.1, 0.2), hole=(2.9, -1.7, 11.1)),
    "keyhole": Tube((31.1, 32.3, 30.7), 18.3, 41.3, (0.1, 0.2), hole=(2.9, -1.7, 11.1), keyhole=True),
    "bifurcation": Bifurcation((31.1, 32.3, 25.7), 8.3, 16.9, 24.3, 1.4, (0.1, -0.05)),
    "box": Box((31.1, 32.3, 30.7), (41 * 0.49, 20 * 0.53, 65 * 0.47)),
}


def moments(polygon):
    """Signed area of a polygon, and area times centroid."""
    u, v = polygon.T
    cross = u * np.roll(v, -1) - np.roll(u, -1) * v
    first = [np.sum((x + np.roll(x, -1)) * cross) / 6 for x in (u, v)]
    return np.sum(cross) / 2, np.array(first)


def section_moments(shape, w):
    """Area and first moments of a section: contours run one way round, holes the other."""
    area, first = 0.0, np.zeros(2)
    for polygon in shape.sections(w):
        more, moment = moments(polygon)
        area, first = area + more, first + moment
    return area, first


def integrate(shape, steps=4000):
    """Volume and centroid from sections alone, over 70 mm."""
    heights = (np.arange(steps) + 0.5) * 70 / steps
    rows = [section_moments(shape, float(w)) for w in heights]
    areas = np.array([area for area, _ in rows])
    u, v = np.array([first for _, first in rows]).sum(axis=0) / areas.sum()
    return areas.sum() * 70 / steps, (u, v, np.sum(areas * heights) / areas.sum())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_sections_add_up_to_volume_and_centroid(shape):
    volume, centroid = integrate(shape)
    assert volume == pytest.approx(shape.volume_mm3, rel=5e-4)
    assert centroid == pytest.approx(shape.centroid, abs=0.01)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_sections_enclose_the_points_that_are_inside(shape):
    structure = known_structure(shape, FINE)
    enclosed = even_odd(structure.contours, FINE)
    # A polygon of chords leaves a curve by less than 0.001 mm, so of 100,000 voxels hardly one changes sides.
    assert np.count_nonzero(enclosed != structure.truth.full()) <= 5
    assert structure.truth.volume_cc * 1000 == pytest.approx(shape.volume_mm3, rel=0.02)


@settings(max_examples=30)
@given(st.tuples(*[st.floats(2, 25)] * 3), st.floats(-90, 90), st.floats(-180, 180), st.floats(-0.99, 0.99))
def test_the_points_of_an_ellipse_lie_on_the_ellipsoid(semi_axes, tilt, turn, height):
    shape = Ellipsoid((1.0, 2.0, 3.0), semi_axes, tilt, turn)
    w = 3 + height * min(semi_axes)
    (ellipse,) = shape.sections(w)
    for scale, inside in ((0.999, True), (1.001, False)):
        u, v = (ellipse - ellipse.mean(axis=0)).T * scale + ellipse.mean(axis=0)[:, None]
        assert (shape.contains(u, v, np.full_like(u, w)) == inside).all()


def test_the_volume_of_an_ellipsoid_does_not_depend_on_how_it_lies():
    upright, turned = Ellipsoid((30, 30, 35), (9, 6, 13)), Ellipsoid((30, 30, 35), (9, 6, 13), 50, 70)
    assert integrate(upright)[0] == pytest.approx(integrate(turned)[0], rel=1e-4)


def test_by_hand():
    # 3-4-5: a sphere of radius 5 is cut at 3 mm in a circle of radius 4.
    sphere = Ellipsoid((0, 0, 0), (5, 5, 5))
    assert section_moments(sphere, 3.0)[0] == pytest.approx(np.pi * 16)
    assert sphere.sections(5.0) == sphere.sections(-5.1) == []
    assert Tube((0, 0, 0), 2, 10, (0, 0), hole=(0, 0, 1)).volume_mm3 == pytest.approx(30 * np.pi)
    # The hole takes a quarter of the disc, 0.6 mm to the right: what is left lies a third of that to the left.
    assert Tube((0, 0, 7), 2, 10, (0, 0), hole=(0.6, 0, 1)).centroid == pytest.approx((-0.2, 0, 7))
    assert Box((0, 0, 0), (1, 2, 3)).volume_mm3 == 6


def test_a_polygon_has_the_area_of_its_circle():
    for radius in (0.5, 3.0, 20.0):
        assert moments(radius * unit_circle(radius))[0] == pytest.approx(np.pi * radius**2, rel=1e-12)
        assert np.linalg.norm(radius * unit_circle(radius), axis=1) == pytest.approx(radius, abs=0.001)


def test_a_keyhole_is_one_contour_of_the_same_area():
    (joined,), (outer, inner) = SHAPES["keyhole"].sections(30.0), SHAPES["annulus"].sections(30.0)
    assert moments(joined)[0] == pytest.approx(moments(outer)[0] + moments(inner)[0])
    assert moments(inner)[0] < 0 < moments(outer)[0]


def test_the_contours_of_a_bifurcation_part():
    counts = [len(SHAPES["bifurcation"].sections(w)) for w in (10.0, 30.0, 45.0, 60.0)]
    assert counts == [1, 1, 2, 0]


@pytest.mark.parametrize("grid", SCANS.values(), ids=SCANS.keys())
def test_every_shape_lies_within_its_scan(grid):
    for shape in shapes_on(grid).values():
        box = known_structure(shape, grid).truth.box
        assert all(along.start > 0 and along.stop < n for along, n in zip(box, grid.shape, strict=True))


def test_the_scans_differ_in_what_readers_confuse():
    assert all(len({*grid.shape}) == 3 for grid in SCANS.values())
    assert SCANS["feet-first"].direction[2] == (0, 0, -1)
    assert 0 not in np.abs(SCANS["oblique"].direction[2]) and SCANS["non-square"].spacing_mm[:2] == (0.7, 1.3)
