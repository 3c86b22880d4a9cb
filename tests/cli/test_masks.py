import json
import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from rtcontour.contours import rasterize
from rtcontour.datasets import read_labels
from rtcontour.dicom import read_ct_geometry, read_structure_set, write_ct_series, write_structure_set
from rtcontour.mask import Mask


@pytest.fixture
def odd():
    """Real structure sets that are strange."""
    if "RTCONTOUR_DATA" not in os.environ:
        pytest.skip("RTCONTOUR_DATA is not set, and the odd files are there")
    return Path(os.environ["RTCONTOUR_DATA"]) / "rt" / "odd"


def test_every_roi_becomes_a_mask_beside_an_index(rtcontour, tmp_path, tiny_rtstruct, tiny_ct, tiny_masks):
    result = rtcontour("masks", tiny_rtstruct, tiny_ct, tmp_path / "out")
    assert result.code == 0 and str(tmp_path / "out") in result.out
    index = json.loads((tmp_path / "out" / "structures.json").read_text())
    assert [entry["name"] for entry in index["structures"]] == list(tiny_masks)
    for entry in index["structures"]:
        voxels, grid = read_labels(tmp_path / "out" / entry["file"])
        assert np.array_equal(voxels, tiny_masks[entry["name"]].full()) and grid.matches(tiny_masks["PTV"].grid)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "structures.json",
        *(entry["file"] for entry in index["structures"]),
    }
    assert index["structures"][1]["file"] == "Größe_Rectum___.nii.gz"


def test_there_and_back_again_the_masks_are_the_same(rtcontour, tmp_path, tiny_rtstruct, tiny_ct, tiny_masks):
    there, back, again = (tmp_path / name for name in ("there", "back.dcm", "again"))
    assert rtcontour("masks", tiny_rtstruct, tiny_ct, there).code == 0
    assert rtcontour("rtstruct", there, tiny_ct, back, "--label", "ours").code == 0
    structures = read_structure_set(back)
    assert structures.label == "ours" and [roi.name for roi in structures.rois] == list(tiny_masks)
    assert rtcontour("masks", back, tiny_ct, again).code == 0
    for path in there.glob("*.nii.gz"):
        assert np.array_equal(read_labels(path)[0], read_labels(again / path.name)[0])


def test_an_existing_folder_is_kept_unless_replaced(rtcontour, refused, tmp_path, tiny_rtstruct, tiny_ct):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    line = refused("masks", tiny_rtstruct, tiny_ct, tmp_path / "out")
    assert "out: exists already" in line and "--replace" in line
    assert rtcontour("masks", tiny_rtstruct, tiny_ct, tmp_path / "out", "--replace").code == 0
    assert not (tmp_path / "out" / "mine.txt").exists()


def elsewhere(path, rtstruct):
    """The structure set in another frame of reference."""
    dataset = pydicom.dcmread(rtstruct)
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"
    for roi in dataset.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"
    dataset.save_as(path)
    return path


def test_another_frame_of_reference_is_refused_unless_ignored(rtcontour, refused, tmp_path, tiny_rtstruct, tiny_ct):
    path = elsewhere(tmp_path / "elsewhere.dcm", tiny_rtstruct)
    line = refused("masks", path, tiny_ct, tmp_path / "out")
    assert "elsewhere.dcm: frame of reference is 1.2.3" in line and "--ignore-frame-of-reference" in line
    result = rtcontour("masks", path, tiny_ct, tmp_path / "out", "--ignore-frame-of-reference")
    assert result.code == 0 and "frame-of-reference-ignored" in result.err


def test_a_folder_without_ct(refused, tmp_path, tiny_rtstruct):
    (tmp_path / "ct").mkdir()
    shutil.copy(tiny_rtstruct, tmp_path / "ct")
    assert str(tmp_path / "ct") in refused("masks", tiny_rtstruct, tmp_path / "ct", tmp_path / "out")


def test_a_folder_that_is_not_there(refused, tmp_path, tiny_rtstruct):
    assert "nowhere" in refused("masks", tiny_rtstruct, tmp_path / "nowhere", tmp_path / "out")


def test_two_series_are_refused_until_one_is_chosen(rtcontour, refused, tmp_path, tiny_rtstruct, tiny_ct, tiny_grid):
    both = shutil.copytree(tiny_ct, tmp_path / "both")
    other = write_ct_series(tmp_path / "other", np.zeros(tiny_grid.shape, np.int16), tiny_grid)
    for path in (tmp_path / "other").iterdir():
        path.rename(both / path.name)
    line = refused("masks", tiny_rtstruct, both, tmp_path / "out")
    assert str(both) in line and other.series_uid in line
    series = pydicom.dcmread(next(tiny_ct.iterdir())).SeriesInstanceUID
    assert rtcontour("masks", tiny_rtstruct, both, tmp_path / "out", "--series", series).code == 0


def test_a_ct_slice_given_as_structure_set(refused, tmp_path, tiny_ct):
    path = next(tiny_ct.iterdir())
    assert path.name in refused("masks", path, tiny_ct, tmp_path / "out")


@pytest.mark.parametrize(
    "name",
    [
        "rtplan_named_RS.dcm",
        "rtplan.dcm",
        "rtdose.dcm",
        "crlf_corrupted.dcm",
        "frame_of_reference_mismatch.dcm",
        "derived/truncated.dcm",
        "derived/empty_file.dcm",
        "derived/text_named_dcm.dcm",
    ],
)
def test_a_real_file_that_is_no_sound_structure_set(refused, tmp_path, odd, name):
    ct = odd.parent / "mim_keyhole" / "CT"
    assert (odd / name).name in refused("masks", odd / name, ct, tmp_path / "out")


def written(path, ct_folder, masks):
    ct = read_ct_geometry(ct_folder)
    return write_structure_set(
        path, {name: Mask.from_array(array, ct.grid) for name, array in masks.items()}, ct, findings=[]
    )


def on_slices(grid, slices, columns=slice(2, 6)):
    array = np.zeros(grid.shape, bool)
    array[columns, 2:6, slices] = True
    return array


def test_slices_left_out_are_filled_if_asked(rtcontour, tmp_path, tiny_ct, tiny_grid):
    path = written(tmp_path / "rs.dcm", tiny_ct, {"Bladder": on_slices(tiny_grid, [0, 2, 4])})
    told = rtcontour("masks", path, tiny_ct, tmp_path / "left")
    filled = rtcontour("masks", path, tiny_ct, tmp_path / "filled", "--fill-gaps")
    assert "slices-left-out" in told.err and "slices-interpolated" in filled.err
    assert np.array_equal(read_labels(tmp_path / "left/Bladder.nii.gz")[0], on_slices(tiny_grid, [0, 2, 4]))
    assert np.array_equal(read_labels(tmp_path / "filled/Bladder.nii.gz")[0], on_slices(tiny_grid, range(5)))


def test_names_of_a_department_are_understood_and_sides_checked(rtcontour, refused, tmp_path, tiny_ct, tiny_grid):
    low, high = on_slices(tiny_grid, [1], slice(0, 3)), on_slices(tiny_grid, [1], slice(tiny_grid.shape[0] - 3, None))
    path = written(tmp_path / "rs.dcm", tiny_ct, {"FK li": low, "Femur_Head_R": high})
    (tmp_path / "aliases.json").write_text('{"FK li": "Femur_Head_L"}')
    result = rtcontour("masks", path, tiny_ct, tmp_path / "out", "--aliases", tmp_path / "aliases.json")
    assert result.code == 0 and "side-unlikely" in result.err
    index = json.loads((tmp_path / "out" / "structures.json").read_text())
    assert [entry["structure"] for entry in index["structures"]] == ["Femur_Head_L", "Femur_Head_R"]
    (tmp_path / "aliases.json").write_text('{"FK li": "Femur_Hed_L"}')
    line = refused("masks", path, tiny_ct, tmp_path / "other", "--aliases", tmp_path / "aliases.json")
    assert "aliases.json" in line and "Femur_Head_L" in line


def test_rois_of_one_name_are_all_kept_on_the_way_there_and_back(rtcontour, tmp_path, tiny_ct, tiny_grid):
    path = written(tmp_path / "rs.dcm", tiny_ct, {"a": on_slices(tiny_grid, [0]), "b": on_slices(tiny_grid, [1])})
    dataset = pydicom.dcmread(path)
    for item in dataset.StructureSetROISequence:
        item.ROIName = "ROI"
    dataset.save_as(path)
    assert "roi-name-twice" in rtcontour("masks", path, tiny_ct, tmp_path / "out").err
    back = rtcontour("rtstruct", tmp_path / "out", tiny_ct, tmp_path / "back.dcm")
    assert back.code == 0 and "roi-name-twice" in back.err
    rois = read_structure_set(tmp_path / "back.dcm").rois
    assert [roi.name for roi in rois] == ["ROI", "ROI_2"]
    for k, roi in enumerate(rois):
        assert np.array_equal(rasterize(roi, tiny_grid).full(), on_slices(tiny_grid, [k]))
