"""A run killed with SIGKILL and resumed ends with the weights of one left alone, bit by bit."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

EPOCHS, KILLED_IN_EPOCH, KILLED_IN_ITERATION = 4, 3, 2
PRESET = {
    "size": "cpu", "batch": 1, "accumulate": 2, "iterations": 3, "workers": 1, "cycles": 2, "cycle_epochs": 2
}  # fmt: skip
CYCLE = {"epochs": 2, "folds": 2, "mined_share": 0.5}  # so it is killed in the second cycle, which mines
KILL = f"""
import os, signal
from ignite.engine import Events

class KillMe:
    def attach(self, engine):
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine):
        done = (engine.state.iteration - 1) % engine.state.epoch_length + 1
        if (engine.state.epoch, done) == ({KILLED_IN_EPOCH}, {KILLED_IN_ITERATION}):
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory, run_process, write_recipe, tiny_data_set):
    """Runs by name: one left alone, one killed in the middle of an epoch, the same one resumed."""
    folder = tmp_path_factory.mktemp("resume")
    (folder / "kill_me.py").write_text(KILL)
    preset = folder / "preset.json"
    preset.write_text(json.dumps({"preset": PRESET}))
    plain = write_recipe(folder / "plain.json", epochs=EPOCHS, cycle=CYCLE)
    deadly = write_recipe(folder / "deadly.json", epochs=EPOCHS, cycle=CYCLE, handlers=[{"_target_": "kill_me.KillMe"}])
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])

    def run(recipe, name, **options):
        configs = ["configs/train.json", recipe, str(preset)]
        return run_process(
            configs, {"PYTHONPATH": path}, dataset_dir=tiny_data_set, output_dir=folder / name, **options
        )

    with ThreadPoolExecutor(2) as pool:
        alone, killed = pool.map(run, (plain, deadly), ("alone", "killed"))
    left = torch.load(folder / "killed" / "last.pt", weights_only=True)
    resumed = run(plain, "killed", resume=True)
    return {"alone": alone, "killed": killed, "resumed": resumed, "left": left, "folder": folder}


def test_the_killed_run_left_its_last_whole_epoch(ended):
    assert ended["killed"].returncode == -signal.SIGKILL
    assert ended["left"]["trainer"]["iteration"] == 3 * (KILLED_IN_EPOCH - 1)


def assert_same(first, second, place=""):
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), place
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), place
        for key in first:
            assert_same(first[key], second[key], f"{place}/{key}")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), place
        for number, pair in enumerate(zip(first, second, strict=True)):
            assert_same(*pair, f"{place}/{number}")
    else:
        assert first == second or (first != first and second != second), place


def test_the_resumed_run_has_the_weights_of_the_one_left_alone(ended):
    for name in ("alone", "resumed"):
        assert ended[name].returncode == 0, ended[name].stderr
    alone, resumed = (torch.load(ended["folder"] / name / "last.pt", weights_only=True) for name in ("alone", "killed"))
    assert alone["trainer"]["iteration"] == 3 * EPOCHS
    assert set(alone) == set(resumed)
    for name in set(alone) - {"history", "manifest", "mlflow"}:  # these know the time of day
        assert_same(alone[name], resumed[name], name)


def test_the_resumed_run_kept_the_best_model_of_the_one_left_alone(ended):
    alone, resumed = (
        torch.load(ended["folder"] / name / "model.pt", weights_only=True) for name in ("alone", "killed")
    )
    assert_same(alone["model"], resumed["model"])
