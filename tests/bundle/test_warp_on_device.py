"""A training whose device turns and scales the patches beside one whose workers do."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

TRAIN, ON_DEVICE, TOGETHER = (f"configs/{name}.json" for name in ("train", "warp_on_device", "multi_gpu_train"))
# bfloat16 would hide what float32 shows, that both see the same patches.
SETTINGS = {"device": "$torch.device('cpu')", "autocast": "$None"}


@pytest.fixture(scope="module")
def two_voxel_sizes(tmp_path_factory, write_tiny_data_set, tiny_patient, tiny_grid):
    """The tiny data set, one of whose two training scans has smaller voxels, so that it needs larger cut-outs."""
    from rtcontour.datasets import write_image, write_labels

    folder = write_tiny_data_set(tmp_path_factory.mktemp("two") / "data")
    grid = replace(tiny_grid, shape=(44, 36, 26), spacing_mm=(1.7, 2.1, 3.0))
    hu, labels = tiny_patient(1, grid)
    labels[labels == 2] = 0
    write_image(folder / "images" / "c2.nii.gz", hu, grid, replace=True)
    write_labels(folder / "labels" / "c2.nii.gz", labels, grid, replace=True)
    return folder


@pytest.fixture(scope="module")
def recipe_of_two(tmp_path_factory, write_recipe):
    """Two cycles, one of the two patients held out in each.

    None mined: a voxel labelled otherwise by rounding would give other centres.
    """
    cycle = {"epochs": 1, "folds": 2, "mined_share": 0.0}
    return write_recipe(tmp_path_factory.mktemp("two") / "r.json", spacing_mm=[2.0, None, 3.5], cycle=cycle)


@pytest.fixture(scope="module")
def three_updates(tmp_path_factory, preset):
    content = json.loads(Path(preset).read_text())["preset"]
    path = tmp_path_factory.mktemp("two") / "preset.json"
    path.write_text(json.dumps({"preset": {**content, "batch": 1, "accumulate": 2, "iterations": 3}}))
    return str(path)


def losses(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [event.value for event in events.Scalars("train_loss")]


@pytest.fixture(scope="module")
def both(tmp_path_factory, run_workflow, two_voxel_sizes, recipe_of_two, three_updates):
    """What the two trainings printed, and the loss of each update."""
    folder, found = tmp_path_factory.mktemp("both"), []
    for stories in ([TRAIN], [TRAIN, ON_DEVICE]):
        output = folder / str(len(stories))
        options = {"dataset_dir": two_voxel_sizes, "output_dir": output, "cache_dir": folder / "volumes", **SETTINGS}
        workflow, said = run_workflow([*stories, recipe_of_two, three_updates], "train", **options)
        found.append((workflow, said, losses(output)))
    return found


def test_a_device_that_warps_sees_the_patches_of_the_workers(both):
    (_, _, of_workers), (_, _, of_device) = both
    assert len(of_workers) == len(set(of_workers)) == 6
    assert of_device == pytest.approx(of_workers, rel=1e-4)


def test_in_several_processes_too(tmp_path, root, both, two_voxel_sizes, recipe_of_two, three_updates):
    options = {"dataset_dir": two_voxel_sizes, "output_dir": tmp_path / "new", **SETTINGS}
    options["config_file"] = [TRAIN, TOGETHER, ON_DEVICE, recipe_of_two, three_updates]
    command = ["torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "monai.bundle", "run"]
    command += [word for key, value in options.items() for word in (f"--{key}", str(value))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-m", *command], cwd=root, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert losses(tmp_path / "new") == pytest.approx(both[0][2], rel=1e-4)


def test_and_so_do_the_patients_held_out(both):
    of_workers, of_device = ([float(n) for n in re.findall(r"held out: loss ([0-9.]+)", said)] for _, said, _ in both)
    assert len(of_workers) == 2 and of_device == pytest.approx(of_workers, abs=2e-4)


def test_workers_then_give_cut_outs_of_one_size(both, tiny_patch):
    workflow = both[1][0]
    batch = next(iter(workflow.parser.get_parsed_content("train::dataloader")))
    assert batch["image"].shape[0] == 2 and batch["image"].shape[2:] > tuple(reversed(tiny_patch))
    assert {"warp", "scan", "shift_hu"} <= set(batch)


def test_a_sampling_without_cut_outs_is_one_line(tmp_path, fail_here, write_recipe, tiny_data_set, preset):
    middle = {"_target_": "rtcontour.transforms.CropMiddled", "patch": "@recipe::patch"}
    recipe = write_recipe(tmp_path / "middle.json", sampling=middle)
    options = {"dataset_dir": tiny_data_set, "output_dir": tmp_path / "new"}
    said = fail_here([TRAIN, ON_DEVICE, recipe, preset], **options).err
    assert "recipe::sampling is CropMiddled; expected SamplePatchd" in said and "Traceback" not in said
