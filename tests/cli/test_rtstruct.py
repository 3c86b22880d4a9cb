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


def test_rois_are_added_to_a_file_or_replaced_in_it(rtcontour, tmp_path, label_map, tiny_ct, tiny_grid, tiny_patient):
    first, added, replaced = (tmp_path / name for name in ("first.dcm", "added.dcm", "replaced.dcm"))
    write_labels(tmp_path / "swapped.nii.gz", (3 - tiny_patient()[1]) * (tiny_patient()[1] > 0), tiny_grid)
    names = ("--names", '{"Bladder": 1, "Rectum": 2}')
    assert rtcontour("rtstruct", label_map, tiny_ct, first, *names).code == 0
    swapped = ("rtstruct", tmp_path / "swapped.nii.gz", tiny_ct)
    assert rtcontour(*swapped, added, *names, "--append-to", first).code == 0
    assert rtcontour(*swapped, replaced, *names, "--append-to", first, "--replace-rois").code == 0
    assert [roi.name for roi in read_structure_set(added).rois] == ["Bladder", "Rectum", "Bladder_2", "Rectum_2"]
    structures = read_structure_set(replaced)
    assert [(roi.number, roi.name) for roi in structures.rois] == [(1, "Bladder"), (2, "Rectum")]
    for roi, value in zip(structures.rois, (2, 1), strict=True):
        assert np.array_equal(rasterize(roi, tiny_grid).full(), tiny_patient()[1] == value)


def test_keyholes_and_fewer_points_are_written_if_asked(rtcontour, tmp_path, tiny_ct, tiny_grid):
    ring = np.zeros(tiny_grid.shape, np.uint8)
    ring[1:8, 1:8, 1] = 1
    ring[3:5, 3:5, 1] = 0
    path = write_labels(tmp_path / "ring.nii.gz", ring, tiny_grid)
    command = ("rtstruct", path, tiny_ct, tmp_path / "rs.dcm", "--names", '{"Bladder": 1}', "--replace")
    counts = []
    for options in ([], ["--keyhole"], ["--tolerance-mm", "0.9"]):
        assert rtcontour(*command, *options).code == 0
        contours = read_structure_set(tmp_path / "rs.dcm")["Bladder"].contours
        counts.append((len(contours), sum(len(contour.points_mm) for contour in contours)))
    assert [contours for contours, _ in counts] == [2, 1, 2] and counts[2][1] < counts[0][1]
