"""Channels by hand: background first, then the recipe's structures, matched by what the names mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.datasets import annotated_channels, label_values, map_labels, recipe_channels
from rtcontour.errors import ConfigError, DataSetError

HEADS = {"Femur_Heads": ["Femur_Head_L", "Femur_Head_R"]}
LABELS = {"Bladder": 1, "Femur_Head_L": 2, "Femur_Head_R": 4, "Rectum": 5}


def test_channels_keep_the_order_of_the_recipe():
    assert [channel.name for channel in recipe_channels(["CTV", "Bladder", HEADS])] == ["CTV", "Bladder", "Femur_Heads"]


def test_names_are_matched_by_their_meaning():
    channels = recipe_channels(["Harnblase", "Femoral head lt"])
    assert [channel.name for channel in channels] == ["Bladder", "Femur_Head_L"]
    assert label_values(channels, {"urinary bladder": 1, "Femur_Head_L": 2}).tolist() == [0, 1, 2]


def test_a_name_outside_the_table_is_matched_as_written():
    channels = recipe_channels(["Hip implant"])
    assert label_values(channels, {"Hip implant": 1}).tolist() == [0, 1]


def test_labels_become_channels():
    labels = np.array([0, 1, 2, 4, 5], np.uint8).reshape(5, 1, 1)
    mapped = map_labels(labels, LABELS, recipe_channels([HEADS, "Bladder", "CTV"]))
    assert mapped.dtype == np.uint8 and mapped.ravel().tolist() == [0, 2, 1, 1, 0]


def test_a_union_also_takes_a_label_of_its_own_name():
    assert label_values(recipe_channels([HEADS]), {"Femur_Heads": 1}).tolist() == [0, 1]


@pytest.mark.parametrize("value", [3, 6, 200])
def test_a_value_without_a_name_is_an_error(value):
    with pytest.raises(DataSetError, match=f"values {value}, which `labels`"):
        map_labels(np.full((2, 1, 1), value), LABELS, recipe_channels(["Bladder"]))


@given(st.permutations(list(LABELS)), st.integers(0, 2**32 - 1))
def test_mapping_is_voxel_by_voxel(names, seed):
    values = np.array([0, *LABELS.values()])
    labels = values[np.random.default_rng(seed).integers(0, 5, (4, 3, 2))]
    mapped = map_labels(labels, LABELS, recipe_channels(names[:3]))
    channel = {LABELS[name]: number for number, name in enumerate(names[:3], 1)}
    assert all(mapped[at] == channel.get(int(labels[at]), 0) for at in np.ndindex(labels.shape))


@pytest.mark.parametrize(
    "annotated, expected",
    [
        (["Bladder", "Femur_Head_L", "Femur_Head_R"], [True, True, True, False]),
        (["Bladder", "Femur_Head_L"], [True, True, False, False]),
        (["Femur_Head_R", "Femur_Head_L"], [True, False, True, False]),
        (["Harnblase"], [True, True, False, False]),
        ([], [True, False, False, False]),
        (["CTV"], [True, False, False, False]),  # not in the data set's labels
    ],
)
def test_a_channel_is_annotated_if_all_its_parts_are(annotated, expected):
    channels = recipe_channels(["Bladder", HEADS, "CTV"])
    assert annotated_channels(channels, annotated, LABELS).tolist() == expected


@pytest.mark.parametrize(
    "structures, message",
    [
        ([], "0 of them"),
        (["Bladder", "Harnblase"], "Bladder belongs to Bladder and Bladder"),
        (["Femur_Head_L", HEADS], "Femur_Head_L belongs to Femur_Head_L and Femur_Heads"),
        ([{"Heads": []}], "'Heads' is \\[\\]"),
        ([{"Heads": "Femur_Head_L"}], "expected a list of names"),
        ([f"s{n}" for n in range(255)], "255 of them"),
    ],
)
def test_impossible_recipes_are_refused(structures, message):
    with pytest.raises(ConfigError, match=message):
        recipe_channels(structures)
