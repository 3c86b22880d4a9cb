import time
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from rtcontour.datasets import read_labels, write_image, write_labels
from rtcontour.errors import ConfigError, DataSetError, GeometryError, InputFileError
from rtcontour.evaluation.inputs import CaseFiles, list_cases, read_case
from rtcontour.grid import Grid


def codes(case):
    return [(finding.code, finding.subject) for finding in case.findings]


def only_case(place, **options):
    (files,) = list_cases(place, **options).values()
    return files


def test_a_structure_without_voxels_is_annotated_and_empty_in_a_label_map(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1, "Rectum": 2, "SpinalCord": 3})
    case = read_case(only_case(maps))
    assert case.masks["SpinalCord"].voxel_count == 0 and "SpinalCord" in case.annotated
    assert np.array_equal(case.masks["Rectum"].full(), labels == 2)


def test_values_without_a_name_are_refused(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1})
    with pytest.raises(InputFileError, match=r"c1\.nii\.gz: holds the values 2, which no structure has"):
        read_case(only_case(maps))


def test_an_roi_without_contours_was_not_contoured_and_is_an_empty_prediction(tmp_path, bladder, write_patient):
    folder = write_patient(tmp_path / "p1", {"Bladder": bladder, "Rectum": np.zeros_like(bladder)})
    case = read_case(only_case(folder))
    assert set(case.masks) == {"Bladder", "Rectum"} and case.annotated == {"Bladder"}
    assert case.masks["Rectum"].voxel_count == 0
    assert ("roi-empty", "p1, Rectum") in codes(case)


def test_an_empty_roi_beside_a_contoured_one_of_its_meaning_is_of_no_account(tmp_path, bladder, write_patient):
    folder = write_patient(tmp_path / "p1", {"BLADDER_": np.zeros_like(bladder), "Bladder": bladder})
    case = read_case(only_case(folder))
    assert list(case.masks) == ["Bladder"] and case.masks["Bladder"].voxel_count == np.count_nonzero(bladder)


def test_points_and_lines_are_no_contours_of_an_organ(tmp_path, bladder, write_patient):
    folder = write_patient(tmp_path / "p1", {"Bladder": bladder, "Rectum": bladder})
    dataset = pydicom.dcmread(folder / "RS.dcm")
    for item in dataset.ROIContourSequence[1].ContourSequence:
        item.ContourGeometricType = "OPEN_PLANAR"
    dataset.save_as(folder / "RS.dcm")
    assert read_case(only_case(folder)).annotated == {"Bladder"}


def test_two_rois_that_mean_one_structure_are_refused_by_both_names(tmp_path, bladder, write_patient):
    folder = write_patient(tmp_path / "p1", {"Bladder": bladder, "urinary bladder": bladder})
    with pytest.raises(
        DataSetError, match=r"RS\.dcm: 'urinary bladder' is the second to mean Bladder, after 'Bladder'"
    ):
        read_case(only_case(folder))


def test_two_contoured_rois_of_one_name_are_refused(tmp_path, bladder, write_patient):
    folder = write_patient(tmp_path / "p1", {"Lump": bladder, "Knob": bladder})
    dataset = pydicom.dcmread(folder / "RS.dcm")
    dataset.StructureSetROISequence[1].ROIName = "Lump"
    dataset.save_as(folder / "RS.dcm")
    with pytest.raises(DataSetError, match=r"RS\.dcm: several ROIs with contours are called 'Lump'"):
        read_case(only_case(folder))


def test_another_frame_of_reference_is_refused_or_a_finding(tmp_path, labels, write_patient):
    folder = write_patient(tmp_path / "p1")
    other = write_patient(tmp_path / "p2", seed=2)
    files = only_case(folder / "RS.dcm", ct=other / "CT")
    with pytest.raises(GeometryError, match=r"RS, RS\.dcm: frame of reference is .*--ignore-frame-of-reference"):
        read_case(files)
    case = read_case(files, ignore_frame_of_reference=True)
    assert ("frame-of-reference-ignored", "RS, RS.dcm") in codes(case)
    assert np.array_equal(case.masks["Bladder"].full(), labels == 1)


def test_a_nifti_image_serves_as_ct_with_a_finding(tmp_path, grid, hu, labels, write_patient):
    folder = write_patient(tmp_path / "p1")
    image = write_image(tmp_path / "ct.nii.gz", hu, grid)
    case = read_case(only_case(folder / "RS.dcm", ct=image))
    assert np.array_equal(case.masks["Bladder"].full(), labels == 1)
    assert ("frame-of-reference-unknown", "RS, RS.dcm") in codes(case)


def test_swapped_sides_of_a_structure_set_are_a_finding(tmp_path, grid, write_patient):
    left, right = np.zeros((2, *grid.shape), bool)
    left[2:6, 5:9, 3:7], right[16:20, 5:9, 3:7] = True, True  # x grows to the patient's left
    folder = write_patient(tmp_path / "p1", {"Femur_Head_L": left, "Femur_Head_R": right})
    assert "side-unlikely" in [code for code, _ in codes(read_case(only_case(folder)))]


def test_masks_of_a_case_on_two_grids_are_refused_by_both(tmp_path, grid, bladder, write_masks):
    folder = write_masks(tmp_path / "c1", {"Bladder": bladder})
    write_masks(folder, {"Rectum": bladder}, grid=Grid(grid.shape, (2.0, 3.0, 4.0), grid.origin_mm))
    with pytest.raises(
        GeometryError, match=r"c1: Rectum .* \(2, 3, 4\) mm .* expected 24 x 20 x 12 voxels of \(2, 3, 5\)"
    ):
        read_case(only_case(folder))


@pytest.fixture
def heads(grid):
    left, right = np.zeros((2, *grid.shape), bool)
    left[16:20, 5:9, 3:7], right[2:6, 5:9, 4:9] = True, True
    return {"Femur_Head_L": left, "Femur_Head_R": right}


RECIPE = [{"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}, "Bladder"]


def test_a_union_is_one_mask_contoured_if_all_of_its_parts_are(tmp_path, heads, write_masks):
    folder = write_masks(tmp_path / "c1", heads)
    case = read_case(only_case(folder), structures=RECIPE)
    assert list(case.masks) == ["Femur_Heads"] and case.annotated == {"Femur_Heads"}
    union = case.masks["Femur_Heads"]
    assert np.array_equal(union.full(), heads["Femur_Head_L"] | heads["Femur_Head_R"])
    assert (union.start, union.voxels.shape) == ((2, 5, 3), (18, 4, 6))


def test_a_union_of_which_a_part_is_missing_was_not_contoured(tmp_path, heads, write_masks):
    folder = write_masks(tmp_path / "c1", {"Femur_Head_L": heads["Femur_Head_L"]})
    case = read_case(only_case(folder), structures=RECIPE)
    assert case.annotated == set()
    assert np.array_equal(case.masks["Femur_Heads"].full(), heads["Femur_Head_L"])


def test_a_union_that_is_there_as_such_is_taken(tmp_path, heads, write_masks):
    folder = write_masks(tmp_path / "c1", {"Femur_Heads": heads["Femur_Head_L"] | heads["Femur_Head_R"]})
    case = read_case(only_case(folder), structures=RECIPE)
    assert case.annotated == {"Femur_Heads"} and case.masks["Femur_Heads"].voxel_count == 64 + 80
    with pytest.raises(ConfigError):
        read_case(only_case(folder), structures=[{"Femur_Heads": []}])


@pytest.mark.parametrize("broken", ["nan", "zero"])
def test_an_impossible_spacing_is_refused_with_the_file(tmp_path, labels, write_label_maps, broken):
    import nibabel

    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1, "Rectum": 2})
    affine = np.diag([np.nan if broken == "nan" else 0.0, 3.0, 5.0, 1.0])
    image = nibabel.Nifti1Image(labels, None)
    image.header.set_sform(affine, code=1)
    image.header["srow_x"][0] = affine[0, 0]
    nibabel.save(image, maps / "c1.nii.gz")
    with pytest.raises(InputFileError, match=r"c1\.nii\.gz: .*spacing"):
        read_case(only_case(maps))


def test_files_that_cannot_be_read_are_named(tmp_path, labels, write_label_maps, write_patient):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1, "Rectum": 2})
    whole = (maps / "c1.nii.gz").read_bytes()
    (maps / "c1.nii.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputFileError, match=r"c1\.nii\.gz"):
        read_case(only_case(maps))
    (maps / "c1.nii.gz").write_text("not NIfTI")
    with pytest.raises(InputFileError, match=r"c1\.nii\.gz"):
        read_case(only_case(maps))
    folder = write_patient(tmp_path / "p1")
    whole = (folder / "RS.dcm").read_bytes()
    (folder / "RS.dcm").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputFileError, match=r"RS\.dcm"):
        read_case(only_case(folder))


def test_28_labels_take_little_longer_than_the_file(tmp_path):
    random = np.random.default_rng(3)
    grid = Grid((256, 256, 65), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape, np.uint8, order="F")
    for value in range(1, 29):
        i, j, k = random.integers(0, (200, 200, 50))
        labels[i : i + 40, j : j + 40, k : k + 12] = value
    path = write_labels(tmp_path / "many.nii.gz", labels, grid)
    files = CaseFiles("many", path, {f"organ {value}": value for value in range(1, 29)})
    started = time.perf_counter()
    read_labels(path)
    reading = time.perf_counter() - started
    case = read_case(files)
    assert time.perf_counter() - started < 2 * reading + 1.0
    assert all(np.array_equal(case.masks[f"organ {v}"].full(), labels == v) for v in (1, 14, 28))


def test_the_same_files_may_be_read_with_other_annotations(tmp_path, labels, write_label_maps):
    files = only_case(write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1, "Rectum": 2}))
    assert read_case(replace(files, annotated=("Rectum", "Brain"))).annotated == {"Rectum"}
