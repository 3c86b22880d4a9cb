import math

import pytest
import torch

from rtcontour.errors import ConfigError
from rtcontour.training import AnnotatedDice, predictions_and_labels

STRUCTURES = ["Bladder", "Rectum", "CTVn"]


def row(*labels):
    return torch.tensor(labels).reshape(1, -1, 1, 1)


def annotated(*structures):
    return torch.tensor([True, *structures])


def metric_of(*cases):
    metric = AnnotatedDice(STRUCTURES)
    for predicted, truth, drawn in cases:
        metric([predicted], [(truth, drawn)])
    return metric


def test_scores_are_those_computed_by_hand():
    metric = metric_of((row(1, 1, 2, 0, 0, 3), row(1, 0, 2, 2, 0, 0), annotated(True, True, True)))
    scores = metric.per_structure()
    assert scores == pytest.approx({"Bladder": 2 / 3, "Rectum": 2 / 3, "CTVn": 0.0})  # CTVn is a false organ
    assert float(metric.aggregate()) == pytest.approx(4 / 9)


def test_a_missed_structure_counts_as_nothing():
    metric = metric_of((row(0, 0, 0), row(1, 1, 0), annotated(True, True, True)))
    assert metric.per_structure()["Bladder"] == 0


def test_empty_in_both_and_not_contoured_are_left_out():
    metric = metric_of(
        (row(1, 1, 2, 0), row(1, 1, 0, 0), annotated(True, False, True)),
        (row(1, 0, 0, 0), row(1, 1, 0, 0), annotated(True, False, True)),
    )
    scores = metric.per_structure()
    assert scores["Bladder"] == pytest.approx((1 + 2 / 3) / 2)
    assert math.isnan(scores["Rectum"]) and math.isnan(scores["CTVn"])
    assert float(metric.aggregate()) == pytest.approx(scores["Bladder"])


def test_the_mean_is_that_of_the_structures_means():
    metric = metric_of(
        (row(1, 2, 0), row(1, 0, 2), annotated(True, True, True)),
        (row(1, 0, 0), row(1, 0, 2), annotated(True, False, True)),
        (row(0, 0, 0), row(1, 0, 2), annotated(True, False, True)),
    )
    assert float(metric.aggregate()) == pytest.approx((2 / 3 + 0) / 2)


def test_nothing_to_score_is_zero_and_never_nan():
    metric = metric_of((row(0, 0), row(0, 0), annotated(True, True, True)))
    assert float(metric.aggregate()) == 0
    assert float(AnnotatedDice(STRUCTURES).aggregate()) == 0


def test_a_reset_forgets_the_cases():
    metric = metric_of((row(1), row(0), annotated(True, True, True)))
    metric.reset()
    metric([row(1)], [(row(1), annotated(True, True, True))])
    assert float(metric.aggregate()) == 1


def test_an_engine_s_output_is_taken_apart():
    items = [{"pred": row(1), "label": row(1), "annotated": annotated(True, True, True), "case": "c1"}]
    predicted, truth = predictions_and_labels(items)
    metric = AnnotatedDice(STRUCTURES)
    metric(predicted, truth)
    assert metric.per_structure()["Bladder"] == 1


@pytest.mark.parametrize("label", [7, 4, -1, 1e9, math.nan])
@pytest.mark.parametrize("side", ["prediction", "truth"])
def test_labels_beyond_the_structures_are_refused(label, side):
    # 4 in the truth beside 0 predicted would count as 0 in the truth beside 1 predicted.
    wrong, right = row(0.0, label), row(0, 0)
    predicted, truth = (wrong, right) if side == "prediction" else (right, wrong)
    with pytest.raises(ConfigError, match=f"{side} has labels .*; expected 0 to 3"):
        metric_of((predicted, truth, annotated(True, True, True)))


def test_an_output_that_lost_what_was_annotated_is_refused():
    with pytest.raises(ConfigError, match=r"no 'annotated'.*ValidationStep"):
        predictions_and_labels([{"image": row(1), "pred": row(1), "label": row(1)}])
