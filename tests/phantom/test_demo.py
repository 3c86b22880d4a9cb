"""The whole way once, as a user of `make demo` has it: with the shipped weights, on a patient of full size."""

import json
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.datasets import read_labels
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.errors import OutputError
from rtcontour.phantom import run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder and the lines it printed; read it, never change it."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return SimpleNamespace(folder=folder, lines=list(run_demo(folder, seed=2020)))


@pytest.fixture(scope="module")
def label_map(demo):
    """The demo's label map as {name: bool array}, and its grid."""
    labels, grid = read_labels(demo.folder / "labels.nii.gz")
    values = json.loads((demo.folder / "labels.json").read_text())
    return {name: labels == value for name, value in values.items() if value}, grid


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_it_leaves_what_it_says(demo):
    assert {path.name for path in demo.folder.iterdir()} == {
        "ct", "rtstruct.dcm", "labels.nii.gz", "labels.json", "contours.png", "report.html",
    }  # fmt: skip
    for name in ("ct", "rtstruct.dcm", "labels.nii.gz", "contours.png", "report.html"):
        assert str(demo.folder / name) in demo.lines
    assert (demo.folder / "contours.png").read_bytes().startswith(b"\x89PNG")
    report = (demo.folder / "report.html").read_text()
    assert "Femur_Head_L" in report and "clinical use" in report


def test_the_shipped_weights_find_every_structure(demo):
    said = [line.split(": Dice ") for line in demo.lines if ": Dice " in line]
    scores = {name.strip(): float(rest.split(",")[0]) for name, rest in said}
    assert set(scores) == {"Femur_Head_R", "Femur_Head_L", "Bladder", "Bag_Bowel", "CTVn"}
    assert min(scores.values()) > 0.6


def test_the_structure_set_is_valid_and_belongs_to_the_ct(demo, dciodvfy_errors):
    ct, structures = read_ct_series(demo.folder / "ct"), read_structure_set(demo.folder / "rtstruct.dcm")
    assert structures.frame_of_reference_uid == ct.frame_of_reference_uid
    assert structures.series_uid == ct.series_uid
    assert dciodvfy_errors(demo.folder / "rtstruct.dcm") == []


def test_structure_set_and_label_map_hold_the_same_voxels(demo, label_map):
    arrays, grid = label_map
    rois = {roi.name: rasterize(roi, grid) for roi in read_structure_set(demo.folder / "rtstruct.dcm").rois}
    assert set(rois) == set(arrays)
    for name, mask in rois.items():
        assert np.array_equal(mask.full(), arrays[name])


@pytest.mark.skipif(shutil.which("plastimatch") is None, reason="plastimatch is not installed")
def test_plastimatch_reads_the_structure_set_as_the_label_map(demo, label_map, tmp_path):
    command = ["plastimatch", "convert", "--input", demo.folder / "rtstruct.dcm", "--prefix-format", "nii.gz"]
    options = ["--output-prefix", tmp_path, "--referenced-ct", demo.folder / "ct"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    arrays, grid = label_map
    for name, array in arrays.items():
        theirs, their_grid = read_labels(tmp_path / f"{name}.nii.gz")
        assert their_grid.matches(grid)
        assert dice(theirs > 0, array) >= 0.98


def test_a_folder_with_something_in_it_is_kept(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError, match="exists already"):
        next(iter(run_demo(tmp_path, seed=1)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
