import errno
import json
from pathlib import Path

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.errors import DataSetError, InputFileError
from rtcontour.evaluation.inputs import list_cases, read_case, read_hu

EVERYTHING = ["Bladder", "Rectum"]


def test_one_folder_of_masks_a_case_with_an_index_or_without(tmp_path, bladder, write_masks):
    write_masks(tmp_path / "c1", {"Bladder": bladder}, index=True)
    write_masks(tmp_path / "c2", {"urinary_bladder": bladder})
    cases = list_cases(tmp_path)
    assert list(cases) == ["c1", "c2"]
    assert [list(read_case(files).masks) for files in cases.values()] == [["Bladder"], ["Bladder"]]


def test_the_layout_of_totalsegmentator_has_images_beside_the_masks(tmp_path, grid, hu, bladder, write_masks):
    write_masks(tmp_path / "s0001" / "segmentations", {"urinary_bladder": bladder})
    write_image(tmp_path / "s0001" / "ct.nii.gz", hu, grid)
    for place in (tmp_path, tmp_path / "s0001"):
        files = list_cases(place)["s0001"]
        assert files.image == tmp_path / "s0001" / "ct.nii.gz"
        assert np.array_equal(read_case(files).masks["Bladder"].full(), bladder)


def test_masks_of_one_case_need_no_index_where_a_file_is_named_after_a_structure(tmp_path, bladder, write_masks):
    folder = write_masks(tmp_path / "patient", {"urinary_bladder": bladder, "lump": bladder})
    (files,) = list_cases(folder).values()
    assert files.name == "patient" and set(read_case(files).masks) == {"Bladder", "lump"}


def test_a_folder_a_case_may_hold_a_label_map(tmp_path, labels, write_label_maps):
    write_label_maps(tmp_path / "c1", {"seg": labels}, {"Bladder": 1, "Rectum": 2})
    assert list(list_cases(tmp_path)) == ["c1"]
    write_label_maps(tmp_path / "c2", {"one": labels, "two": labels}, {"Bladder": 1, "Rectum": 2})
    with pytest.raises(InputFileError, match=r"c2: holds several label maps \(one.nii.gz, two.nii.gz"):
        list_cases(tmp_path)


def test_a_split_of_a_data_set_alone_is_listed(tmp_path, labels, write_data_set):
    folder = write_data_set(tmp_path / "set", {"c1": (labels, EVERYTHING)})
    content = json.loads((folder / "datalist.json").read_text())
    content["test"][0]["cohort"] = "prone"
    (folder / "datalist.json").write_text(json.dumps(content))
    files = list_cases(folder, split="test")["c1"]
    assert (files.cohort, files.patient) == ("prone", "c1")
    with pytest.raises(DataSetError, match="'training' has no cases"):
        list_cases(folder, split="training")
    with pytest.raises(DataSetError, match="no split 'tset'"):
        list_cases(folder, split="tset")


def test_ct_gives_images_by_name_and_does_not_replace_those_of_a_data_set(
    tmp_path, grid, hu, labels, write_label_maps, write_data_set
):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels, "c2": labels}, {"Bladder": 1, "Rectum": 2})
    write_image(tmp_path / "ct" / "c2.nii.gz", hu, grid)
    cases = list_cases(maps, ct=tmp_path / "ct")
    assert cases["c1"].image is None
    assert np.array_equal(read_hu(cases["c2"])[0], hu)
    data_set = write_data_set(tmp_path / "set", {"c2": (labels, EVERYTHING)})
    assert list_cases(data_set, ct=tmp_path / "ct")["c2"].image.parent.name == "images"
    with pytest.raises(InputFileError, match=r"c1.nii.gz: its CT is not known.*--ct"):
        read_hu(cases["c1"])


def test_places_that_hold_nothing_are_refused_in_one_line(tmp_path, labels, grid):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match=r"empty: holds no contours; expected datalist\.json"):
        list_cases(tmp_path / "empty")
    with pytest.raises(InputFileError, match="nowhere: does not exist"):
        list_cases(tmp_path / "nowhere")
    with pytest.raises(InputFileError, match="nowhere: does not exist; --ct"):
        list_cases(tmp_path / "empty", ct=tmp_path / "nowhere")
    write_labels(tmp_path / "maps" / "c1.nii.gz", labels, grid)
    with pytest.raises(InputFileError, match=r"maps: holds NIfTI files and no labels\.json"):
        list_cases(tmp_path / "maps")
    (tmp_path / "notes.txt").write_text("Bladder: fine")
    with pytest.raises(InputFileError, match=r"notes\.txt: is neither a label map \(NIfTI\) nor an RTSTRUCT"):
        list_cases(tmp_path / "notes.txt")


def test_a_folder_that_mixes_kinds_is_refused(tmp_path, bladder, write_masks, write_patient):
    write_masks(tmp_path / "p1", {"Bladder": bladder})
    write_patient(tmp_path / "p2")
    with pytest.raises(InputFileError, match=r"mixes kinds: p1 and the RTSTRUCT p2.RS\.dcm"):
        list_cases(tmp_path)
    write_masks(tmp_path / "p2", {"Bladder": bladder})
    with pytest.raises(InputFileError, match=r"p2: mixes kinds: masks and the RTSTRUCT RS\.dcm"):
        list_cases(tmp_path / "p2")


def test_hidden_files_are_no_cases(tmp_path, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels}, {"Bladder": 1, "Rectum": 2})
    (maps / "._c1.nii.gz").write_bytes(b"made by a file browser")
    assert list(list_cases(maps)) == ["c1"]


def test_a_folder_that_may_not_be_read_is_named(tmp_path, bladder, write_masks, monkeypatch):
    for case in ("c1", "c2"):
        write_masks(tmp_path / case, {"Bladder": bladder})
    closed = tmp_path / "c2"
    ask = Path.is_file

    def refuse(path):
        if path.parent == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return ask(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != closed)  # root may read everything
    with pytest.raises(InputFileError, match=r"c2: cannot be read \(Permission denied\); check the rights"):
        list_cases(tmp_path)


def test_a_single_mask_is_refused_with_the_way_to_name_it(tmp_path, bladder, write_masks):
    folder = write_masks(tmp_path / "c1", {"Bladder": bladder})
    with pytest.raises(InputFileError, match=r"Bladder\.nii\.gz: a label map needs .*labels\.json.*folder of masks"):
        list_cases(folder / "Bladder.nii.gz")


def test_ct_may_name_a_place_in_the_layout_of_totalsegmentator(tmp_path, grid, hu, labels, write_label_maps):
    maps = write_label_maps(tmp_path / "maps", {"c1": labels, "c2": labels}, {"Bladder": 1, "Rectum": 2})
    images = {case: write_image(tmp_path / "ct" / case / "ct.nii.gz", hu, grid) for case in ("c1", "c2")}
    assert {case: files.image for case, files in list_cases(maps, ct=tmp_path / "ct").items()} == images
    alone = list_cases(maps / "c1.nii.gz", ct=tmp_path / "ct" / "c1")
    assert alone["c1"].image == images["c1"]
