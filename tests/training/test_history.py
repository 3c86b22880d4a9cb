import csv
from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine

from rtcontour.training import AnnotatedDice, ValidationHistory


def metric_with(dice):
    """A metric that has seen one case with these Dice values of Bladder and Rectum."""
    metric = AnnotatedDice(["Bladder", "Rectum"])
    metric.reset()
    truth = torch.zeros(1, 10, 10, 1)
    truth[:, :5], truth[:, 5:] = 1, 2
    predicted = truth.clone()
    for label, value in enumerate(dice, start=1):
        part = (truth == label).nonzero()
        for i in part[: round(len(part) * (1 - value))]:
            predicted[tuple(i)] = 0
    metric([predicted], [(truth, torch.tensor([True, True, dice[1] > 0]))])
    return metric


def read(path):
    return list(csv.DictReader(path.open()))


def validated(history, epoch):
    history(SimpleNamespace(state=SimpleNamespace(epoch=epoch)))


def test_every_validation_is_a_row_with_the_dice_of_each_structure(tmp_path):
    history = ValidationHistory(tmp_path / "run" / "validation.csv", metric_with((1.0, 1.0)))
    validated(history, 5)
    history.metric = metric_with((0.5, 0.0))  # the second one nobody contoured
    validated(history, 10)
    first, second = read(history.path)
    assert first["epoch"] == "5" and float(first["mean"]) == float(first["Bladder"]) == float(first["Rectum"]) == 1
    assert float(second["Bladder"]) == pytest.approx(2 * 0.5 / 1.5, abs=1e-4) and second["Rectum"] == ""
    assert float(second["seconds"]) >= float(first["seconds"]) >= 0


def test_a_resumed_training_goes_on_with_rows_and_clock(tmp_path):
    metric = metric_with((1.0, 1.0))
    earlier = ValidationHistory(tmp_path / "validation.csv", metric)
    validated(earlier, 5)
    state = {**earlier.state_dict(), "seconds": 1000.0}
    torch.save(state, tmp_path / "state.pt")
    later = ValidationHistory(tmp_path / "validation.csv", metric)
    later.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    validated(later, 10)
    rows = read(later.path)
    assert [row["epoch"] for row in rows] == ["5", "10"] and float(rows[1]["seconds"]) >= 1000


def test_it_follows_an_evaluator(tmp_path):
    history = ValidationHistory(tmp_path / "validation.csv", metric_with((1.0, 1.0)))
    engine = Engine(lambda engine, batch: None)
    history.attach(engine)
    engine.run([0], max_epochs=1)
    assert len(read(history.path)) == 1
