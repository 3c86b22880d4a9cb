from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine
from monai.engines import SupervisedEvaluator
from monai.handlers import LrScheduleHandler
from monai.inferers import SimpleInferer

from rtcontour.errors import ConfigError
from rtcontour.networks import merged_background_nll
from rtcontour.training import NetworkLosses
from rtcontour.training.mean_loss import MeanLoss, loss_of_patches
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.patches.held_out import HeldOutLine, HeldOutStep, ScoreHeldOut, loss_to_step_by

PATCHES, CLASSES, SHAPE = 5, 3, (4, 3, 2)
DATA = [{"case": f"c{n}", "patient": f"p{n}", "cohort": "", "annotated": [True, True, True]} for n in range(4)]


def patches():
    """Of which one is half padding and one lacks a structure."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.ones(PATCHES, 1, *SHAPE, dtype=torch.uint8)
    weight[1, :, :2] = 0
    annotated = torch.ones(PATCHES, CLASSES, dtype=torch.bool)
    annotated[3, 2] = False
    return {
        "image": torch.rand(PATCHES, 1, *SHAPE, generator=generator),
        "label": torch.randint(0, CLASSES, (PATCHES, 1, *SHAPE), generator=generator, dtype=torch.uint8),
        "weight": weight,
        "annotated": annotated,
    }


def network():
    torch.manual_seed(2)
    return torch.nn.Conv3d(1, CLASSES, 1)


def evaluator_of(net, batches, *, folds=2, **more):
    return SupervisedEvaluator(
        device="cpu",
        val_data_loader=batches,
        network=net,
        inferer=SimpleInferer(),
        iteration_update=HeldOutStep(merged_background_nll, Cycles(DATA, 2, folds), **more),
        key_val_metric={"loss": MeanLoss(loss_of_patches)},
        decollate=False,
    )


def batches_of(*sizes):
    split = {key: value.split(list(sizes)) for key, value in patches().items()}
    return [{key: parts[n] for key, parts in split.items()} for n in range(len(sizes))]


@pytest.mark.parametrize("sizes", [(5,), (2, 2, 1), (1, 4)])
def test_the_held_out_loss_is_that_of_all_patches_however_they_are_batched(sizes):
    net, all_patches = network(), patches()
    evaluator = evaluator_of(net, batches_of(*sizes))
    evaluator.run(3)
    logits = net(all_patches["image"])
    weighted_mean = merged_background_nll(
        logits, all_patches["label"], all_patches["annotated"], weight=all_patches["weight"]
    )
    expected = float(weighted_mean.detach() * all_patches["weight"].float().mean())
    assert evaluator.state.metrics["loss"] == pytest.approx(expected, rel=1e-5)
    assert all(parameter.grad is None for parameter in net.parameters()) and not net.training


def test_what_the_loader_leaves_to_the_device_is_done_first():
    doubled = evaluator_of(network(), batches_of(5), prepare=lambda batch: {**batch, "image": batch["image"] * 2})
    doubled.run()
    batches = batches_of(5)
    batches[0]["image"] = batches[0]["image"] * 2
    plain = evaluator_of(network(), batches)
    plain.run()
    assert doubled.state.metrics["loss"] == plain.state.metrics["loss"]


def test_a_network_that_judges_itself_has_no_held_out_loss():
    with pytest.raises(ConfigError, match="recipe::cycle::folds is 2, but recipe::loss is NetworkLosses"):
        HeldOutStep(NetworkLosses(), Cycles(DATA, 2, 2))
    HeldOutStep(NetworkLosses(), Cycles.of(None, DATA))


@pytest.mark.parametrize("folds, expected", [(2, [1, 2, 3]), (1, [])])
def test_the_evaluator_runs_after_each_epoch_if_anybody_is_held_out(folds, expected):
    ran = []
    trainer = Engine(lambda *_: None)
    ScoreHeldOut(SimpleNamespace(run=ran.append), Cycles(DATA, 2, folds)).attach(trainer)
    trainer.run([0], max_epochs=3)
    assert ran == expected


def rates(schedule_of, losses):
    """The learning rate after each epoch of a training whose held-out patients have these losses."""
    optimizer = torch.optim.SGD(network().parameters(), lr=1.0)
    schedule = schedule_of(optimizer)
    evaluator = evaluator_of(network(), batches_of(5))
    handler = LrScheduleHandler(schedule, print_lr=False, step_transform=loss_to_step_by(schedule, evaluator))
    found = []
    optimizer.step()  # as torch expects before a schedule's
    for loss in losses:
        evaluator.state.metrics = {"loss": loss}
        handler(Engine(lambda *_: None))
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_the_learning_rate_falls_on_a_plateau_of_the_held_out_loss_down_to_its_floor():
    def plateau(optimizer):
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.1, patience=1, threshold=1e-4, min_lr=0.05
        )

    losses = [2.0, 1.0, 1.0, 0.99995, 0.9, 0.9, 0.9, 0.9]  # 1.0 to 0.99995 is no relative gain of 1e-4
    assert rates(plateau, losses) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05])


def test_other_schedules_go_by_epochs_whatever_the_loss():
    assert rates(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.5), [5.0, 9.0, 1.0]) == [0.5, 0.25, 0.125]


def test_a_plateau_of_nobody_is_refused_before_the_training():
    optimizer = torch.optim.SGD(network().parameters(), lr=1.0)
    with pytest.raises(ConfigError, match=r"recipe::schedule is ReduceLROnPlateau.*recipe::cycle holds nobody out"):
        loss_to_step_by(torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer), evaluator_of(network(), [], folds=1))


def test_the_line_says_loss_and_learning_rate(capsys):
    net = network()
    evaluator = evaluator_of(net, batches_of(5))
    HeldOutLine(torch.optim.SGD(net.parameters(), lr=1e-4)).attach(evaluator)
    evaluator.run(7)
    loss = evaluator.state.metrics["loss"]
    assert capsys.readouterr().out == f"epoch 7 held out: loss {loss:.4f}, learning rate 0.0001\n"
