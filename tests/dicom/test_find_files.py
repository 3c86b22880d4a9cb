import shutil

import numpy as np
import pydicom
import pytest

from rtcontour.dicom import find_dicom_files, read_ct_geometry, write_structure_set
from rtcontour.errors import InputFileError
from rtcontour.mask import Mask


@pytest.fixture
def patient(tmp_path, tiny_ct):
    """A folder with the tiny CT, an RTSTRUCT under an odd name, and a note."""
    shutil.copytree(tiny_ct, tmp_path / "ct")
    ct = read_ct_geometry(tiny_ct)
    write_structure_set(
        tmp_path / "drawn", {"Lump": Mask.from_array(np.zeros(ct.grid.shape), ct.grid)}, ct, findings=[]
    )
    (tmp_path / "notes.txt").write_text("seen")
    return tmp_path


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_structure_sets_and_slices_are_told_by_their_headers(patient, tiny_ct):
    found = find_dicom_files(files_of(patient))
    assert found.structure_sets == (patient / "drawn",)
    assert list(found.ct) == [read_ct_geometry(tiny_ct).series_uid]
    assert sorted(found.ct_files) == files_of(patient / "ct")


def test_a_structure_set_is_one_by_its_class_where_its_modality_is_spoilt(patient):
    dataset = pydicom.dcmread(patient / "drawn")
    dataset.Modality = "OT"
    dataset.save_as(patient / "drawn")
    assert find_dicom_files([patient / "drawn"]).structure_sets == (patient / "drawn",)


def test_no_files_are_no_dicom_and_a_file_that_is_gone_is_left_out(patient, tmp_path):
    found = find_dicom_files([])
    assert (found.structure_sets, found.ct_files) == ((), ())
    found = find_dicom_files([tmp_path / "gone", patient / "drawn", tmp_path / "gone too"])
    assert found.structure_sets == (patient / "drawn",)


def test_a_file_that_cannot_be_opened_is_an_error(patient):
    with pytest.raises(InputFileError, match=r"ct: cannot be opened"):
        find_dicom_files([patient / "ct"])
