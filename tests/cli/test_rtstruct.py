import json

import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.datasets import write_labels
from rtcontour.dicom import read_structure_set
from rtcontour.grid import Grid


@pytest.fixture
def label_map(tmp_path, tiny_patient, tiny_grid):
    return write_labels(tmp_path / "labels.nii.gz", tiny_patient()[1], tiny_grid)


@pytest.mark.parametrize("as_file", [False, True], ids=["names as text", "names in a file"])
def test_a_label_map_becomes_a_structure_set(rtcontour, tmp_path, label_map, tiny_ct, tiny_patient, tiny_grid, as_file):
    names = json.dumps({"background": 0, "Bladder": 1, "Rectum": 2})
    if as_file:
        (tmp_path / "names.json").write_text(names)
        names = tmp_path / "names.json"
    assert rtcontour("rtstruct", label_map, tiny_ct, tmp_path / "rs.dcm", "--names", names).code == 0
    structures = read_structure_set(tmp_path / "rs.dcm")
    assert [roi.name for roi in structures.rois] == ["Bladder", "Rectum"]
    for roi, value in zip(structures.rois, (1, 2), strict=True):
        assert np.array_equal(rasterize(roi, tiny_grid).full(), tiny_patient()[1] == value)


def test_a_label_map_may_have_its_names_beside_it(rtcontour, tmp_path, label_map, tiny_ct):
    (tmp_path / "labels.json").write_text('{"background": 0, "Bladder": 1, "Rectum": 2}')
    assert rtcontour("rtstruct", label_map, tiny_ct, tmp_path / "rs.dcm").code == 0
    assert [roi.name for roi in read_structure_set(tmp_path / "rs.dcm").rois] == ["Bladder", "Rectum"]


def test_an_existing_file_is_kept_unless_replaced(rtcontour, refused, tmp_path, label_map, tiny_ct):
    (tmp_path / "rs.dcm").write_text("mine")
    command = ("rtstruct", label_map, tiny_ct, tmp_path / "rs.dcm", "--names", '{"Bladder": 1, "Rectum": 2}')
    assert "rs.dcm: exists already" in refused(*command)
    assert (tmp_path / "rs.dcm").read_text() == "mine"
    assert rtcontour(*command, "--replace").code == 0
    assert len(read_structure_set(tmp_path / "rs.dcm").rois) == 2


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "--names"),
        (["--names", '{"Bladder": 1}'], "labels.nii.gz: holds the labels [2]"),
        (["--names", '{"Bladder": }'], "JSON"),
        (["--names", '{"Bladder": "one", "Rectum": 2}'], "Bladder"),
        (["--names", "nowhere.json"], "nowhere.json"),
    ],
    ids=["none", "too few", "no JSON", "no numbers", "no file"],
)
def test_a_label_map_needs_the_names_of_all_its_labels(refused, tmp_path, label_map, tiny_ct, names, reason):
    assert reason in refused("rtstruct", label_map, tiny_ct, tmp_path / "rs.dcm", *names)


def test_masks_on_another_grid_than_the_ct(refused, tmp_path, tiny_ct, tiny_grid):
    shifted = Grid(tiny_grid.shape, tiny_grid.spacing_mm, (0.0, 0.0, 0.0))
    path = write_labels(tmp_path / "shifted.nii.gz", np.ones(tiny_grid.shape, np.uint8), shifted)
    line = refused("rtstruct", path, tiny_ct, tmp_path / "rs.dcm", "--names", '{"Bladder": 1}')
    assert "Bladder" in line and "resample" in line


def test_a_folder_without_masks(refused, tmp_path, tiny_ct):
    (tmp_path / "masks").mkdir()
    assert "masks: holds no masks" in refused("rtstruct", tmp_path / "masks", tiny_ct, tmp_path / "rs.dcm")


def test_masks_that_are_not_there(refused, tmp_path, tiny_ct):
    command = ("rtstruct", tmp_path / "nowhere", tiny_ct, tmp_path / "rs.dcm", "--names", '{"Bladder": 1}')
    assert "nowhere" in refused(*command)
