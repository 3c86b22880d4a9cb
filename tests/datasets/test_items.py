"""What MONAI gets: plain dictionaries that say which channels are known."""

import json

import numpy as np
import pytest

from rtcontour.datasets import apply_label_values, monai_items, read_datalist
from rtcontour.errors import DataSetError

STRUCTURES = [{"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}, "Bladder", "CTVn"]


def test_an_item_says_where_the_files_are_and_what_is_known(datalist):
    data_set = read_datalist(datalist())
    first, second = monai_items(data_set, "training", STRUCTURES)
    assert first["case"] == "c01" and first["image"] == str(data_set.cases[0].image)
    assert first["annotated"] == [True, False, True, False]
    assert second["annotated"] == [True, True, True, False]
    assert first["label_values"] == [0, 2, 1, 1]


def test_an_item_says_whose_scan_it_is_and_from_where(datalist):
    data_set = read_datalist(datalist())
    found = [(item["case"], item["patient"], item["cohort"]) for item in monai_items(data_set, "training", STRUCTURES)]
    assert found == [("c01", "p01", "cervix"), ("c02", "p01", "")]


def test_items_are_plain_values(datalist):
    items = monai_items(read_datalist(datalist()), "training", STRUCTURES)
    assert json.loads(json.dumps(items)) == items


def test_the_table_of_an_item_turns_labels_into_channels(datalist):
    item = monai_items(read_datalist(datalist()), "training", STRUCTURES)[0]
    labels = np.array([[[0, 1, 2, 3]]], np.uint8)
    assert apply_label_values(labels, np.array(item["label_values"], np.uint8)).tolist() == [[[0, 2, 1, 1]]]


def test_an_empty_split_is_an_error(datalist):
    with pytest.raises(DataSetError, match="split 'test' has no cases"):
        monai_items(read_datalist(datalist()), "test", STRUCTURES)


def test_a_split_without_the_structures_of_the_recipe_is_an_error(datalist):
    with pytest.raises(DataSetError, match="nobody contoured Bladder in 'validation'"):
        monai_items(read_datalist(datalist()), "validation", ["Bladder"])
