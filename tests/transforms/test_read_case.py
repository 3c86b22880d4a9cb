from dataclasses import replace

import numpy as np
import pytest
import torch

from rtcontour.datasets import monai_items, read_datalist
from rtcontour.errors import DataSetError, GeometryError
from rtcontour.transforms import ReadCased


def test_voxels_and_affine_are_those_of_the_files(write_case, tiny_patient, tiny_grid):
    hu, labels = tiny_patient()
    item = ReadCased()(write_case(hu, labels, annotated=[True, True, True], label_values=[0, 1, 2]))
    assert item["image"].dtype == torch.int16 and item["label"].dtype == torch.uint8
    assert np.array_equal(item["image"][0].numpy(), hu)
    assert np.array_equal(item["label"][0].numpy(), labels)
    assert np.allclose(item["image"].affine, tiny_grid.affine_ras)
    assert np.allclose(item["label"].affine, tiny_grid.affine_ras)


def test_annotated_becomes_a_bool_tensor(write_case, tiny_patient):
    item = ReadCased()(write_case(*tiny_patient(), annotated=[True, False, True], label_values=[0, 1, 2]))
    assert torch.equal(item["annotated"], torch.tensor([True, False, True]))


@pytest.mark.parametrize(
    ("structures", "channels", "annotated"),
    [
        (["Rectum", "Bladder"], {1: 2, 2: 1}, [True, True, True]),
        (["CTVn", "Rectum"], {1: 0, 2: 2}, [True, False, True]),
        ([{"Pelvic_Organs": ["Bladder", "Rectum"]}], {1: 1, 2: 1}, [True, True]),
    ],
    ids=["another order", "a structure of its own on either side", "a union"],
)
def test_labels_arrive_in_the_channels_of_the_recipe(tiny_data_set, tiny_patient, structures, channels, annotated):
    _, labels = tiny_patient(seed=0)
    item = ReadCased()(monai_items(read_datalist(tiny_data_set), "training", structures)[0])
    expected = np.zeros_like(labels)
    for value, channel in channels.items():
        expected[labels == value] = channel
    assert np.array_equal(item["label"][0].numpy(), expected)
    assert item["annotated"].tolist() == annotated


def test_a_union_with_a_part_that_nobody_drew_is_not_annotated(tiny_data_set):
    structures = ["CTVn", {"Pelvic_Organs": ["Bladder", "Rectum"]}]
    complete, incomplete = monai_items(read_datalist(tiny_data_set), "training", structures[1:])
    assert ReadCased()(complete)["annotated"].tolist() == [True, True]
    assert ReadCased()(incomplete)["annotated"].tolist() == [True, False]


def test_a_case_without_label_map_has_only_an_image(write_case, tiny_patient):
    item = write_case(*tiny_patient(), annotated=[True, True, True], label_values=[0, 1, 2])
    del item["label"]
    assert "label" not in ReadCased()(item)


def test_an_image_and_a_label_map_on_different_grids_are_refused(write_case, tiny_patient, tiny_grid):
    shifted = replace(tiny_grid, origin_mm=(-39.0, -38.75, 104.0))
    item = write_case(*tiny_patient(), annotated=[True] * 3, label_values=[0, 1, 2], label_grid=shifted)
    with pytest.raises(GeometryError, match=r"label\.nii\.gz: lies on another grid .* case c1 .* resample"):
        ReadCased()(item)


def test_a_value_without_a_name_is_refused(write_case, tiny_patient):
    hu, labels = tiny_patient()
    labels[5, 5, 5] = 9
    with pytest.raises(DataSetError, match=r"label\.nii\.gz: .*values 9"):
        ReadCased()(write_case(hu, labels, annotated=[True] * 3, label_values=[0, 1, 2]))
