import json
import math
import re
import shutil

import pytest
import torch

CONFIG = "configs/train.json"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, run_workflow, tiny_data_set, recipe, preset):
    """Two epochs: the workflow, what it printed, and its output folder; read them, never change them."""
    folder = tmp_path_factory.mktemp("trained") / "new"
    options = {"dataset_dir": tiny_data_set, "output_dir": folder}
    return *run_workflow([CONFIG, recipe, preset], "train", **options), folder


def test_monai_finds_every_property_of_a_training(trained):
    assert trained[0].check_properties() == []


def test_every_epoch_is_trained_and_validated(trained):
    workflow, said, _ = trained
    assert re.findall(r"^epoch (\d)/2 iteration 2/2 loss ", said, re.M) == ["1", "2"]
    assert len(re.findall(r"validation: mean Dice 0\.\d+ \(Bladder ", said)) == 2
    assert workflow.trainer.state.epoch == 2


def test_an_update_sees_batch_times_accumulate_patches(trained, tiny_patch):
    batch = next(iter(trained[0].parser.get_parsed_content("train::dataloader")))
    assert batch["image"].shape == (2, 1, *tiny_patch) and batch["image"].dtype == torch.float32
    assert batch["image"].min() >= -1 and batch["image"].max() <= 1
    assert batch["annotated"].shape == (2, 3)


def test_the_best_model_holds_all_that_is_needed_to_use_it(trained, tiny_structures, tiny_patch):
    state = torch.load(trained[2] / "model.pt", weights_only=True)
    assert set(state) == {"model", "rtcontour"}
    said = state["rtcontour"]
    assert said["network"] == "RecomiaFCN"
    assert said["arguments"] == {"in_channels": 1, "classes": 3, "size": "cpu"}
    assert (said["structures"], said["patch"], said["spacing_mm"]) == (tiny_structures, tiny_patch, None)
    assert said["window_hu"] == [-800, 800] and said["postprocessing"]["connectivity"] == 26


def test_the_plateau_rule_watches_the_patients_held_out(trained):
    losses = [float(loss) for loss in re.findall(r"held out.* loss ([0-9.]+)", trained[1])]
    assert len(losses) == 2  # one an epoch, and here one a cycle
    last = torch.load(trained[2] / "last.pt", weights_only=True)
    assert last["schedule"]["best"] == pytest.approx(losses[-1], abs=1e-3)
    assert last["cycles"]["folds"] == 2 and set(last["cycles"]["fold"].values()) == {0, 1}


def test_a_cycle_begins_with_a_search_for_false_positives(trained):
    before, after = trained[1].split("false positives kept")
    assert "epoch 1/2" in before and "epoch 2/2" not in before and "epoch 2/2" in after


def test_tensorboard_finds_losses_and_dice(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tags = set()
    for path in trained[2].glob("events.out.tfevents.*"):
        events = EventAccumulator(str(path))
        events.Reload()
        tags |= set(events.Tags()["scalars"])
    assert {"train_loss", "mean_dice"} <= tags


def test_a_resumed_training_goes_on_with_the_next_epoch(
    tmp_path, trained, run_workflow, write_recipe, tiny_data_set, preset
):
    folder = shutil.copytree(trained[2], tmp_path / "copy")
    before = torch.load(folder / "last.pt", weights_only=True)
    longer = write_recipe(tmp_path / "longer.json", epochs=3)
    _, said = run_workflow([CONFIG, longer, preset], "train", dataset_dir=tiny_data_set, output_dir=folder, resume=True)
    assert re.findall(r"^epoch (\d)/3 iteration", said, re.M) == ["3"]
    after = torch.load(folder / "last.pt", weights_only=True)
    assert (before["trainer"]["iteration"], after["trainer"]["iteration"]) == (4, 6)
    assert after["best"]["best"] >= before["best"]["best"] > -math.inf
    optimised = next(iter(after["optimizer"]["state"].values()))
    assert int(optimised["step"]) == 2  # the third epoch is a cycle of its own


def test_a_training_may_start_from_the_weights_of_another(
    tmp_path, trained, run_workflow, tiny_data_set, recipe, preset
):
    options = {"dataset_dir": tiny_data_set, "output_dir": tmp_path / "new", "weights": trained[2] / "model.pt"}
    frozen = {**options, "recipe::optimizer::lr": 0.0}
    _, said = run_workflow([CONFIG, recipe, preset], "train", **frozen)
    assert re.findall(r"^epoch (\d)/2 iteration 2/2", said, re.M) == ["1", "2"]
    first, second = (torch.load(path / "model.pt")["model"] for path in (trained[2], tmp_path / "new"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_same_seed_trains_the_same_weights(tmp_path, trained, run_workflow, tiny_data_set, recipe, preset):
    run_workflow([CONFIG, recipe, preset], "train", dataset_dir=tiny_data_set, output_dir=tmp_path / "again")
    first, again = (torch.load(folder / "last.pt")["model"] for folder in (trained[2], tmp_path / "again"))
    assert all(torch.allclose(first[name], again[name], atol=1e-6) for name in first)


def test_a_check_tells_the_plan_and_trains_nothing(tmp_path, run_workflow, tiny_data_set, recipe, preset):
    options = {"dataset_dir": tiny_data_set, "output_dir": tmp_path / "new"}
    _, said = run_workflow([CONFIG, recipe, preset], "train", run_id="check", **options)
    assert "training: 2 cases; contoured: Bladder 2, Rectum 1" in said
    assert "2 epochs of 2 updates of 2 patches, 1 of them" in said and "nothing was trained" in said
    assert not (tmp_path / "new").exists()


def test_the_default_recipe_and_preset_are_taken_where_none_is_named(tmp_path, run_workflow, tiny_data_set):
    names = ["Femur_Head_R", "Femur_Head_L", "Bladder", "Bag_Bowel", "CTVn"]
    folder = shutil.copytree(tiny_data_set, tmp_path / "data")
    content = json.loads((folder / "datalist.json").read_text())
    content["labels"].update({name: 10 + n for n, name in enumerate(names) if name != "Bladder"})
    content["training"][0]["annotated"] = names
    first = content["training"][0]
    content["training"] += [{**first, "case": f"more{n}", "patient": f"more{n}"} for n in range(3)]  # five folds
    (folder / "datalist.json").write_text(json.dumps(content))
    _, said = run_workflow(CONFIG, "train", run_id="check", dataset_dir=folder, output_dir=tmp_path / "new")
    assert "recipe pelvis_fcn: RecomiaFCN" in said and "658,878 parameters" in said
    assert "40 epochs of 100 updates of 1 patch," in said


def test_another_recipe_can_be_named_by_a_reference(tmp_path, run_workflow, tiny_data_set, recipe, preset):
    options = {"dataset_dir": tiny_data_set, "output_dir": tmp_path / "new", "recipe": f"%{recipe}::recipe"}
    _, said = run_workflow([CONFIG, preset], "train", run_id="check", **options)
    assert "recipe tiny: RecomiaFCN" in said


def test_a_value_of_a_recipe_that_is_named_can_be_overridden(tmp_path, run_workflow, tiny_data_set, recipe, preset):
    options = {"dataset_dir": tiny_data_set, "output_dir": tmp_path / "new", "recipe::patch": [16, 16, 8]}
    _, said = run_workflow([CONFIG, recipe, preset], "train", run_id="check", **options)
    assert "patch [16, 16, 8]" in said
