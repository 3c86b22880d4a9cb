import numpy as np
import pytest

from rtcontour.phantom.pose import draw_pose
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft


def samples(*points):
    x, y, z = np.asarray(points, np.float32).T
    return x[:, None, None], y[:, None, None], z[:, None, None]


def test_distance_to_a_capsule_is_that_to_its_axis_less_the_radius():
    capsule = Chain.through([(0, 0, 0, 2), (10, 0, 0, 2)])
    distance = capsule.distance(*samples((5, 3, 4), (-3, 0, 4), (5, 0, 0)))
    assert distance.ravel() == pytest.approx([5 - 2, 5 - 2, -2], abs=1e-5)


def test_smooth_union_only_adds():
    pair = Chain.through([(0, 0, 0, 5), (12, 0, 0, 5)]).joined(Chain.through([(6, 8, 0, 4), (6, 20, 0, 4)]))
    smooth = Chain(pair.segments, blend_mm=6.0)
    points = samples(*np.random.default_rng(0).uniform(-15, 25, (200, 3)))
    assert np.all(smooth.distance(*points) <= pair.distance(*points) + 1e-5)


def test_ellipsoid_is_zero_on_its_surface():
    ellipsoid = Ellipsoid((1, 2, 3), (4, 5, 6))
    distance = ellipsoid.distance(*samples((5, 2, 3), (1, 7, 3), (1, 2, 9), (1, 2, 10)))
    assert distance.ravel() == pytest.approx([0, 0, 0, 1], abs=0.2)


def test_mirrored_shape_is_found_on_the_other_side():
    ribbon = Loft.ribbon({0.0: [(10, 0, 2), (20, 5, 3)], 30.0: [(12, 0, 2), (25, 5, 3)]})
    points = np.random.default_rng(1).uniform((-5, -10, -5), (30, 10, 35), (100, 3))
    here, there = ribbon.distance(*samples(*points)), ribbon.mirrored().distance(*samples(*(points * (-1, 1, 1))))
    assert here == pytest.approx(there, abs=1e-4)


def test_outline_holds_its_middle_and_ends_at_its_top():
    square = [(0, -10), (10, -10), (10, 10), (0, 10)]
    loft = Loft.outline({0.0: square, 20.0: square})
    distance = loft.distance(*samples((0, 0, 10), (9, 9, 10), (11, 0, 10), (0, 0, 25))).ravel()
    assert distance[0] < 0 and distance[1] < 0
    assert distance[2:] == pytest.approx([1, 5], abs=1e-4)


def test_bounds_hold_every_inside_point():
    rng = np.random.default_rng(2)
    for shape in (Chain.through(rng.uniform(2, 20, (4, 4)), 5.0), Ellipsoid((0, 0, 0), (5, 12, 7), 25)):
        points = rng.uniform(-50, 60, (4000, 3))
        inside = points[shape.distance(*samples(*points)).ravel() < 0]
        low, high = shape.bounds()
        assert len(inside) > 0
        assert np.all((inside >= low) & (inside <= high))


def test_pose_there_and_back_differs_by_the_warp_only():
    pose = draw_pose(np.random.default_rng(3), np.array([5.0, 40.0, -700.0]), np.array([1.05, 0.97, 1.0]))
    points = np.random.default_rng(4).uniform(-150, 150, (50, 3))
    back = pose.to_anatomical(pose.to_scanner(points))
    assert np.abs(back - points).max() <= pose.warp_reach_mm / pose.scale.min() + 1e-9
    assert np.linalg.det(pose.axes) == pytest.approx(1.0)
