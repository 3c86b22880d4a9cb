import sys
from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine, Events
from monai.handlers import TensorBoardStatsHandler

from rtcontour.errors import ConfigError
from rtcontour.training.tracking import StructureMetrics, TrainingMetrics, flat, mlflow_handlers

DICE = {"Bladder": 0.5, "Rectum": float("nan"), "Node 1 (left)+": 0.25}


def make_engines():
    """A trainer with losses 1, 2, 3 in its first epoch, 4, 5, 6 in the second, and an evaluator that it runs."""
    evaluator = Engine(lambda *_: None)
    StructureMetrics(SimpleNamespace(per_structure=lambda: DICE)).attach(evaluator)
    trainer = Engine(lambda engine, _: {"loss": float(engine.state.iteration)})
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.125)
    TrainingMetrics(optimizer).attach(trainer)
    return trainer, evaluator


@pytest.fixture
def engines():
    return make_engines()


def test_metrics_hold_the_dice_of_what_was_contoured(engines):
    engines[1].run([0])
    assert engines[1].state.metrics == {"dice/Bladder": 0.5, "dice/Node 1 _left__": 0.25}


def test_metrics_hold_the_mean_loss_of_the_epoch_and_the_rate(engines):
    engines[0].run([0, 1, 2], max_epochs=2)
    assert engines[0].state.metrics == {"epoch_loss": 5.0, "lr": 0.125}


def test_tensorboard_has_a_curve_of_each_structure(engines, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    handler = TensorBoardStatsHandler(log_dir=str(tmp_path), iteration_log=False)
    handler.attach(engines[1])
    engines[1].run([0])
    handler.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"dice/Bladder", "dice/Node 1 _left__"}


def test_parameters_are_flat_and_short():
    assert flat({"a": {"b": [1, None], "c": "x" * 600}, "d e(f)": 2}) == {
        "a.b": "[1, null]",
        "a.c": "x" * 500,
        "d e_f_": "2",
    }


def test_without_being_asked_there_is_no_mlflow(tmp_path):
    assert mlflow_handlers(False, tmp_path, None, trains=True) == []
    assert not list(tmp_path.iterdir())


def test_mlflow_that_is_not_installed_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.telemetry", None)
    with pytest.raises(ConfigError, match=r"MLflow is not installed; say pip install 'rtcontour\[mlflow\]'"):
        mlflow_handlers(True, tmp_path, None, trains=True)


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text("{}")
    known = {"seed": 7, "hardware": {"cores": 2}, "data_set": {"name": "tiny"}, "config": {"much": 1}}
    return SimpleNamespace(path=path, recipe="tiny", started="2026-11-22T06:00:00+00:00", constant=lambda: known)


class Killed(Exception):
    pass


def train(folder, manifest, epochs, *, done=0, kill_in=None):
    """What a new process would do: some epochs, validated after each one, until the last or until it is killed."""
    trainer, evaluator = make_engines()
    for engine, trains in ((trainer, True), (evaluator, False)):
        for handler in mlflow_handlers(True, folder, manifest, trains=trains):
            handler.attach(engine)

    def validate(engine):
        if engine.state.epoch == kill_in:
            raise Killed
        evaluator.state.epoch, evaluator.state.max_epochs = engine.state.epoch - 1, engine.state.epoch
        evaluator.run([0])

    trainer.add_event_handler(Events.EPOCH_COMPLETED, validate)
    trainer.load_state_dict({"iteration": 3 * done, "epoch_length": 3, "max_epochs": epochs})
    trainer.run([0, 1, 2], max_epochs=epochs)


@pytest.fixture
def runs_of(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def read():
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
        return client, client.search_runs([client.get_experiment_by_name("rtcontour").experiment_id])

    return read


def test_a_resumed_training_goes_on_with_its_mlflow_run(runs_of, tmp_path, manifest, capfd):
    with pytest.raises(Killed):
        train(tmp_path, manifest, 3, kill_in=2)
    train(tmp_path, manifest, 3, done=1)
    train(tmp_path, manifest, 4, done=3)  # finished, and then given one more epoch
    client, (run,) = runs_of()
    assert run.info.run_name == "tiny 2026-11-22T06:00:00+00:00" and run.info.status == "FINISHED"
    assert run.data.params["seed"] == "7" and run.data.params["data_set.name"] == "tiny"
    assert "config.much" not in run.data.params
    name = run.info.run_id
    assert [point.step for point in client.get_metric_history(name, "dice/Bladder")] == [1, 2, 3, 4]
    assert {(point.step, point.value) for point in client.get_metric_history(name, "epoch_loss")} == {
        (1, 2.0), (2, 5.0), (3, 8.0), (4, 11.0),
    }  # fmt: skip
    assert [artifact.path for artifact in client.list_artifacts(name)] == ["manifest.json"]
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_another_training_in_the_same_folder_has_a_run_of_its_own(runs_of, tmp_path, manifest):
    train(tmp_path, manifest, 1)
    manifest.started = "2026-11-23T06:00:00+00:00"
    train(tmp_path, manifest, 1)
    assert len(runs_of()[1]) == 2


def test_mlflow_sends_nothing_of_its_own(tmp_path, manifest):
    telemetry = pytest.importorskip("mlflow.telemetry")
    mlflow_handlers(True, tmp_path, manifest, trains=True)
    assert telemetry.get_telemetry_client() is None
