"""The OpenKBP data set of RTCONTOUR_DATA: read as it is."""

import os
from pathlib import Path

import numpy as np
import pytest

from rtcontour.datasets import map_labels, monai_items, read_datalist, read_image, read_labels, recipe_channels
from rtcontour.labels import body_mask, clean_labels

DATA = os.environ.get("RTCONTOUR_DATA")
pytestmark = pytest.mark.skipif(
    not DATA or not (Path(DATA) / "openkbp").is_dir(), reason="RTCONTOUR_DATA names no folder with openkbp"
)
# structure: contoured in how many training and validation cases, as the data set's README counts them
COUNTS = {
    "Brainstem": (156, 28),
    "SpinalCord": (167, 33),
    "Parotid_R": (162, 33),
    "Parotid_L": (163, 31),
    "Esophagus": (59, 12),
    "Larynx": (81, 17),
    "Bone_Mandible": (112, 22),
}


@pytest.fixture(scope="module")
def data_set():
    return read_datalist(Path(DATA) / "openkbp")


def test_cases_and_structures_are_counted_as_in_its_readme(data_set):
    assert [len(data_set.split(split)) for split in ("training", "validation", "test")] == [169, 33, 0]
    assert data_set.findings == ()
    for column, split in enumerate(("training", "validation")):
        items = monai_items(data_set, split, list(COUNTS))
        known = np.array([item["annotated"][1:] for item in items]).sum(axis=0)
        assert known.tolist() == [counts[column] for counts in COUNTS.values()]


@pytest.mark.parametrize("number", [0, 60, 120])
def test_a_case_has_the_labels_that_it_says(data_set, number):
    case = data_set.split("training")[number]
    hu, grid = read_image(case.image)
    labels, label_grid = read_labels(case.label)
    assert hu.shape == labels.shape == (128, 128, 128) and hu.min() >= -1024
    assert label_grid.matches(grid) and 1.9 < grid.spacing_mm[2] < 3.3
    there = {name for name, value in data_set.labels.items() if (labels == value).any()}
    assert there == set(case.annotated)
    mapped = map_labels(labels, data_set.labels, recipe_channels([{"Parotids": ["Parotid_L", "Parotid_R"]}]))
    assert np.array_equal(mapped == 1, (labels == 3) | (labels == 4))


def test_the_organs_lie_in_the_body_and_survive_cleaning(data_set):
    case = data_set.split("training")[5]
    labels, _ = read_labels(case.label)
    body = body_mask(read_image(case.image)[0])
    assert np.count_nonzero(body & (labels > 0)) > 0.98 * np.count_nonzero(labels)
    assert np.mean(clean_labels(labels) == labels) > 0.999
