"""A training by two processes beside the same one by one, as torchrun starts it."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

TRAIN, TOGETHER = "configs/train.json", "configs/multi_gpu_train.json"
# bfloat16 would hide what float32 shows, that both do the same.
SETTINGS = {"device": "$torch.device('cpu')", "autocast": "$None"}


@pytest.fixture(scope="module")
def three_validated(tmp_path_factory, write_tiny_data_set):
    """The tiny data set with three validation cases: two for the first process, one for the second."""
    folder = write_tiny_data_set(tmp_path_factory.mktemp("three") / "data")
    content = json.loads((folder / "datalist.json").read_text())
    half_known = {**content["test"][0], "case": "c5", "patient": "c5", "annotated": ["Bladder"]}
    content["validation"] += [*content.pop("test"), half_known]
    (folder / "datalist.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def configs(tmp_path_factory, recipe, preset):
    """The tiny recipe, and a preset with four patches an update."""
    content = json.loads(Path(preset).read_text())["preset"]
    four = tmp_path_factory.mktemp("preset") / "four.json"
    four.write_text(json.dumps({"preset": {**content, "batch": 1, "accumulate": 4, "iterations": 3}}))
    return [recipe, str(four)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory, run_workflow, configs, three_validated):
    """What one process printed, and its output folder."""
    folder = tmp_path_factory.mktemp("alone") / "new"
    return run_workflow([TRAIN, *configs], "train", dataset_dir=three_validated, output_dir=folder, **SETTINGS)[
        1
    ], folder


@pytest.fixture(scope="module")
def together(tmp_path_factory, root, configs, three_validated):
    """Two trainings of two processes, the second of which fails: name -> (ended torchrun, output folder)."""
    folder = tmp_path_factory.mktemp("together")
    broken = shutil.copytree(three_validated, folder / "data")
    image = broken / "images" / "c4.nii.gz"  # the second validation case, so that of the second process
    image.write_bytes(image.read_bytes()[:2000])

    def start(name, data):
        options = {
            **SETTINGS,
            "dataset_dir": data,
            "output_dir": folder / name,
            "config_file": [TRAIN, TOGETHER, *configs],
        }
        command = ["torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "monai.bundle", "run"]
        command += [word for key, value in options.items() for word in (f"--{key}", str(value))]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=root, env=environment, capture_output=True, text=True, check=False
        ), folder / name

    with ThreadPoolExecutor(2) as pool:
        runs = {"good": pool.submit(start, "good", three_validated), "broken": pool.submit(start, "broken", broken)}
        return {name: run.result() for name, run in runs.items()}


@pytest.fixture(scope="module")
def good(together):
    """What both processes of the good training printed, and their output folder."""
    result, folder = together["good"]
    assert result.returncode == 0, result.stderr
    return result.stdout, folder


def curves(output):
    """Tag -> [(step, value)] of all files for TensorBoard."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for path in output.rglob("events.out.tfevents.*"):
        events = EventAccumulator(str(path))
        events.Reload()
        for tag in events.Tags()["scalars"]:
            found.setdefault(tag, []).extend((event.step, event.value) for event in events.Scalars(tag))
    return found


def test_two_processes_have_the_loss_curve_of_one(alone, good):
    one, two = curves(alone[1]), curves(good[1])
    assert [step for step, _ in one["train_loss"]] == [1, 2, 3, 4, 5, 6]
    assert len({loss for _, loss in one["train_loss"]}) == 6
    for tag in ("train_loss", "mean_dice"):
        assert [step for step, _ in two[tag]] == [step for step, _ in one[tag]]
        assert [value for _, value in two[tag]] == pytest.approx([value for _, value in one[tag]], rel=1e-4)


@pytest.mark.parametrize("file", ["last.pt", "model.pt"])
def test_and_the_same_weights(alone, good, file):
    one, two = (torch.load(folder / file, weights_only=True)["model"] for _, folder in (alone, good))
    assert one.keys() == two.keys()
    assert all(torch.allclose(two[name], weight, rtol=1e-4, atol=1e-5) for name, weight in one.items())


def test_every_validation_case_is_scored_once(alone, good):
    # Three cases of which two have a rectum: to score one twice would change the means.
    one, two = (list(csv.reader((folder / "validation.csv").open())) for _, folder in (alone, good))
    assert len(one) == len(two) == 3 and one[0] == two[0]
    for row, other in zip(one[1:], two[1:], strict=True):
        epoch, _, *dice = map(float, row)
        assert [float(other[0]), *map(float, other[2:])] == pytest.approx([epoch, *dice], abs=2e-4)


def test_only_the_first_process_prints_and_writes(alone, good):
    for said, _ in (alone, good):
        assert re.findall(r"^epoch (\d)/2 iteration 3/3 loss", said, re.M) == ["1", "2"]
        assert re.findall(r"^epoch (\d) validation: mean Dice", said, re.M) == ["1", "2"]
    for pattern in ("*.pt", "*.csv", "events.out.tfevents.*", "*.partial*"):
        assert len(list(good[1].rglob(pattern))) == len(list(alone[1].rglob(pattern)))


def test_an_error_in_one_process_ends_all_with_one_line(together):
    result, folder = together["broken"]
    told = [line for line in result.stderr.splitlines() if "rtcontour: " in line]
    assert result.returncode == 1
    assert len(told) == 1 and told[0].startswith("rtcontour: ") and "images/c4.nii.gz: " in told[0]
    assert result.stderr.count("Traceback (most recent call last)") == 1  # torchrun's own
    assert not list(folder.rglob("model.pt"))
