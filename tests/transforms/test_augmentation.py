import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rtcontour.errors import ConfigError
from rtcontour.transforms.augmentation import Augmentation, Warp

SEEDS = st.integers(0, 10_000)


def drawn(seed, **settings):
    return Augmentation(**settings).draw(np.random.default_rng(seed))


@given(SEEDS)
def test_a_warp_is_a_turn_and_one_factor_and_never_a_mirror(seed):
    matrix = drawn(seed).matrix_mm
    factor = np.cbrt(np.linalg.det(matrix))
    assert 0.9 <= factor <= 1.1  # a mirror has a negative determinant
    assert np.allclose(matrix @ matrix.T, factor**2 * np.eye(3))


@given(SEEDS)
def test_it_turns_about_i_then_j_then_k_by_at_most_the_angle(seed):
    angles = Rotation.from_matrix(drawn(seed, scale=0.0).matrix_mm).as_euler("xyz")
    assert np.abs(angles).max() <= 0.15


def test_all_numbers_fill_their_ranges():
    warps = [drawn(seed) for seed in range(2000)]
    factors = np.array([np.cbrt(np.linalg.det(warp.matrix_mm)) for warp in warps])
    turns = [warp.matrix_mm / f for warp, f in zip(warps, factors, strict=True)]
    angles = Rotation.from_matrix(turns).as_euler("xyz")
    shifts = np.array([warp.shift_hu for warp in warps])
    for values, half in ((angles[:, 0], 0.15), (angles[:, 1], 0.15), (angles[:, 2], 0.15), (shifts, 100.0)):
        assert values.min() < -0.99 * half and values.max() > 0.99 * half
        assert values.std() == pytest.approx(half / math.sqrt(3), rel=0.05)  # uniform
    assert factors.min() < 0.901 and factors.max() > 1.099
    assert np.abs(np.corrcoef([*angles.T, factors, shifts]) - np.eye(5)).max() < 0.1


def test_the_same_generator_state_draws_the_same_warp():
    assert np.array_equal(drawn(3).matrix_mm, drawn(3).matrix_mm) and drawn(3).shift_hu == drawn(3).shift_hu
    assert drawn(3).shift_hu != drawn(4).shift_hu


def test_nothing_asked_is_nothing_done():
    warp = drawn(1, rotation_rad=0.0, scale=0.0, shift_hu=0.0)
    assert np.array_equal(warp.matrix_mm, Warp.none().matrix_mm) and warp.shift_hu == 0


@given(SEEDS, st.floats(0, 2))
def test_no_warp_reaches_further_than_it_says(seed, rotation):
    matrix = drawn(seed, rotation_rad=rotation).matrix_mm
    assert (np.abs(matrix) <= Augmentation(rotation_rad=rotation).reach_mm() + 1e-12).all()


def test_a_turn_keeps_lengths_in_mm_also_where_voxels_are_flat():
    spacing = np.array([1.0, 1.5, 3.0])
    matrix = drawn(7, scale=0.0).voxel_matrix(spacing, spacing)
    for offset in np.random.default_rng(0).normal(size=(20, 3)):
        assert np.linalg.norm(matrix @ offset * spacing) == pytest.approx(np.linalg.norm(offset * spacing))


def test_a_new_voxel_size_is_part_of_the_matrix():
    assert np.allclose(Warp.none().voxel_matrix((1.0, 2.0, 4.0), (3.0, 3.0, 3.0)), np.diag([3.0, 1.5, 0.75]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rotation_rad": -0.1}, "rotation_rad is -0.1; expected 0 to 3.142"),
        ({"scale": 1.0}, "scale is 1.0; expected 0 to 0.9"),
        ({"shift_hu": float("nan")}, "shift_hu is nan"),
        ({"scale": True}, "scale is True"),
        ({"shift_hu": None}, "shift_hu is None"),
        ({"rotation_rad": "a"}, "rotation_rad is 'a'"),
    ],
)
def test_an_augmentation_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        Augmentation(**settings)
