import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour import Grid, Mask, trace

GRID = Grid((30, 24, 2), (0.9, 1.4, 3.0), (-20.0, 35.0, 7.0), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6)))


def blob(seed, grid=GRID):
    """A disc with a hole and a ragged edge."""
    random = np.random.default_rng(seed)
    i, j, _ = np.indices(grid.shape)
    radius = np.hypot(i - 15, j - 12) + random.normal(0, random.uniform(0, 1.5), grid.shape)
    return Mask.from_array((radius < 10) & (radius > 3), grid)


def distance_to_polygon(points, polygon):
    """Of each point, the distance to the nearest edge of a closed polygon."""
    nearest = np.full(len(points), np.inf)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        along = np.clip((points - a) @ (b - a) / max((b - a) @ (b - a), 1e-300), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - a - along[:, None] * (b - a), axis=1))
    return nearest


def dense(polygon):
    share = np.linspace(0, 1, 9)[:-1, None, None]
    return (polygon + share * (np.roll(polygon, -1, axis=0) - polygon)).reshape(-1, 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.7, 2.0, 9.0, 100.0]), st.booleans())
def test_a_contour_moves_nowhere_by_more_than_the_tolerance(seed, tolerance_mm, keyhole):
    mask = blob(seed)
    exact, simple = trace(mask, keyhole=keyhole), trace(mask, tolerance_mm=tolerance_mm, keyhole=keyhole)
    for before, after in zip(exact, simple, strict=True):
        assert distance_to_polygon(before.points_mm, after.points_mm).max() <= tolerance_mm + 1e-9
        assert distance_to_polygon(dense(after.points_mm), before.points_mm).max() <= tolerance_mm + 1e-9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_points_kept_are_points_of_the_exact_contour_in_its_order(seed):
    for before, after in zip(trace(blob(seed)), trace(blob(seed), tolerance_mm=1.0), strict=True):
        place = {tuple(point): n for n, point in enumerate(before.points_mm)}
        numbers = [place[tuple(point)] for point in after.points_mm]
        assert numbers == sorted(numbers)
        assert len(numbers) < len(place) or len(place) <= 8


@pytest.mark.parametrize("tolerance_mm", [1.0, 1000.0])
def test_no_contour_vanishes_however_large_the_tolerance(tolerance_mm):
    array = np.zeros(GRID.shape, bool)
    array[3, 4, 0] = array[10:20, 5:9, 1] = True
    contours = trace(Mask.from_array(array, GRID), tolerance_mm=tolerance_mm)
    assert len(contours) == 2
    assert all(len(contour.points_mm) >= 3 for contour in contours)


def test_a_staircase_of_less_than_the_tolerance_becomes_a_line():
    grid = Grid((40, 40, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    i, j, _ = np.indices(grid.shape)
    wedge = Mask.from_array((3 * j < i) & (i < 35), grid)
    (exact,), (simple,) = trace(wedge), trace(wedge, tolerance_mm=0.6)
    assert len(exact.points_mm) > 20
    assert len(simple.points_mm) <= 6
