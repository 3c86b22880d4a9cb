import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import nearest
from rtcontour.metrics.joint_box import SURFACE, JointBox
from rtcontour.metrics.nearest import distances_mm, steps_around

SPACINGS_MM = [(1.0, 1.0, 1.0), (1.0, 0.7, 3.0), (0.1, 5.0, 5.0), (2.5, 0.98, 0.98)]


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
def test_steps_are_all_within_their_reach_shortest_first_and_back_and_forth(spacing_mm):
    steps = steps_around(spacing_mm)
    most = [int(steps.reach_mm / step) + 1 for step in spacing_mm]
    everywhere = np.array(list(np.ndindex(*(2 * n + 1 for n in most)))) - most
    lengths_mm = np.linalg.norm(everywhere * spacing_mm, axis=1)
    within = everywhere[(lengths_mm > 0) & (lengths_mm <= steps.reach_mm)]
    assert {tuple(step) for step in steps.indices.tolist()} == {tuple(step) for step in within.tolist()}
    assert np.all(np.diff(steps.lengths_mm) >= 0)
    assert np.allclose(np.linalg.norm(steps.indices * spacing_mm, axis=1), steps.lengths_mm, atol=1e-12)
    assert np.array_equal(steps.margin, np.maximum(1, np.abs(within).max(axis=0)))
    assert 300 < len(steps.indices) < 900


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SPACINGS_MM), st.booleans(), st.sampled_from([np.inf, 4.0]))
def test_distances_are_those_of_brute_force_near_and_far(seed, spacing_mm, by_tree, needed_mm):
    random = np.random.default_rng(seed)
    one, other = np.zeros((2, 30, 12, 9), bool)
    one[tuple(random.integers(0, one.shape, (15, 3)).T)] = True
    other[tuple(random.integers(0, (6, 12, 9), (4, 3)).T)] = True
    grid = Grid(one.shape, spacing_mm, (0.0, 0.0, 0.0))
    box = JointBox.of(Mask.from_array(one, grid), Mask.from_array(other, grid), steps_around(spacing_mm).margin)
    places = box.predicted.own_surface
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "PAIRS", 0 if by_tree else nearest.PAIRS)
        found = distances_mm(box, places, SURFACE[1], spacing_mm, needed_mm=needed_mm)
    # Single voxels are surface all over, so that the surfaces are the masks themselves.
    lone = np.argwhere(one & ~other) * spacing_mm
    expected = np.linalg.norm(lone[:, None] - np.argwhere(other) * spacing_mm, axis=2).min(axis=1)
    found, expected = np.sort(found), np.sort(expected)
    needed = expected <= needed_mm
    assert np.allclose(found[needed], expected[needed], atol=1e-9)
    assert np.all(found[~needed] >= needed_mm)


def test_large_flat_faces_far_from_each_other_in_thin_voxels_take_no_longer_than_others():
    one, other = np.zeros((2, 280, 270, 24), bool)
    one[10:270, 5:265, 4:20] = True
    other[0:260, 5:265, 3:19] = True
    spacing_mm = (0.1, 0.1, 10.0)
    grid = Grid(one.shape, spacing_mm, (0.0, 0.0, 0.0))
    box = JointBox.of(Mask.from_array(one, grid), Mask.from_array(other, grid), steps_around(spacing_mm).margin)
    started = time.process_time()  # of this process alone, so that other work on the machine does not count
    found = distances_mm(box, box.predicted.own_surface, SURFACE[1], spacing_mm)
    assert time.process_time() - started < 2
    assert found.max() == pytest.approx(np.hypot(1.0, 10.0))  # of the edge that moved by ten voxels and a slice
