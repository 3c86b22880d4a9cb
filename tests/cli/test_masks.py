import json
import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from rtcontour.datasets import read_labels
from rtcontour.dicom import read_structure_set, write_ct_series


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
