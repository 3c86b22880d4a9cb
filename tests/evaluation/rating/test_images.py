import json

import pytest

from rtcontour.datasets import write_image
from rtcontour.dicom import write_ct_series
from rtcontour.errors import InputFileError
from rtcontour.evaluation.rating.images import find_images


@pytest.fixture
def write_nifti(rating_patient, rating_grid):
    def write(path):
        write_image(path, rating_patient[0], rating_grid)
        return path

    return write


def test_nifti_files_are_the_cts_of_the_cases_they_are_named_by(tmp_path, write_nifti):
    for name in ("c1.nii.gz", "c2.v2.nii"):
        write_nifti(tmp_path / name)
    (tmp_path / "._c1.nii.gz").write_bytes(b"of another program")
    images = find_images(tmp_path)
    assert images.paths == {"c1": tmp_path / "c1.nii.gz", "c2.v2": tmp_path / "c2.v2.nii"}
    assert images.folder == tmp_path and images.cohorts == {}
    assert find_images(tmp_path / "c1.nii.gz").paths == {"c1": tmp_path / "c1.nii.gz"}


def test_a_series_is_named_by_the_folder_below_the_place_however_deep_it_lies(tmp_path, rating_patient, rating_grid):
    for case, deep in (("p1", "p1/ct"), ("p2", "p2/2024/ct")):
        write_ct_series(tmp_path / deep, rating_patient[0], rating_grid, seed=1)
        assert find_images(tmp_path).paths[case] == tmp_path / case
    alone = find_images(tmp_path / "p1" / "ct")
    assert alone.path_of("any name", alone=True) == tmp_path / "p1" / "ct"


def test_a_data_set_tells_images_and_cohorts_by_case(tmp_path, tiny_data_set):
    images = find_images(tiny_data_set)
    assert set(images.paths) == {"c1", "c2", "c3", "c4"} and images.folder is None
    assert images.path_of("c2").name == "c2.nii.gz"


def test_a_case_without_ct_is_told_with_those_that_are_there(tmp_path, write_nifti):
    for name in ("c1", "c2"):
        write_nifti(tmp_path / f"{name}.nii.gz")
    images = find_images(tmp_path)
    for alone in (False, True):  # of several CTs none is meant by itself
        with pytest.raises(InputFileError, match="no CT of case 'c3', only of c1, c2"):
            images.path_of("c3", alone=alone)


def test_a_place_without_cts_is_refused(tmp_path):
    (tmp_path / "labels.json").write_text(json.dumps({"Bladder": 1}))
    for place, found in ((tmp_path, "holds no CT"), (tmp_path / "nowhere", "nowhere: does not exist")):
        with pytest.raises(InputFileError, match=found):
            find_images(place)


def test_label_maps_are_no_cts(tmp_path, write_nifti):
    write_nifti(tmp_path / "c1.nii.gz")
    (tmp_path / "labels.json").write_text(json.dumps({"Bladder": 1}))
    with pytest.raises(InputFileError, match=r"holds label maps, as labels\.json"):
        find_images(tmp_path)


def test_the_layout_of_totalsegmentator_has_a_ct_a_case_beside_series_of_others(
    tmp_path, write_nifti, rating_patient, rating_grid
):
    for case in ("c1", "c2"):
        write_nifti(tmp_path / case / "ct.nii.gz")
    assert find_images(tmp_path).paths == {case: tmp_path / case / "ct.nii.gz" for case in ("c1", "c2")}
    assert find_images(tmp_path / "c1").paths == {"c1": tmp_path / "c1" / "ct.nii.gz"}
    write_ct_series(tmp_path / "c3" / "ct", rating_patient[0], rating_grid, seed=1)
    assert find_images(tmp_path).paths.keys() == {"c1", "c2", "c3"}
    assert find_images(tmp_path).paths["c3"] == tmp_path / "c3"
