import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from rtcontour.dicom import write_ct_series
from rtcontour.errors import InputFileError
from rtcontour.evaluation.inputs import list_cases, read_case, read_hu
from rtcontour.evaluation.inputs.patients import files_below


def names_and_images(cases):
    return {name: files.image for name, files in cases.items()}


def test_a_structure_set_finds_its_ct_below_its_folder(tmp_path, hu, write_patient):
    folder = write_patient(tmp_path / "p1")
    (files,) = list_cases(folder / "RS.dcm").values()
    assert (files.name, files.image) == ("RS", folder)
    assert np.array_equal(read_hu(files)[0], hu)


@pytest.mark.parametrize("file, ct", [("RS.dcm", "CT"), ("structures/odd_name", "images/ct"), ("RS.dcm", ".")])
def test_a_patient_is_one_case_in_any_layout(tmp_path, labels, write_patient, file, ct):
    folder = write_patient(tmp_path / "p1", file=file, ct=ct)
    (files,) = list_cases(folder).values()
    assert (files.name, files.path, files.image) == ("p1", folder / file, folder)
    case = read_case(files)
    assert np.array_equal(case.masks["Rectum"].full(), labels == 2)


def test_every_patient_folder_is_a_case(tmp_path, write_patient):
    write_patient(tmp_path / "p1")
    write_patient(tmp_path / "p2", file="a/b/RS.dcm", ct="a/c/CT")
    assert names_and_images(list_cases(tmp_path)) == {"p1": tmp_path / "p1", "p2": tmp_path / "p2"}


def test_other_files_of_a_patient_do_not_matter(tmp_path, bladder, write_patient, write_masks):
    folder = write_patient(tmp_path / "p1")
    write_masks(folder / "reference", {"Bladder": bladder})
    (folder / "notes.txt").write_text("seen")
    assert list(list_cases(folder)) == list(list_cases(tmp_path)) == ["p1"]


@pytest.mark.parametrize("file, second", [("RS.dcm", "RS2.dcm"), ("one/RS.dcm", "two/RS.dcm")])
def test_several_structure_sets_of_one_patient_are_refused_by_name(tmp_path, write_patient, file, second):
    folder = write_patient(tmp_path / "p1", file=file)
    (folder / second).parent.mkdir(exist_ok=True)
    shutil.copy(folder / file, folder / second)
    with pytest.raises(
        InputFileError, match=rf"p1: holds 2 RTSTRUCTs of one patient \({file}, {second}\); name the one"
    ):
        list_cases(folder)
    assert list(list_cases(folder / second))


def test_ct_is_given_by_case_or_as_it_is(tmp_path, labels, write_patient):
    for patient in ("p1", "p2"):
        folder = write_patient(tmp_path / "ct" / patient)
        (tmp_path / "pred" / patient).mkdir(parents=True)
        shutil.move(folder / "RS.dcm", tmp_path / "pred" / patient / "RS.dcm")
    by_folder = list_cases(tmp_path / "pred", ct=tmp_path / "ct")
    assert names_and_images(by_folder) == {name: tmp_path / "ct" / name for name in ("p1", "p2")}
    alone = list_cases(tmp_path / "pred" / "p1" / "RS.dcm", ct=tmp_path / "ct" / "p1")["RS"]
    assert np.array_equal(read_case(alone).masks["Bladder"].full(), labels == 1)
    shutil.rmtree(tmp_path / "ct" / "p2")
    with pytest.raises(InputFileError, match=r"p2.RS\.dcm: its CT is not in .*ct; expected a folder p2 there"):
        list_cases(tmp_path / "pred", ct=tmp_path / "ct")


def test_structure_sets_beside_each_other_are_cases_where_ct_has_a_folder_for_each(tmp_path, write_patient):
    for patient in ("p1", "p2"):
        folder = write_patient(tmp_path / "ct" / patient)
        (tmp_path / "pred").mkdir(exist_ok=True)
        shutil.move(folder / "RS.dcm", tmp_path / "pred" / f"{patient}.dcm")
    cases = list_cases(tmp_path / "pred", ct=tmp_path / "ct")
    assert names_and_images(cases) == {name: tmp_path / "ct" / name for name in ("p1", "p2")}
    with pytest.raises(InputFileError, match=r"pred: holds 2 RTSTRUCTs"):
        list_cases(tmp_path / "pred")


def test_a_structure_set_without_ct_is_refused_when_it_is_read(tmp_path, write_patient):
    folder = write_patient(tmp_path / "p1")
    shutil.rmtree(folder / "CT")
    (files,) = list_cases(folder).values()
    with pytest.raises(InputFileError, match=r"RS\.dcm: no CT in its folder or below.*--ct"):
        read_case(files)


def test_of_several_series_the_one_it_was_drawn_on_is_taken(tmp_path, grid, hu, labels, write_patient):
    folder = write_patient(tmp_path / "p1")
    write_ct_series(folder / "later", hu[:, :, :5], type(grid)((24, 20, 5), grid.spacing_mm, (0, 0, 0)), seed=2)
    (files,) = list_cases(folder).values()
    assert np.array_equal(read_case(files).masks["Bladder"].full(), labels == 1)
    assert read_hu(files)[1].matches(grid)
    shutil.rmtree(folder / "CT")
    write_ct_series(folder / "third", hu, grid, seed=3)
    with pytest.raises(InputFileError, match=r"holds 2 CT series .*RS\.dcm names 0; name the folder of the one"):
        read_case(files)


def test_what_is_hidden_and_what_is_no_dicom_is_not_opened(tmp_path, write_patient):
    folder = write_patient(tmp_path / "p1")
    shutil.copy(folder / "RS.dcm", folder / "._RS.dcm")
    shutil.copytree(folder / "CT", folder / ".trash" / "CT")
    for name in ("a.svg", "b.PDF", "c.html", "d.csv", "e.json", "f.png"):
        (folder / name).write_text("no DICOM")
    assert [path.name for path in files_below(folder, only_here=True)] == ["RS.dcm"]
    assert {path.relative_to(folder).parts[0] for path in files_below(folder)} == {"CT", "RS.dcm"}
    assert names_and_images(list_cases(folder)) == {"p1": folder}


def test_a_folder_that_is_closed_is_an_error_and_one_that_vanished_is_none(tmp_path, write_patient, monkeypatch):
    folder = write_patient(tmp_path / "p1")
    scan = os.scandir

    def refuse(error):
        def scandir(path):
            if Path(path).name == "CT":
                raise error(2, "not now", str(path))
            return scan(path)

        return scandir

    monkeypatch.setattr("os.scandir", refuse(PermissionError))
    with pytest.raises(InputFileError, match=r"CT: cannot be read \(not now\); check the rights"):
        list_cases(folder)
    monkeypatch.setattr("os.scandir", refuse(FileNotFoundError))
    assert [path.name for path in files_below(folder)] == ["RS.dcm"]


def test_what_pydicom_has_to_say_of_a_strange_uid_is_not_repeated(tmp_path, write_patient):
    folder = write_patient(tmp_path / "p1")
    content = (folder / "RS.dcm").read_bytes()
    uid = pydicom.dcmread(folder / "RS.dcm").SeriesInstanceUID.encode()
    (folder / "RS.dcm").write_bytes(content.replace(uid, b"A" + uid[1:]))
    code = (
        "from rtcontour.evaluation.inputs import list_cases, read_case\n"
        f"read_case(*list_cases({str(folder)!r}).values())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
