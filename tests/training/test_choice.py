import pytest
import torch
from ignite.engine import Engine

from rtcontour.networks import merged_background_nll
from rtcontour.training import loss_to_choose_by, metrics_to_choose_by
from rtcontour.training.choice import is_lower_better


def test_where_the_dice_chooses_no_loss_is_computed():
    assert loss_to_choose_by("mean_dice", merged_background_nll) is None
    assert metrics_to_choose_by("mean_dice") is None
    assert not is_lower_better("mean_dice")


def test_where_the_loss_chooses_it_is_the_mean_over_the_cases():
    assert loss_to_choose_by("loss", merged_background_nll) is merged_background_nll
    assert is_lower_better("loss")
    ((name, metric),) = metrics_to_choose_by("loss").items()
    engine = Engine(lambda engine, loss: [{"loss": torch.tensor(loss), "case": "decollated"}])
    metric.attach(engine, name)
    state = engine.run([0.5, 2.0, 0.2])
    assert state.metrics["loss"] == pytest.approx(0.9)
