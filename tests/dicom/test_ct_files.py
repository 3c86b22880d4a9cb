"""A CT series read from a list of files is that read from a folder."""

import shutil

import numpy as np
import pytest

from rtcontour.dicom import read_ct_series
from rtcontour.dicom.ct_read import read_ct_files
from rtcontour.errors import GeometryError, InputFileError


def test_files_from_several_folders_are_one_series(tmp_path, dicom):
    dicom.save_stack(tmp_path / "whole", [0, 2, 4, 6])
    for number in range(4):
        (tmp_path / f"{number % 2}").mkdir(exist_ok=True)
        shutil.copy(tmp_path / "whole" / f"{number}.dcm", tmp_path / f"{number % 2}" / f"part {9 - number}")
    (tmp_path / "0" / "letter").write_text("not asked for")
    paths = [*(tmp_path / "1").glob("part*"), *(tmp_path / "0").glob("part*")]
    ct, whole = read_ct_files(paths), read_ct_series(tmp_path / "whole")
    assert np.array_equal(ct.hu, whole.hu) and ct.grid == whole.grid and ct.findings == whole.findings == ()
    assert (ct.image_uids, ct.series_uid, ct.frame_of_reference_uid) == (
        whole.image_uids,
        dicom.SERIES,
        whole.frame_of_reference_uid,
    )
    assert [path.name for path in ct.paths] == ["part 9", "part 8", "part 7", "part 6"]


def test_missing_and_uneven_slices_are_treated_as_in_a_folder(tmp_path, dicom):
    dicom.save_stack(tmp_path / "gap", [0, 2, 6, 8])
    ct = read_ct_files((tmp_path / "gap").glob("*.dcm"))
    assert ct.hu.shape[2] == 5 and [finding.code for finding in ct.findings] == ["slice-missing"]
    dicom.save_stack(tmp_path / "uneven", [0, 2, 5, 6.2])
    with pytest.raises(GeometryError, match="even steps"):
        read_ct_files((tmp_path / "uneven").glob("*.dcm"), uneven="refuse")


def test_what_is_not_one_series_is_refused_by_name(tmp_path, dicom):
    with pytest.raises(InputFileError, match="no files"):
        read_ct_files([])
    dicom.save_stack(tmp_path / "a", [0, 2])
    dicom.save_stack(tmp_path / "b", [0, 2], series="1.2.3.5")
    files = [*(tmp_path / "a").glob("*.dcm"), *(tmp_path / "b").glob("*.dcm")]
    with pytest.raises(InputFileError, match="2 CT series"):
        read_ct_files(files)
    (tmp_path / "letter").write_text("Dear colleague")
    with pytest.raises(InputFileError, match=r"letter: is no CT slice \(not DICOM\)"):
        read_ct_files([*files, tmp_path / "letter"])
    scout = dicom.ct_slice(np.zeros((3, 2)), (0, 0, 0), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(InputFileError, match="a localizer"):
        read_ct_files([dicom.save(scout, tmp_path / "scout")])


def test_slices_of_one_patient_may_spell_the_id_otherwise(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2], PatientID="AB12")
    dicom.save(dicom.ct_slice(np.zeros((3, 2)), (0, 0, 4), PatientID="ab12 "), tmp_path / "third.dcm")
    assert read_ct_files(tmp_path.glob("*.dcm")).grid.shape == (2, 3, 3)
