import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.datasets import read_labels
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.inference import contour_ct, load_model

CONFIG = "configs/inference.json"


@pytest.fixture(scope="module")
def inferred(tmp_path_factory, run_workflow, tiny_ct, tiny_checkpoint, recipe):
    folder = tmp_path_factory.mktemp("inferred") / "new"
    options = {"dataset_dir": tiny_ct, "checkpoint": tiny_checkpoint, "output_dir": folder}
    return *run_workflow([CONFIG, recipe], "inference", **options), folder


def test_monai_finds_every_property_of_an_inference(inferred):
    assert inferred[0].check_properties() == []


def test_a_dicom_folder_becomes_a_label_map_and_a_structure_set(inferred, tiny_ct, tiny_checkpoint, tiny_structures):
    ct = read_ct_series(tiny_ct)
    expected = contour_ct(load_model(tiny_checkpoint), ct.hu, ct.grid)
    labels, grid = read_labels(inferred[2] / "ct.nii.gz")
    assert grid.matches(ct.grid) and np.array_equal(labels, expected)
    structures = read_structure_set(inferred[2] / "ct.dcm")
    assert structures.frame_of_reference_uid == ct.frame_of_reference_uid
    for channel, name in enumerate(tiny_structures, start=1):
        assert np.array_equal(rasterize(structures[name], ct.grid).full(), expected == channel)


def test_the_images_of_a_data_set_become_label_maps(tmp_path, run_workflow, tiny_data_set, tiny_checkpoint, recipe):
    options = {"dataset_dir": tiny_data_set, "checkpoint": tiny_checkpoint, "output_dir": tmp_path / "new"}
    _, said = run_workflow([CONFIG, recipe], "inference", **options)
    assert sorted(path.name for path in (tmp_path / "new").glob("*.nii.gz")) == [f"c{n}.nii.gz" for n in (1, 2, 3, 4)]
    assert "case 4/4: c4" in said
