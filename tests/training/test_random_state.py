import random

import numpy as np
import pytest
import torch

from rtcontour.training.random_state import RandomState


def draw():
    """A few numbers of each generator; an odd count, since two of them keep a second normal number for later."""
    numbers = [random.gauss(0, 1) for _ in range(3)] + [random.random()]
    numbers += np.random.normal(size=3).tolist() + np.random.rand(2).tolist()
    return numbers + torch.rand(4).tolist() + torch.randn(3).tolist()


@pytest.fixture
def through_a_file(tmp_path):
    def there_and_back(state):
        torch.save(state, tmp_path / "state.pt")
        return torch.load(tmp_path / "state.pt", weights_only=True)

    return there_and_back


def test_what_is_drawn_after_a_resume_is_what_would_have_been_drawn(through_a_file):
    random.seed(1), np.random.seed(2), torch.manual_seed(3)
    draw()
    state = through_a_file(RandomState().state_dict())
    expected = draw()
    assert draw() != expected
    random.seed(4), np.random.seed(5), torch.manual_seed(6)
    RandomState().load_state_dict(state)
    assert draw() == expected


def test_a_saved_state_does_not_move_with_the_generators(through_a_file):
    state = RandomState().state_dict()
    expected = draw()
    RandomState().load_state_dict(state)
    assert draw() == expected
