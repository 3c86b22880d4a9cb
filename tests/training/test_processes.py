"""What two processes do together is what one does alone. Run as a program, this file is one of the two."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ignite.engine import Engine, Events
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.handlers import IgniteMetricHandler
from monai.inferers import SimpleInferer
from monai.transforms import AsDiscreted
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rtcontour.errors import ConfigError
from rtcontour.networks import RecomiaFCN, UaNet, merged_background_nll, merged_background_nll_and_dice
from rtcontour.training import (
    AnnotatedDice,
    AnnotatedScore,
    NetworkLosses,
    TrainingStep,
    ValidationStep,
    predictions_and_labels,
)
from rtcontour.training import processes as p
from rtcontour.training.mean_loss import MeanLoss, loss_of_cases

CPU = torch.device("cpu")
PATCHES, SHAPE, CLASSES = 8, (16, 8, 8), 4
STRUCTURES = ["Bladder", "Rectum"]
LOSSES = {"nll": merged_background_nll, "nll and Dice": merged_background_nll_and_dice}
MICRO_BATCHES = [1, 3, 8]


class Branches(nn.Module):
    """Judges itself; in its first phase, and for images without a voxel above 0.9, the second weight is unused."""

    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
        self.second = nn.Parameter(torch.tensor(3.0, dtype=torch.float64))
        self.phase = "one"

    def forward(self, image, target=None, annotated=None):
        losses = {"first": (self.first * image - target).square().mean()}
        if self.phase == "two":
            shown = [(self.second * case).square().mean() for case in image if case.max() > 0.9]
            losses["second"] = sum(shown, torch.zeros((), dtype=image.dtype)) / len(image)
        return losses


def the_batch():
    """Patches of which one is half padding, one has no voxel at all, one lacks a structure, and few are bright."""
    generator = torch.Generator().manual_seed(5)
    weight = torch.ones(PATCHES, 1, *SHAPE, dtype=torch.uint8)
    weight[1, :, 8:], weight[6] = 0, 0
    annotated = torch.ones(PATCHES, CLASSES, dtype=torch.bool)
    annotated[0, 2] = False
    image = torch.rand(PATCHES, 1, *SHAPE, generator=generator, dtype=torch.float64)
    image[[1, 2, 3, 5, 6, 7]] *= 0.5
    label = torch.randint(0, CLASSES, (PATCHES, 1, *SHAPE), generator=generator, dtype=torch.uint8)
    return {"image": image, "label": label, "weight": weight, "annotated": annotated}


def my_part(batch):
    size = p.share_of(PATCHES)
    return {key: tensor[p.rank() * size :][:size] for key, tensor in batch.items()}


def updates(network, step, batch, lr=0.0, count=1):
    """Run a step on this process's part; the step's outputs, and the gradients of the last one."""
    engine = Engine(step)
    engine.register_events(*IterationEvents)
    engine.network = network
    if p.count_processes() > 1:
        judges = isinstance(step.loss, NetworkLosses)
        engine.network = DistributedDataParallel(network, find_unused_parameters=judges)
    engine.inferer, engine.state.device = SimpleInferer(), CPU
    engine.optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    outputs = [dict(step(engine, my_part(batch))) for _ in range(count)]
    return outputs, [None if w.grad is None else w.grad.clone() for w in network.parameters()]


def fcn():
    torch.manual_seed(3)
    return RecomiaFCN(classes=CLASSES).double()


def gradients(loss, micro_batch):
    outputs, found = updates(fcn(), TrainingStep(LOSSES[loss], micro_batch), the_batch())
    return outputs[0]["loss"], found


def branches(phase, micro_batch):
    network = Branches()
    network.phase = phase
    return updates(network, TrainingStep(NetworkLosses({"second": 0.5}), micro_batch), the_batch())


def ua_net():
    """The weights after updates in all three phases, and the phases' losses."""
    torch.manual_seed(3)
    network = UaNet(classes=CLASSES, anchors=[[4, 4, 4]], border=[0, 0, 0])
    batch = {**the_batch(), "image": the_batch()["image"].float()}
    parts = []
    for phase in ("proposals", "classes", "masks"):
        network.phase = phase
        outputs, _ = updates(network, TrainingStep(NetworkLosses(), 2), batch, lr=1e-3, count=2)
        parts.append(outputs[-1]["parts"])
    return parts, [weight.detach() for weight in network.parameters()]


def broken():
    """What a process says of a loss that is no number in the last process only."""
    batch = the_batch()
    batch["image"][-1] = torch.nan
    with pytest.raises(ConfigError) as error:
        updates(fcn(), TrainingStep(merged_background_nll, 2), batch)
    return str(error.value)


class AsItIs(nn.Module):
    """Logits whose largest is the class that the image holds."""

    def forward(self, image):
        return torch.cat([-(image - channel).abs() for channel in range(3)], dim=1)


def located(output):
    """Predictions and labels that say where they lie."""
    predictions, labels = predictions_and_labels(output)
    return [MetaTensor(prediction, torch.eye(4)) for prediction in predictions], labels


def validation(count):
    """Metrics of that many cases, the cases this process saw, and the Dice by structure."""
    generator = torch.Generator().manual_seed(7)
    items = []
    for case in range(count):
        image, label = torch.randint(0, 3, (2, 1, 5, 4, 3), generator=generator)
        annotated = torch.tensor([True, True, case % 2 == 0])
        items.append({"image": image.float(), "label": label, "annotated": annotated, "case": f"c{case}"})
    data = Dataset(items)
    loader = DataLoader(data, batch_size=1, batch_sampler=p.ShareOfCases(data), collate_fn=p.collate_case)
    dice, seen = AnnotatedDice(STRUCTURES), []
    score = AnnotatedScore(STRUCTURES, "dice")
    evaluator = SupervisedEvaluator(
        device=CPU,
        val_data_loader=loader,
        network=AsItIs(),
        iteration_update=ValidationStep(loss=merged_background_nll),
        postprocessing=AsDiscreted(keys="pred", argmax=True),
        key_val_metric={"mean_dice": IgniteMetricHandler(dice, output_transform=predictions_and_labels)},
        additional_metrics={
            "loss": MeanLoss(loss_of_cases),
            "score": IgniteMetricHandler(score, output_transform=located),
        },
    )
    evaluator.add_event_handler(
        Events.ITERATION_COMPLETED, lambda engine: seen.extend(item["case"] for item in engine.state.output)
    )
    for _ in range(2):  # the second one must not be mixed with the first
        seen.clear()
        evaluator.run()
    return dict(evaluator.state.metrics), seen, dice.per_structure()


def turns(folder):
    """Whether what the first process leaves is there when the others do the same."""
    file = Path(folder) / "made"
    found = p.in_turn(lambda: file.exists() or file.touch())
    return bool(found)


def buffers():
    network = nn.BatchNorm1d(2)
    network.running_mean.fill_(p.rank())
    p.SameBuffers(network)(None)
    return network.running_mean.tolist()


def refused():
    with pytest.raises(ConfigError) as error:
        p.share_of(7)
    return str(error.value)


def everything(folder):
    return {
        "who": (p.share(), p.is_first(), p.in_first(["report"]), p.gather(p.rank())),
        "gradients": {(loss, micro): gradients(loss, micro) for loss in LOSSES for micro in MICRO_BATCHES},
        "branches": {(phase, micro): branches(phase, micro) for phase in ("one", "two") for micro in MICRO_BATCHES},
        "ua_net": ua_net(),
        "validation": {count: validation(count) for count in (1, 2, 5)},
        "turns": turns(folder),
    }


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What both processes found, by rank."""
    folder = tmp_path_factory.mktemp("together")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", __file__, folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["hello"]  # of the first process only
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


def equal(one, other, rtol):
    for a, b in zip(one, other, strict=True):
        if a is None or b is None:
            assert a is None and b is None
        else:
            assert torch.allclose(a, b, rtol=rtol, atol=rtol * float(b.abs().max()) + 1e-300)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("micro_batch", MICRO_BATCHES)
def test_an_update_has_the_gradient_and_the_loss_of_one_process(together, loss, micro_batch):
    told, expected = gradients(loss, PATCHES)
    for found in together:
        shared_loss, shared = found["gradients"][loss, micro_batch]
        assert shared_loss == pytest.approx(told, rel=1e-12)
        equal(shared, expected, rtol=1e-10)


@pytest.mark.parametrize("phase", ["one", "two"])
@pytest.mark.parametrize("micro_batch", MICRO_BATCHES)
def test_so_has_a_network_that_judges_itself_and_leaves_weights_unused(together, phase, micro_batch):
    (output,), expected = branches(phase, PATCHES)
    for found in together:
        (shared,), gradient = found["branches"][phase, micro_batch]
        assert shared["loss"] == pytest.approx(output["loss"], rel=1e-12)
        assert shared["parts"] == pytest.approx(output["parts"], rel=1e-12)
        equal(gradient, expected, rtol=1e-12)


def test_ua_net_learns_in_all_its_phases_and_the_processes_stay_alike(together):
    (parts, weights), (other_parts, other_weights) = (found["ua_net"] for found in together)
    assert [len(of_phase) for of_phase in parts] == [2, 4, 5] and parts == other_parts
    assert all(torch.equal(a, b) for a, b in zip(weights, other_weights, strict=True))


@pytest.mark.parametrize("cases", [1, 2, 5])
def test_every_case_is_scored_once_and_the_means_are_those_of_one_process(together, cases):
    metrics, seen, dice = validation(cases)
    shared = [found["validation"][cases] for found in together]
    assert sorted(case for _, part, _ in shared for case in part) == seen
    for found_metrics, _, found_dice in shared:
        assert found_metrics == pytest.approx(metrics, rel=1e-12)
        assert found_dice == pytest.approx(dice, rel=1e-12, nan_ok=True)


def test_a_loss_that_is_not_a_number_in_one_process_ends_both(together):
    assert together[0]["broken"] == together[1]["broken"] and "loss is nan" in together[0]["broken"]


def test_each_process_knows_who_it_is(together):
    assert together[0]["who"] == ((0, 2), True, ["report"], [0, 1])
    assert together[1]["who"] == ((1, 2), False, [], [0, 1])


def test_what_is_on_disk_is_made_by_the_first_process_and_found_by_the_other(together):
    assert [found["turns"] for found in together] == [False, True]


def test_buffers_become_those_of_the_first_process(together):
    assert [found["buffers"] for found in together] == [[0.0, 0.0]] * 2


def test_an_update_that_does_not_divide_is_refused(together):
    assert "an update of 7 patches cannot be shared by 2 processes" in together[0]["refused"]


def test_one_process_alone_shares_nothing(tmp_path):
    assert (p.share(), p.is_first(), p.in_first(["report"]), p.gather(7)) == ((0, 1), True, ["report"], [7])
    assert p.share_of(7) == 7 and turns(tmp_path) is False and buffers() == [0.0, 0.0]
    assert p.mean_of_processes({"loss": 2.0}, CPU) == {"loss": 2.0} and p.is_first_to_fail()


def test_a_process_that_torchrun_did_not_start_is_refused(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ConfigError, match=r"torchrun did not start this process; start it by torchrun"):
        p.join_processes(CPU)


def test_processes_that_do_not_know_of_each_other_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    p.check_joined()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"torchrun started 2 processes, .*name configs/multi_gpu_train.json after"):
        p.check_joined()


def test_a_process_without_a_gpu_of_its_own_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert p.own_device() == torch.device("cuda", 1)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(
        ConfigError, match=r"process 3 of this machine has no GPU of its own, there are 2; start at most"
    ):
        p.own_device()


if __name__ == "__main__":
    p.join_processes(CPU)
    p.check_joined()
    print("hello")
    results = {**everything(sys.argv[1]), "broken": broken(), "buffers": buffers(), "refused": refused()}
    torch.save(results, Path(sys.argv[1]) / f"{p.rank()}.pt")
    p.leave_processes()
