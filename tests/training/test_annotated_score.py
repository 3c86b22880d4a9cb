import math

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.handlers import IgniteMetricHandler
from monai.transforms import AsDiscreted

from rtcontour.errors import ConfigError, GeometryError
from rtcontour.grid import Grid
from rtcontour.metrics import compare_labels
from rtcontour.training import AnnotatedDice, AnnotatedScore, CaseScores, predictions_and_labels

STRUCTURES = ["Bladder", "Rectum", "CTVn"]
SHAPE = (9, 8, 7)
GRID = Grid(SHAPE, (1.5, 0.5, 3.0), (4.0, -5.0, 6.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))


def label_map(seed=0, **boxes):
    labels = np.zeros(SHAPE, np.uint8)
    for name, corner in boxes.items():
        i, j, k = corner
        labels[i : i + 3, j : j + 3, k : k + 2] = STRUCTURES.index(name) + 1
    return MetaTensor(torch.as_tensor(labels)[None], affine=GRID.affine_ras)


CASES = [  # predicted, truth, annotated
    (
        label_map(Bladder=(1, 1, 1), Rectum=(5, 1, 1)),
        label_map(Bladder=(2, 1, 1), Rectum=(5, 4, 2), CTVn=(1, 5, 4)),
        (1, 1, 1),
    ),
    (label_map(Bladder=(1, 1, 1), CTVn=(5, 1, 1)), label_map(Bladder=(1, 2, 2)), (1, 1, 1)),
    (label_map(CTVn=(5, 1, 1)), label_map(Bladder=(1, 2, 2), CTVn=(5, 1, 1)), (1, 0, 1)),
]


def annotated(drawn):
    return torch.tensor([True, *map(bool, drawn)])


def metric_of(measure, cases=CASES):
    metric = AnnotatedScore(STRUCTURES, measure)
    for predicted, truth, drawn in cases:
        metric([predicted], [(truth, annotated(drawn))])
    return metric


def expected_scores():
    for predicted, truth, drawn in CASES:
        yield compare_labels(
            np.asarray(predicted[0]),
            np.asarray(truth[0]),
            GRID.spacing_mm,
            {name: n for n, name in enumerate(STRUCTURES, start=1)},
            annotated=[name for name, there in zip(STRUCTURES, drawn, strict=True) if there],
            direction=GRID.direction,
        )


@pytest.mark.parametrize("measure", ["msd_mm", "hd95_mm", "surface_dice", "lateral_bias_mm", "volume_cc"])
def test_means_are_those_of_the_scores_that_are_defined(measure):
    scores = list(expected_scores())
    metric = metric_of(measure)
    means = {}
    for name in STRUCTURES:
        known = [value for case in scores if (value := getattr(case[name], measure)) is not None]
        means[name] = np.mean(known) if known else math.nan
    assert metric.per_structure() == pytest.approx(means, nan_ok=True)
    assert float(metric.aggregate()) == pytest.approx(np.nanmean(list(means.values())))


def test_a_bias_follows_the_affine():
    bladder = metric_of("ap_bias_mm", CASES[:1]).per_structure()["Bladder"]
    assert bladder == pytest.approx(-1.5)  # predicted one step of i less, and i runs to posterior


def test_all_outcomes_are_counted():
    none = dict.fromkeys(("compared", "missed", "false organ", "both empty", "not contoured"), 0)
    assert metric_of("hd95_mm").outcomes() == {
        "Bladder": none | {"compared": 2, "missed": 1},
        "Rectum": none | {"compared": 1, "both empty": 1, "not contoured": 1},
        "CTVn": none | {"compared": 1, "missed": 1, "false organ": 1},
    }


def test_dice_is_that_of_annotated_dice():
    dice = AnnotatedDice(STRUCTURES)
    for predicted, truth, drawn in CASES:
        dice([predicted], [(truth, annotated(drawn))])
    metric = metric_of("dice")
    assert metric.per_structure() == pytest.approx(dice.per_structure(), nan_ok=True)
    assert float(metric.aggregate()) == pytest.approx(float(dice.aggregate()))


def test_before_any_case_and_after_a_reset_nothing_is_known():
    metric = metric_of("msd_mm")
    metric.reset()
    for empty in (metric, AnnotatedScore(STRUCTURES)):
        assert math.isnan(float(empty.aggregate()))
        assert all(sum(counts.values()) == 0 for counts in empty.outcomes().values())


def test_a_batch_of_tensors_is_taken_as_contoured_completely():
    metric = AnnotatedScore(STRUCTURES, "dice")
    metric(*(torch.stack([case[side] for case in CASES[:2]]) for side in (0, 1)))
    assert metric.outcomes() == metric_of("dice", CASES[:2]).outcomes()
    assert metric.per_structure() == pytest.approx(metric_of("dice", CASES[:2]).per_structure(), nan_ok=True)


def test_shared_scores_are_computed_once_and_anew_when_a_tensor_changes(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "rtcontour.training.annotated_score.compare_labels", lambda *a, **k: calls.append(1) or compare_labels(*a, **k)
    )
    shared = CaseScores(STRUCTURES)
    metrics = [AnnotatedScore(STRUCTURES, measure, scores=shared) for measure in ("dice", "msd_mm", "hd95_mm")]
    predicted, truth, drawn = CASES[0][0].clone(), CASES[0][1], annotated(CASES[0][2])
    for metric in metrics:
        metric([predicted], [(truth, drawn)])
    assert len(calls) == 1
    predicted.zero_()
    metrics[0]([predicted], [(truth, drawn)])
    assert metrics[0].outcomes()["Bladder"]["missed"] == 1
    metrics[0]([predicted], [(truth.clone(), drawn)])
    assert len(calls) == 3


def test_an_evaluator_of_monai_reports_it_and_each_case_is_scored_once(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "rtcontour.training.annotated_score.compare_labels", lambda *a, **k: calls.append(1) or compare_labels(*a, **k)
    )
    items = [{"image": p.float(), "label": t, "annotated": annotated(d)} for p, t, d in CASES]
    shared = CaseScores(STRUCTURES)
    metrics = {m: AnnotatedScore(STRUCTURES, m, scores=shared) for m in ("msd_mm", "hd95_mm", "dice")}
    handlers = {
        name: IgniteMetricHandler(metric_fn=metric, output_transform=predictions_and_labels)
        for name, metric in {**metrics, "mean_dice": AnnotatedDice(STRUCTURES)}.items()
    }

    def as_network(engine, batch):
        """The image is the answer: its label map, one channel a class."""
        channels = [batch["image"] == channel for channel in range(len(STRUCTURES) + 1)]
        engine.state.output = {**batch, "pred": torch.cat(channels, dim=1).float()}
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output

    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items), batch_size=2),
        network=torch.nn.Identity(),
        iteration_update=as_network,
        postprocessing=AsDiscreted(keys="pred", argmax=True),
        key_val_metric={"msd_mm": handlers.pop("msd_mm")},
        additional_metrics=handlers,
    )
    evaluator.run()
    assert len(calls) == len(CASES)
    for measure in metrics:
        assert evaluator.state.metrics[measure] == pytest.approx(float(metric_of(measure).aggregate()))
    assert evaluator.state.metrics["mean_dice"] == pytest.approx(evaluator.state.metrics["dice"])
    assert metrics["hd95_mm"].outcomes() == metric_of("hd95_mm").outcomes()


def test_unknown_measures_and_mismatched_structures_are_refused():
    with pytest.raises(ConfigError, match="'outcome' is not known; expected one of volume_cc"):
        AnnotatedScore(STRUCTURES, "outcome")
    with pytest.raises(ConfigError, match="same structures"):
        AnnotatedScore(STRUCTURES, "dice", scores=CaseScores(["Bladder"]))


def test_tensors_that_do_not_know_their_spacing_are_refused():
    labels = torch.zeros((1, *SHAPE), dtype=torch.uint8)
    with pytest.raises(GeometryError, match="spacing is unknown"):
        AnnotatedScore(STRUCTURES)([labels], [(labels, annotated((1, 1, 1)))])


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64, torch.float32])
def test_a_label_is_never_taken_for_one_of_256_less(dtype):
    truth = label_map(Bladder=(1, 1, 1))
    predicted = MetaTensor(truth.as_subclass(torch.Tensor).to(dtype) * 257, affine=GRID.affine_ras)
    assert metric_of("dice", [(predicted, truth, (1, 1, 1))]).outcomes()["Bladder"]["missed"] == 1


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float64])
def test_a_label_map_may_be_of_any_type(dtype):
    truth = label_map(Bladder=(1, 1, 1))
    predicted = MetaTensor(truth.as_subclass(torch.Tensor).to(dtype), affine=GRID.affine_ras)
    assert metric_of("dice", [(predicted, truth, (1, 1, 1))]).per_structure()["Bladder"] == 1
