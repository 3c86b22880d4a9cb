import json
import shutil

import pytest

from rtcontour.datasets import monai_items, read_datalist, recipe_channels
from rtcontour.errors import DataSetError
from rtcontour.networks import RecomiaFCN
from rtcontour.training import Batching, Cycles, ModelDescription, check_data_set, check_split, print_plan
from rtcontour.training.plan import count_annotated

PRESET = {"size": "cpu", "batch": 2, "accumulate": 3, "iterations": 10}


@pytest.fixture
def changed(tiny_data_set, tmp_path):
    """The tiny data set with another datalist.json."""

    def change(apply):
        folder = shutil.copytree(tiny_data_set, tmp_path / "data")
        content = json.loads((folder / "datalist.json").read_text())
        apply(content)
        (folder / "datalist.json").write_text(json.dumps(content))
        return read_datalist(folder)

    return change


def test_only_what_was_contoured_is_counted(tiny_data_set):
    data = read_datalist(tiny_data_set)
    channels = recipe_channels(["Rectum", "CTVn", "Bladder"])
    assert count_annotated(data, "training", channels) == {"Rectum": 1, "CTVn": 0, "Bladder": 2}
    assert count_annotated(data, "test", channels) == {"Rectum": 1, "CTVn": 0, "Bladder": 1}


def test_a_complete_data_set_passes(tiny_data_set, tiny_structures):
    check_data_set(read_datalist(tiny_data_set), recipe_channels(tiny_structures))


@pytest.mark.parametrize("split", ["training", "validation"])
def test_a_training_needs_cases_to_train_and_to_validate(changed, split, tiny_structures):
    data = changed(lambda content: content.update({split: []}))
    with pytest.raises(DataSetError, match=rf"datalist\.json: has no {split} case"):
        check_data_set(data, recipe_channels(tiny_structures))


def test_an_empty_test_split_does_not_stop_a_training_but_a_test(changed, tiny_structures):
    data = changed(lambda content: content.update(test=[]))
    check_data_set(data, recipe_channels(tiny_structures))
    with pytest.raises(DataSetError, match="has no test case"):
        check_split(data, "test")


def test_a_test_case_without_label_map_cannot_be_scored(changed):
    data = changed(lambda content: content["test"][0].pop("label"))
    with pytest.raises(DataSetError, match=r"datalist\.json: test cases c4 have no label map"):
        check_split(data, "test")


def test_a_split_that_does_not_exist_is_named(tiny_data_set):
    with pytest.raises(DataSetError, match="'tets'"):
        check_split(read_datalist(tiny_data_set), "tets")


def test_a_structure_that_no_training_case_has_is_refused(tiny_data_set):
    with pytest.raises(DataSetError, match=r"no training case has CTVn contoured \(it has Bladder, Rectum\)"):
        check_data_set(read_datalist(tiny_data_set), recipe_channels(["Bladder", "CTVn"]))


def test_the_plan_tells_data_recipe_and_preset(tiny_data_set, tiny_structures, capsys):
    description = ModelDescription.of(
        RecomiaFCN(classes=3),
        recipe="tiny",
        structures=tiny_structures,
        window_hu=(-800, 800),
        spacing_mm=None,
        patch=(24, 16, 12),
        tile=(24, 16, 12),
        postprocessing=None,
    )
    data = read_datalist(tiny_data_set)
    cycles = Cycles(monai_items(data, "training", tiny_structures), 5, 2, mined_share=0.1)
    print_plan(data, recipe_channels(tiny_structures), description, Batching(6, 2, 10), cycles, 20)
    said = capsys.readouterr().out
    assert "training: 2 cases; contoured: Bladder 2, Rectum 1" in said
    assert "RecomiaFCN" in said and "[24, 16, 12]" in said
    assert "20 epochs of 10 updates of 6 patches, 2 of them in memory at a time" in said
    assert "cycles of 5 epochs, in each 1 of 2 folds" in said and "10 % of the patches from false positives" in said
    assert said.endswith("nothing was trained\n")
