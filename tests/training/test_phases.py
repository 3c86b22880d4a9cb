import pytest
from ignite.engine import Engine, Events

from rtcontour.errors import ConfigError
from rtcontour.training import PhaseSchedule

TANG = {"proposals": 0, "classes": 0.2, "masks": 0.225}


class Network:
    phase = "masks"


def phases(epochs, starts=TANG):
    network, seen = Network(), []
    engine = Engine(lambda engine, batch: None)
    PhaseSchedule(network, epochs, starts).attach(engine)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda _: seen.append(network.phase))
    engine.run([0], max_epochs=epochs)
    return seen


def test_the_published_schedule_begins_classes_after_40_epochs_and_masks_after_45():
    assert phases(200) == ["proposals"] * 40 + ["classes"] * 5 + ["masks"] * 155


def test_a_short_training_goes_through_the_phases_in_proportion():
    assert phases(40) == ["proposals"] * 8 + ["classes"] + ["masks"] * 31
    assert phases(1) == ["proposals"]


def test_a_resumed_training_is_in_the_phase_of_its_epoch():
    network = Network()
    engine = Engine(lambda engine, batch: None)
    schedule = PhaseSchedule(network, 200, TANG)
    engine.state.epoch = 43
    schedule(engine)
    assert network.phase == "classes"


@pytest.mark.parametrize("starts", [{}, {"masks": 0.2}, {"proposals": 0, "masks": 1}, {"proposals": 0, "masks": -0.1}])
def test_a_schedule_without_a_beginning_or_beyond_the_training_is_refused(starts):
    with pytest.raises(ConfigError, match="recipe::handlers: phases start at"):
        PhaseSchedule(Network(), 10, starts)
