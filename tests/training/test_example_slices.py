import numpy as np
import pytest
import torch
from ignite.engine import Engine
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rtcontour.training.example_slices import PREDICTION_RGB, TRUTH_RGB, ExampleSlices, draw, outline


def test_an_outline_is_the_rim_of_a_mask():
    mask = np.zeros((6, 7), bool)
    mask[1:5, 2:6] = True
    rim = mask.copy()
    rim[2:4, 3:5] = False
    assert np.array_equal(outline(mask), rim)
    assert outline(np.ones((3, 4), bool)).sum() == 10  # all but the inner two: the picture's edge counts as outside


@pytest.fixture
def case():
    """8 x 6 x 9 voxels; channel 1 in slices 2 to 4, channel 2 in slice 7, predicted one voxel to the side."""
    truth = np.zeros((1, 8, 6, 9), np.uint8)
    truth[0, 1:4, 2:4, 2:5] = 1
    truth[0, 5, 5, 7] = 2
    image = np.full((1, 8, 6, 9), -1.0, np.float32)
    image[0, :, :, 3], image[0, :, :, 7] = 0.0, 1.0
    return image, truth, np.roll(truth, 1, axis=1), np.array([True, True, True])


def test_each_structure_has_its_middle_slice(case):
    picture = draw(*case)
    assert picture.shape == (6, 16, 3)
    assert picture[0, 0].tolist() == [127] * 3 and picture[0, 8].tolist() == [255] * 3
    assert picture[2, 1].tolist() == list(TRUTH_RGB) and picture[2, 4].tolist() == list(PREDICTION_RGB)
    assert picture[5, 8 + 5].tolist() == list(TRUTH_RGB) and picture[5, 8 + 6].tolist() == list(PREDICTION_RGB)


def test_what_nobody_contoured_is_not_drawn(case):
    image, truth, predicted, _ = case
    assert draw(image, truth, predicted, np.array([True, False, True])).shape == (6, 8, 3)
    assert draw(image, truth, predicted, np.array([True, False, False])) is None


def test_the_first_cases_of_every_validation_are_in_tensorboard(tmp_path, case):
    image, truth, predicted, annotated = (torch.from_numpy(array) for array in case)
    item = {"image": image, "label": truth, "pred": predicted, "annotated": annotated}
    engine = Engine(lambda _, name: [{**item, "case": name}])
    examples = ExampleSlices(str(tmp_path), cases=2)
    examples.attach(engine)
    engine.run(["c1", "c2", "c3"], max_epochs=3)
    examples.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Tags()["images"] == ["examples/c1", "examples/c2"]
    assert [(image.step, image.width, image.height) for image in events.Images("examples/c2")] == [
        (1, 16, 6), (2, 16, 6), (3, 16, 6),
    ]  # fmt: skip
