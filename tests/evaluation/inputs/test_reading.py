from dataclasses import replace
from itertools import permutations, product

import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from rtcontour.errors import GeometryError
from rtcontour.evaluation.inputs import Reading, describe_grid, has_same_voxels, list_cases, read_pair, tell_apart
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


def two_patients(tmp_path, write_patient, **attributes):
    """Predicted and true files of one structure set each, with attributes of the prediction changed."""
    pred, truth = write_patient(tmp_path / "pred", seed=2), write_patient(tmp_path / "truth", seed=1)
    dataset = pydicom.dcmread(pred / "RS.dcm")
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(pred / "RS.dcm")
    return list_cases(pred)["pred"], list_cases(truth)["truth"]


def oddities(pair, reading):
    predicted, truth = (reading.read(files) for files in pair)
    return [(f.code, f.subject, f.message) for f in reading.on_grid_of(truth, predicted)[1]]


def test_two_frames_of_reference_on_one_grid_are_refused_or_a_finding(tmp_path, write_patient):
    pair = two_patients(tmp_path, write_patient)
    both = r"pred.RS\.dcm: its frame of reference is .*, that of .*truth.RS\.dcm is .*--ignore-frame-of-reference"
    with pytest.raises(GeometryError, match=both):
        read_pair(pair, Reading())
    ((code, subject, _),) = oddities(pair, Reading(ignore_frame_of_reference=True))
    assert (code, subject) == ("frame-of-reference-ignored", "truth")


def test_two_patients_are_a_finding_that_does_not_name_them(tmp_path, write_patient):
    pair = two_patients(tmp_path, write_patient, PatientID="Somebody^Else")
    found = oddities(pair, Reading(ignore_frame_of_reference=True))
    assert [(code, subject) for code, subject, _ in found][1:] == [("patients-differ", "truth")]
    assert "Somebody" not in str(found) and "Somebody" not in repr(
        Reading(ignore_frame_of_reference=True).read(pair[0])
    )
    without = two_patients(tmp_path / "b", write_patient, PatientID="")
    assert len(oddities(without, Reading(ignore_frame_of_reference=True))) == 1


def test_nifti_has_neither_frame_nor_patient(tmp_path, write_patient, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, NAMES)
    truth = list_cases(write_patient(tmp_path / "truth"))["truth"]
    assert oddities((list_cases(maps)["c1"], truth), Reading()) == []


def test_grids_that_differ_in_the_last_digits_or_the_axes_are_told_apart(grid):
    nudged = Grid(grid.shape, grid.spacing_mm, np.add(grid.origin_mm, (0, 1e-7, 0)))
    assert "(-20, -29.9999999, 40) mm" in tell_apart(nudged, grid)
    assert tell_apart(grid, grid).startswith(
        "found 24 x 20 x 12 voxels of (2, 3, 5) mm from (-20, -30, 40) mm, axes LPS"
    )
    other = Grid(grid.shape, grid.spacing_mm, grid.origin_mm, ((0, 0, -1), (-1, 0, 0), (0, 1, 0)))
    assert describe_grid(other).endswith("axes IRP")
    oblique = Grid(grid.shape, grid.spacing_mm, grid.origin_mm, TURNED)
    assert describe_grid(oblique).endswith("axes (0.96, 0.28, 0), (-0.28, 0.96, 0), (0, 0, 1)")
