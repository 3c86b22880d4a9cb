from dataclasses import replace
from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from rtcontour.errors import GeometryError
from rtcontour.evaluation.inputs import Reading, has_same_voxels, list_cases, read_pair
from rtcontour.grid import Grid

NAMES = {"Bladder": 1, "Rectum": 2}
TURNED = ((0.96, 0.28, 0.0), (-0.28, 0.96, 0.0), (0.0, 0.0, 1.0))  # about k by the angle of a 7-24-25 triangle
ORDERS = [
    np.array(list(zip(axes, ends, strict=True)))
    for axes in permutations(range(3))
    for ends in product((1, -1), repeat=3)
]


def reordered(array, grid, order):
    """The same voxels with other axes and ends, by nibabel: array and grid."""
    array = apply_orientation(array, order)
    affine = grid.affine_ras @ inv_ornt_aff(order, grid.shape)
    return np.asfortranarray(array), Grid.from_affine_ras(affine, array.shape)


@pytest.fixture
def pair_of(tmp_path, labels, grid, write_label_maps):
    """Predicted and true files of one case: the labels moved by a voxel along i, on some grid."""

    def write(array, lattice, true_grid=grid):
        write_label_maps(tmp_path / "pred", {"c1": array}, NAMES, grid=lattice)
        write_label_maps(tmp_path / "truth", {"c1": labels}, NAMES, grid=true_grid)
        return list_cases(tmp_path / "pred")["c1"], list_cases(tmp_path / "truth")["c1"]

    return write


@pytest.mark.parametrize("direction", [np.eye(3), TURNED], ids=["straight", "oblique"])
@pytest.mark.parametrize("order", ORDERS[::5], ids=lambda order: str(order.tolist()))
@pytest.mark.parametrize("resample", [False, True])
def test_the_same_voxels_in_another_order_are_compared_exactly(pair_of, labels, grid, order, resample, direction):
    true_grid = Grid(grid.shape, grid.spacing_mm, grid.origin_mm, tuple(map(tuple, direction)))
    moved = np.roll(labels, 1, axis=0)
    pair = pair_of(*reordered(moved, true_grid, order), true_grid)
    reading = Reading(resample=resample)
    masks, _ = read_pair(pair, reading)
    for name, value in NAMES.items():
        assert np.array_equal(masks[name].full(), moved == value)
    predicted, truth = (reading.read(files) for files in pair)
    _, findings = reading.on_grid_of(truth, predicted)
    same = predicted.grid.matches(true_grid)
    assert [(f.code, f.severity, f.subject) for f in findings] == (
        [] if same else [("prediction-reoriented", "note", "c1")]
    )


def test_all_orders_are_the_same_voxels_and_a_shift_of_a_voxel_or_less_is_not(labels, grid):
    for order in ORDERS:
        _, other = reordered(labels, grid, order)
        assert has_same_voxels(grid, other) and has_same_voxels(other, grid)
        for shift_mm in (2.0, 0.5):
            aside = Grid(
                other.shape, other.spacing_mm, tuple(np.add(other.origin_mm, (shift_mm, 0, 0))), other.direction
            )
            assert not has_same_voxels(grid, aside)


def test_a_reordered_grid_of_other_spacing_size_or_angle_is_not_the_same(grid):
    flipped = ((-1, 0, 0), (0, 1, 0), (0, 0, 1))
    origin_mm = tuple(grid.to_mm([(23, 0, 0)])[0])
    assert has_same_voxels(grid, Grid(grid.shape, grid.spacing_mm, origin_mm, flipped))
    assert not has_same_voxels(grid, Grid(grid.shape, (2.0, 3.0, 5.1), origin_mm, flipped))
    assert not has_same_voxels(grid, Grid((24, 20, 11), grid.spacing_mm, origin_mm, flipped))
    assert not has_same_voxels(grid, Grid(grid.shape, grid.spacing_mm, origin_mm, TURNED))


def test_a_file_that_another_program_reorders_is_compared_exactly(tmp_path, pair_of, labels, grid):
    """As SimpleITK and nibabel users store a prediction."""
    predicted, truth = pair_of(labels, grid)
    image = nibabel.as_closest_canonical(nibabel.load(predicted.path))
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
    nibabel.save(image, predicted.path)
    masks, true = read_pair((predicted, truth), Reading())
    assert all(np.array_equal(masks[name].full(), true[name].full()) for name in NAMES)
    sitk = pytest.importorskip("SimpleITK")
    turned = sitk.DICOMOrient(sitk.ReadImage(str(truth.path)), "PSL")
    sitk.WriteImage(turned, str(predicted.path))
    masks, true = read_pair((predicted, truth), Reading())
    assert all(np.array_equal(masks[name].full(), true[name].full()) for name in NAMES)


def test_structures_may_come_from_an_iterator_and_serve_for_every_case(pair_of, labels, grid):
    reading = Reading(structures=iter(["Bladder"]))
    pair = pair_of(labels, grid)
    assert [list(read_pair(pair, reading)[0]) for _ in range(2)] == [["Bladder"], ["Bladder"]]


def test_another_grid_is_refused_unless_it_may_be_resampled(tmp_path, pair_of, labels, grid):
    fine = Grid((48, 20, 12), (1.0, 3.0, 5.0), (-20.5, -30.0, 40.0))
    pair = pair_of(np.repeat(labels, 2, axis=0), fine)
    with pytest.raises(GeometryError, match="--resample"):
        read_pair(pair, Reading())
    masks, _ = read_pair(pair, Reading(resample=True))
    assert np.array_equal(masks["Rectum"].full(), labels == 2)


def test_what_nobody_contoured_is_not_among_the_true_masks(tmp_path, pair_of, labels, grid):
    predicted, truth = pair_of(labels, grid)
    masks, true = read_pair((predicted, replace(truth, annotated=("Rectum",))), Reading())
    assert (list(masks), list(true)) == (["Bladder", "Rectum"], ["Rectum"])
