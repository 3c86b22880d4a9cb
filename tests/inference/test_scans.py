import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from rtcontour.errors import InputFileError
from rtcontour.inference import find_scans


def make(folder, *files, kind=CTImageStorage):
    """Files of these names: a header of this kind in *.dcm, nothing in others."""
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path.suffix == ".dcm":
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, generate_uid()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            header = Dataset()
            header.file_meta, header.SOPClassUID = meta, kind
            header.save_as(path, enforce_file_format=True)


def cases(folder):
    return [item["case"] for item in find_scans(folder)]


def test_a_folder_of_slices_is_one_scan(tmp_path):
    make(tmp_path / "patient", "1.dcm", "2.dcm")
    assert find_scans(tmp_path / "patient") == [{"image": str(tmp_path / "patient"), "case": "patient"}]


def test_every_folder_below_that_holds_slices_is_a_scan(tmp_path):
    make(tmp_path, "b/1.dcm", "a/ct/1.dcm", "a/ct/2.dcm")
    assert sorted(item["image"] for item in find_scans(tmp_path)) == [str(tmp_path / "a" / "ct"), str(tmp_path / "b")]


def test_folders_of_other_files_are_passed_over(tmp_path):
    make(tmp_path, "a/ct/1.dcm", "a/notes.txt", "log/run.txt")
    make(tmp_path, "a/rt/plan.dcm", kind=RTStructureSetStorage)
    assert cases(tmp_path) == ["a_ct"]


def test_scans_are_named_by_the_way_to_them(tmp_path):
    make(tmp_path, "a/ct/1.dcm", "b/ct/1.dcm", "ct/1.dcm")
    assert cases(tmp_path) == ["a_ct", "b_ct", "ct"]


@pytest.mark.parametrize("files", [("a/b/1.dcm", "a_b/1.dcm"), ("a.nii", "a.nii.gz")])
def test_two_scans_never_share_a_name(tmp_path, files):
    make(tmp_path, *files)
    with pytest.raises(InputFileError, match="two scans would be named"):
        find_scans(tmp_path)


def test_the_folder_the_command_stands_in_has_a_name(tmp_path, monkeypatch):
    make(tmp_path / "patient", "1.dcm")
    monkeypatch.chdir(tmp_path / "patient")
    assert cases(".") == ["patient"]


def test_nifti_files_are_scans_of_their_own(tmp_path):
    make(tmp_path, "b.nii.gz", "a.nii", "notes.txt")
    assert cases(tmp_path) == ["a", "b"]


def test_a_data_set_gives_its_images(tmp_path):
    make(tmp_path, "images/c1.nii.gz", "labels/c1.nii.gz", "datalist.json")
    assert find_scans(tmp_path) == [{"image": str(tmp_path / "images" / "c1.nii.gz"), "case": "c1"}]


@pytest.mark.parametrize("folder", [".", "missing"])
def test_nothing_to_contour_is_refused(tmp_path, folder):
    make(tmp_path, "notes.txt")
    with pytest.raises(InputFileError, match=r"name (a folder|one) with DICOM slices"):
        find_scans(tmp_path / folder)


def test_nifti_scans_are_named_by_their_files_up_to_the_suffix(tmp_path):
    for name in ("b.v2.nii.gz", "a.nii", "._a.nii"):
        (tmp_path / name).write_text("")
    assert cases(tmp_path) == ["a", "b.v2"]
