import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour import Grid
from rtcontour.errors import GeometryError

OBLIQUE = Grid(
    (5, 4, 3), (0.8, 1.25, 3.0), (-120.0, 33.0, 500.0), ((0.8, 0.6, 0.0), (-0.36, 0.48, 0.8), (0.48, -0.64, 0.6))
)


def random_grid(seed):
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    return Grid((5, 4, 3), tuple(random.uniform(0.3, 5, 3)), tuple(random.uniform(-900, 900, 3)), rotation)


def test_a_voxel_lies_at_the_origin_plus_its_steps_along_the_directions():
    expected = [
        -120.0 + 2 * 0.8 * 0.8 - 1 * 1.25 * 0.36 + 2 * 3.0 * 0.48,
        33.0 + 2 * 0.8 * 0.6 + 1 * 1.25 * 0.48 - 2 * 3.0 * 0.64,
        500.0 + 1 * 1.25 * 0.8 + 2 * 3.0 * 0.6,
    ]
    assert np.allclose(OBLIQUE.to_mm([[2, 1, 2]]), [expected], atol=1e-12)
    assert np.allclose(OBLIQUE.affine @ [2, 1, 2, 1], [*expected, 1], atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_index_and_millimetres_undo_each_other(seed):
    index = np.random.default_rng(seed).uniform(-5, 600, (10, 3))
    grid = random_grid(seed)
    assert np.allclose(grid.to_index(grid.to_mm(index)), index, atol=1e-8)


def test_without_points_there_are_no_indices():
    assert OBLIQUE.to_index(np.empty((0, 3))).shape == (0, 3)
    assert OBLIQUE.to_mm(np.empty((0, 3))).shape == (0, 3)


def test_the_ras_affine_flips_x_and_y_and_reorders_no_voxel():
    position = OBLIQUE.to_mm([[4, 0, 2]])[0]
    assert np.allclose(OBLIQUE.affine_ras @ [4, 0, 2, 1], [-position[0], -position[1], position[2], 1])


def test_a_supine_axial_ct_is_las_in_nifti():
    assert nibabel.aff2axcodes(Grid((2, 2, 2), (1, 1, 1), (0, 0, 0)).affine_ras) == ("L", "P", "S")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_grid_survives_its_ras_affine(seed):
    grid = random_grid(seed)
    again = Grid.from_affine_ras(grid.affine_ras, grid.shape)
    assert again.matches(grid)
    assert np.allclose(again.spacing_mm, grid.spacing_mm)
    assert np.allclose(again.direction, grid.direction)


def test_the_volume_of_a_voxel_is_in_cubic_centimetres():
    assert Grid((2, 2, 2), (1, 2, 5), (0, 0, 0)).voxel_volume_cc == 0.01


def test_grids_compare_by_value_and_hold_plain_numbers():
    grid = Grid(np.array([2, 3, 4]), np.array([1, 2, 3]), np.zeros(3), np.eye(3))
    assert grid == Grid((2, 3, 4), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    assert type(grid.shape[0]) is int
    assert type(grid.spacing_mm[0]) is type(grid.direction[0][0]) is float
    assert hash(grid) == hash(Grid((2, 3, 4), (1, 2, 3), (0, 0, 0)))


@pytest.mark.parametrize(("shift_mm", "same"), [(0.0, True), (0.009, True), (0.011, False)])
def test_grids_match_within_the_last_decimal_of_a_coordinate(shift_mm, same):
    moved = Grid(OBLIQUE.shape, OBLIQUE.spacing_mm, np.add(OBLIQUE.origin_mm, [0, shift_mm, 0]), OBLIQUE.direction)
    assert OBLIQUE.matches(moved) is same


def test_grids_of_other_shape_or_of_a_spacing_that_adds_up_do_not_match():
    wide = Grid((512, 4, 3), (1.0, 1.0, 1.0), (0, 0, 0))
    assert not wide.matches(Grid((511, 4, 3), (1.0, 1.0, 1.0), (0, 0, 0)))
    assert not wide.matches(Grid((512, 4, 3), (1.0001, 1.0, 1.0), (0, 0, 0)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (0, 2, 2)}, "shape"),
        ({"shape": (2, 2)}, "shape"),
        ({"spacing_mm": (1, 0, 1)}, "spacing"),
        ({"spacing_mm": (1, -1, 1)}, "spacing"),
        ({"spacing_mm": (1, float("nan"), 1)}, "spacing"),
        ({"origin_mm": (0, 0, float("inf"))}, "origin"),
        ({"direction": ((1, 0, 0), (0, 1, 0), (0, 0, 2))}, "direction"),
        ({"direction": ((1, 0, 0), (0.1, 1, 0), (0, 0, 1))}, "direction"),
        ({"direction": ((1, 0, 0), (0, 1, 0))}, "direction"),
    ],
)
def test_an_impossible_grid_is_refused(change, message):
    with pytest.raises(GeometryError, match=message):
        Grid(**{"shape": (2, 2, 2), "spacing_mm": (1, 1, 1), "origin_mm": (0, 0, 0), **change})


def test_an_affine_that_flattens_the_volume_is_refused():
    with pytest.raises(GeometryError, match="spacing"):
        Grid.from_affine_ras(np.diag([1.0, 1.0, 0.0, 1.0]), (2, 2, 2))
