"""All of it together, wired by a config as configs/train.json wires it, on patients of a few voxels."""

import math
from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Events
from monai.bundle import ConfigParser
from monai.handlers import CheckpointLoader
from torch.utils.data import Dataset

from rtcontour.training import save_checkpoint

SHAPE, PATCH = (9, 8, 7), 3
EPOCHS, CYCLE, ITERATIONS, UPDATE = 9, 3, 8, 50
SAVED = (3, 4)  # the end of the first cycle, the middle of the second

CONFIG = {
    "recipe": {
        "cycle": {"epochs": CYCLE, "folds": 5, "mined_share": 0.1},
        "schedule": {
            "_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau",
            "optimizer": "@optimizer",
            "factor": 0.1,
            "patience": 0,
            "threshold": 0.5,
            "min_lr": 1e-6,
        },
    },
    "seed": 0,
    "network": {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 3, "kernel_size": 1},
    "loss": {"_target_": "rtcontour.training.losses.merged_background_nll", "_mode_": "callable"},
    "optimizer": {"_target_": "torch.optim.NAdam", "params": "$@network.parameters()", "lr": 0.001},
    "schedule": "@recipe::schedule",
    "cycles": {
        "_target_": "rtcontour.training.patches.cycles.Cycles.of",
        "cycle": "@recipe::cycle",
        "data": "@items",
        "restart": ["@optimizer", "@schedule"],
        "seed": "@seed",
    },
    "false_positives": {"_target_": "rtcontour.training.patches.false_positives.FalsePositives", "seed": "@seed"},
    "resumable": {
        "model": "@network",
        "optimizer": "@optimizer",
        "schedule": "@schedule",
        "cycles": "@cycles",
        "false_positives": "@false_positives",
    },
    "held_out": {
        "sampler": {
            "_target_": "rtcontour.training.patches.sampler.HeldOutSampler",
            "data": "@items",
            "cycles": "@cycles",
            "patches": 30,
            "seed": "@seed",
        },
        "dataloader": {
            "_target_": "DataLoader",
            "dataset": "@patches",
            "sampler": "@held_out::sampler",
            "batch_size": 8,
        },
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "cpu",
            "val_data_loader": "@held_out::dataloader",
            "network": "@network",
            "inferer": {"_target_": "SimpleInferer"},
            "iteration_update": {
                "_target_": "rtcontour.training.patches.held_out.HeldOutStep",
                "loss": "@loss",
                "cycles": "@cycles",
            },
            "key_val_metric": {
                "loss": {
                    "_target_": "rtcontour.training.MeanLoss",
                    "output_transform": {"_target_": "rtcontour.training.loss_of_patches", "_mode_": "callable"},
                }
            },
            "decollate": False,
            "val_handlers": [
                "@held_out::sampler",
                {"_target_": "rtcontour.training.patches.held_out.HeldOutLine", "optimizer": "@optimizer"},
            ],
        },
    },
    "mine": {
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [{"_target_": "AsDiscreted", "keys": "pred", "argmax": True}],
        },
        "dataset": {"_target_": "Dataset", "data": "@whole"},
        "dataloader": {"_target_": "DataLoader", "dataset": "@mine::dataset", "batch_size": 1},
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "cpu",
            "val_data_loader": "@mine::dataloader",
            "network": "@network",
            "inferer": {"_target_": "SimpleInferer"},
            "iteration_update": {"_target_": "rtcontour.training.ValidationStep"},
            "postprocessing": "@mine::postprocessing",
            "val_handlers": [
                {
                    "_target_": "rtcontour.training.patches.false_positives.CollectFalsePositives",
                    "store": "@false_positives",
                },
                {
                    "_target_": "rtcontour.training.patches.false_positives.FalsePositivesLine",
                    "store": "@false_positives",
                    "structures": ["Bladder", "Rectum"],
                },
            ],
        },
    },
    "train": {
        "sampler": {
            "_target_": "rtcontour.training.patches.sampler.PatchSampler",
            "data": "@items",
            "cycles": "@cycles",
            "patches": ITERATIONS * UPDATE,
            "seed": "@seed",
            "false_positives": "@false_positives",
            "mined_share": "$@cycles.mined_share",
        },
        "dataloader": {
            "_target_": "DataLoader",
            "dataset": "@patches",
            "sampler": "@train::sampler",
            "batch_size": UPDATE,
        },
        "handlers": [
            "@cycles",
            "@train::sampler",
            {
                "_target_": "rtcontour.training.patches.held_out.ScoreHeldOut",
                "evaluator": "@held_out::evaluator",
                "cycles": "@cycles",
            },
            {
                "_target_": "LrScheduleHandler",
                "lr_scheduler": "@schedule",
                "print_lr": False,
                "step_transform": "$held_out.loss_to_step_by(@schedule, @held_out::evaluator)",
            },
            {
                "_target_": "rtcontour.training.patches.false_positives.MineFalsePositives",
                "evaluator": "@mine::evaluator",
                "cycles": "@cycles",
            },
        ],
        "trainer": {
            "_target_": "SupervisedTrainer",
            "max_epochs": EPOCHS,
            "device": "cpu",
            "train_data_loader": "@train::dataloader",
            "network": "@network",
            "optimizer": "@optimizer",
            "loss_function": None,
            "inferer": {"_target_": "SimpleInferer"},
            "iteration_update": {"_target_": "rtcontour.training.TrainingStep", "loss": "@loss", "micro_batch": 25},
            "decollate": False,
            "train_handlers": "@train::handlers",
        },
    },
}


def patient(number):
    """A bladder in a dark corner; something bright that is no rectum; every other one without rectum contoured."""
    label = torch.zeros(1, *SHAPE, dtype=torch.uint8)
    label[0, :3, :3, :3], label[0, 6:, 6:, 5:] = 1, 2
    image = torch.zeros(1, *SHAPE)
    image[0, 5:, :, 4:] = 1
    annotated = torch.tensor([True, True, number % 2 == 0])
    label[label == 2] = 2 if annotated[2] else 0
    return {"case": f"c{number}", "image": image, "label": label, "annotated": annotated}


class Patches(Dataset):
    """Small patches inside the scan, wherever the draw says, of the cases in memory; remembers what was asked for."""

    def __init__(self, whole):
        self.whole, self.asked = whole, []

    def __getitem__(self, draw):
        self.asked.append(draw)
        case = self.whole[draw.case]
        start = draw.centre or [draw.key[1] % n for n in SHAPE]
        box = (
            slice(None),
            *(slice(min(s, n - PATCH), min(s, n - PATCH) + PATCH) for s, n in zip(start, SHAPE, strict=True)),
        )
        cut = {key: case[key][box] for key in ("image", "label")}
        return {**cut, "weight": torch.ones_like(cut["label"]), "annotated": case["annotated"]}


def run(save=None, load=None):
    """A training; saved at the end of the first cycle and in the middle of the second, or gone on with from there."""
    torch.manual_seed(0)
    parser = ConfigParser(CONFIG, globals={"held_out": "rtcontour.training.patches.held_out"})
    whole = [patient(n) for n in range(10)]
    items = [
        {"case": f"c{n}", "patient": f"p{n // 2}", "cohort": "", "annotated": whole[n]["annotated"].tolist()}
        for n in range(10)
    ]
    patches = Patches(whole)
    parser.set(whole, "whole")
    parser.set(items, "items")
    parser.set(patches, "patches")
    network = parser.get_parsed_content("network")
    with torch.no_grad():  # all is bladder, and what is bright is rectum, for as long as this training goes
        network.weight.copy_(torch.tensor([0.0, 0.0, 4.0]).reshape(3, 1, 1, 1, 1))
        network.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    trainer = parser.get_parsed_content("train::trainer")
    optimizer, objects = parser.get_parsed_content("optimizer"), parser.get_parsed_content("resumable")
    seen = SimpleNamespace(whole=whole, items=items, rates=[], trained=defaultdict(list), scored=defaultdict(list))

    def look(engine):
        draws, patches.asked[:] = list(patches.asked), []
        seen.trained[engine.state.epoch] += [draw for draw in draws if draw.augment]
        seen.scored[engine.state.epoch] += [draw for draw in draws if not draw.augment]

    trainer.add_event_handler(Events.EPOCH_COMPLETED, look)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: seen.rates.append(optimizer.param_groups[0]["lr"]))
    if save:
        trainer.add_event_handler(
            Events.EPOCH_COMPLETED(event_filter=lambda _, epoch: epoch in SAVED),
            lambda engine: save_checkpoint(save / f"{engine.state.epoch}.pt", {**objects, "trainer": engine}),
        )
    if load:
        CheckpointLoader(str(load), {**objects, "trainer": trainer}, map_location="cpu")(trainer)
    trainer.run()
    seen.weights = {name: value.clone() for name, value in network.state_dict().items()}
    return seen


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("cycles")


@pytest.fixture(scope="module")
def whole_run(saved):
    return run(save=saved)


def test_the_held_out_never_train_in_their_cycle_and_train_in_others(whole_run):
    scans = defaultdict(set)
    for epoch in range(1, EPOCHS + 1):
        trained = {whole_run.items[draw.case]["patient"] for draw in whole_run.trained[epoch]}
        scored = {whole_run.items[draw.case]["patient"] for draw in whole_run.scored[epoch]}
        assert len(trained) == 4 and len(scored) == 1 and not trained & scored
        assert len(whole_run.trained[epoch]) == ITERATIONS * UPDATE and len(whole_run.scored[epoch]) == 30
        scans[(epoch - 1) // CYCLE] |= scored
    assert all(len(scored) == 1 for scored in scans.values()) and len(set.union(*scans.values())) == 3


def test_a_tenth_of_the_second_cycle_is_centred_on_what_was_wrong_in_the_first(whole_run):
    centred = {e: [draw for draw in draws if draw.centre] for e, draws in whole_run.trained.items()}
    assert [len(centred[e]) for e in (1, 2, 3)] == [0, 0, 0]
    for epochs in ((4, 5, 6), (7, 8, 9)):
        patches = 3 * ITERATIONS * UPDATE
        found = sum(len(centred[e]) for e in epochs)
        assert abs(found - 0.1 * patches) < 5 * math.sqrt(patches * 0.1 * 0.9)


def test_the_centres_are_false_positives_of_contoured_structures(whole_run):
    structures = set()
    for draws in whole_run.trained.values():
        for draw in (draw for draw in draws if draw.centre):
            case, voxel = whole_run.whole[draw.case], (0, *draw.centre)
            predicted = 2 if case["image"][voxel] else 1
            assert case["annotated"][predicted] and case["label"][voxel] != predicted
            structures.add((bool(case["annotated"][2]), predicted))
    assert structures == {(True, 1), (True, 2), (False, 1)}


def test_the_rate_falls_on_a_plateau_and_starts_anew_with_the_cycle(whole_run):
    """Halving the held-out loss counts as a gain here: the first epoch of a cycle has one, the others have none."""
    assert whole_run.rates == pytest.approx([1e-3, 1e-4, 1e-5] * 3)


@pytest.mark.parametrize("epoch", SAVED)
def test_a_run_resumed_between_or_within_cycles_goes_on_exactly(whole_run, saved, epoch):
    resumed = run(load=saved / f"{epoch}.pt")
    assert sorted(resumed.trained) == list(range(epoch + 1, EPOCHS + 1))
    assert all(resumed.trained[e] == whole_run.trained[e] for e in resumed.trained)
    assert all(resumed.scored[e] == whole_run.scored[e] for e in resumed.scored)
    assert resumed.rates == whole_run.rates[epoch:]
    assert all(torch.equal(resumed.weights[name], value) for name, value in whole_run.weights.items())
