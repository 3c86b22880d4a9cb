"""Train the shipped weights on phantoms, score them on phantoms that training never saw, and write their card.

    python scripts/make_weights.py WORK [--workers 2] [--ship]

WORK keeps the data set and what each stage leaves. The same command goes on where it was stopped. With --ship the
weights and their card replace models/model.pt and models/model.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rtcontour.files import bundle_root, whole_file
from rtcontour.phantom import write_data_set

SEED = 20
TRAINING, VALIDATION, TEST = 44, 4, 20
RECIPE = "pelvis_fcn"


@dataclass(frozen=True)
class Stage:
    """One run of train.json, which starts from the weights of the stage before.

    Small patches see the edges of many structures for little time; whole patches come last, since group normalisation
    depends on what is in the patch. Class weights (background first, then the recipe's structures) take the network
    off the answer "everything is background", on which it stays for many hundred updates without.
    """

    name: str
    patch: tuple[int, int, int]
    structure_share: float
    learning_rate: float
    epochs: int
    iterations: int
    validate_every: int
    decay_epochs: int | None = None  # epochs after which the learning rate would be 0; None for `epochs`
    class_weight: tuple[float, ...] | None = None

    def recipe(self, default: dict[str, Any]) -> dict[str, Any]:
        """The default recipe as this stage has it: in one piece instead of in cycles, and without augmentation."""
        weights = f"$torch.tensor({list(self.class_weight)})" if self.class_weight else None
        return {
            **default,
            "patch": list(self.patch),
            "sampling": {**default["sampling"], "structure_share": self.structure_share, "augmentation": None},
            "loss": {**default["loss"], "class_weight": weights},
            "optimizer": {**default["optimizer"], "lr": self.learning_rate},
            "cycle": None,
            "epochs": self.epochs,
            "schedule": {
                "_target_": "torch.optim.lr_scheduler.PolynomialLR",
                "optimizer": "@optimizer",
                "total_iters": self.decay_epochs or self.epochs,
                "power": 0.9,
            },
        }


SMALL, WHOLE = (96, 96, 48), (136, 136, 72)
STAGES = (
    Stage(
        "1_weighted",
        patch=SMALL,
        structure_share=0.8,
        learning_rate=0.003,
        epochs=5,
        iterations=200,
        validate_every=5,
        decay_epochs=10,
        class_weight=(0.5, 3, 3, 1.5, 1, 3),
    ),
    Stage(
        "2_small_patches",
        patch=SMALL,
        structure_share=0.7,
        learning_rate=0.002,
        epochs=40,
        iterations=200,
        validate_every=10,
    ),
    Stage(
        "3_whole_patches",
        patch=WHOLE,
        structure_share=0.5,
        learning_rate=0.001,
        epochs=12,
        iterations=100,
        validate_every=6,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw phantoms")
    parser.add_argument("--ship", action="store_true", help="replace models/model.pt and its card")
    arguments = parser.parse_args()
    work, models = arguments.work.resolve(), Path(bundle_root()) / "models"
    if not (work / "phantoms").exists():
        write_data_set(
            work / "phantoms", training=TRAINING, validation=VALIDATION, test=TEST, seed=SEED,
            workers=arguments.workers, truth=True,
        )  # fmt: skip
    weights = train(work, STAGES[0], None)
    for stage in STAGES[1:]:
        weights = train(work, stage, weights)
    summary = evaluate(work, weights)
    card = write_card(work, summary)
    if arguments.ship:
        for source, target in ((weights, models / "model.pt"), (card, models / "model.md")):
            with whole_file(target, replace=True) as partial:
                shutil.copy(source, partial)
        print(f"shipped in {models}")


def train(work: Path, stage: Stage, weights: Path | None) -> Path:
    """Run what is left of a stage; returns its best model."""
    folder = work / stage.name
    started = (folder / "last.pt").exists()
    if started and epochs_done(folder) >= stage.epochs:
        return folder / "model.pt"
    start = ["--resume", "True"] if started else ["--weights", str(weights)] if weights else []
    before = time.monotonic()
    options = [
        "--val_interval",
        str(stage.validate_every),
        "--output_dir",
        str(folder),
        "--cache_dir",
        str(work / "volumes"),
    ]
    run("train", work, [*options, *start], *write_stage(stage, work))
    clock = folder / "seconds.json"
    spent = json.loads(clock.read_text()) if clock.exists() else 0
    clock.write_text(json.dumps(spent + round(time.monotonic() - before)))
    return folder / "model.pt"


def write_stage(stage: Stage, work: Path) -> tuple[str, str]:
    """Recipe and preset of a stage, in WORK."""
    recipe, preset = work / f"{stage.name}_recipe.json", work / f"{stage.name}_preset.json"
    default, size = shipped(f"recipes/{RECIPE}")["recipe"], shipped("presets/cpu")["preset"]
    recipe.write_text(json.dumps({"recipe": stage.recipe(default)}, indent=2))
    preset.write_text(json.dumps({"preset": size | {"iterations": stage.iterations}}, indent=2))
    return str(recipe), str(preset)


def shipped(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(bundle_root()) / "configs" / f"{name}.json").read_text())
    return content


def epochs_done(folder: Path) -> int:
    trainer = torch.load(folder / "last.pt", map_location="cpu", weights_only=True)["trainer"]
    return trainer["iteration"] // trainer["epoch_length"]


def evaluate(work: Path, weights: Path) -> dict[str, Any]:
    """Score a model on the test phantoms; returns summary.json."""
    folder = work / "scores"
    if not (folder / "summary.json").exists():
        options = ["--split", "test", "--checkpoint", str(weights), "--output_dir", str(folder), "--replace", "True"]
        run("evaluate", work, options, f"configs/recipes/{RECIPE}.json")
    return json.loads((folder / "summary.json").read_text())


def run(story: str, work: Path, options: list[str], *files: str) -> None:
    configs = str([f"configs/{story}.json", *files])
    command = ["-m", "monai.bundle", "run", "--config_file", configs, "--dataset_dir", str(work / "phantoms")]
    subprocess.run([sys.executable, *command, *options], cwd=bundle_root(), check=True)


def write_card(work: Path, summary: dict[str, Any]) -> Path:
    """What a user must know of the weights, in WORK/model.md."""
    stages = [
        f"| {s.name} | {' x '.join(map(str, s.patch))} | {s.structure_share} | {s.learning_rate} | "
        f"{s.epochs * s.iterations} | {minutes(work / s.name)} |"
        for s in STAGES
    ]
    scores = [
        f"| {name} | {one['dice']['median']:.3f} | {one['dice']['mean']:.3f} | "
        f"{millimetres(one['msd_mm']['median'])} | {one['dice']['n']} | {one['missed']} |"
        for name, one in summary["structures"].items()
    ]
    text = CARD.format(
        training=TRAINING, validation=VALIDATION, test=TEST, seed=SEED, stages="\n".join(stages),
        scores="\n".join(scores),
        weights="; ".join(f"{s.name} {list(s.class_weight)}" for s in STAGES if s.class_weight),
    )  # fmt: skip
    with whole_file(work / "model.md", replace=True) as partial:
        partial.write_text(text)
    return work / "model.md"


def millimetres(distance: float | None) -> str:
    return "-" if distance is None else f"{distance:.2f} mm"


def minutes(folder: Path) -> str:
    clock = folder / "seconds.json"
    return f"{json.loads(clock.read_text()) / 60:.0f} min" if clock.exists() else "not measured"


CARD = """\
# model.pt

RecomiaFCN of the cpu preset for the recipe `pelvis_fcn`. It has seen no real patient: it was trained on synthetic
phantoms only. **Not for clinical use.**

## Scores on {test} phantoms that training never saw

| structure | median Dice | mean Dice | median MSD | cases | missed |
|---|---|---|---|---|---|
{scores}

Labels are the exact anatomy that the phantoms were drawn from, all five structures in every case, in training as in
the test. Nothing here says how such weights learn from gaps or from a clinic's habits. The scores are defined in
[metrics.md](../docs/metrics.md).

## How it was made

`python scripts/make_weights.py WORK --ship`, on two CPU cores that did other work beside it. The data set is seed
{seed} of `rtcontour.phantom`: its first {training} cases train, the next {validation} choose the model, the last {test}
test. NAdam, one patch an update, seed 0; the learning rate falls towards 0 within each stage.

| stage | patch in voxels | centred on a structure | learning rate | updates | time |
|---|---|---|---|---|---|
{stages}

Class weights of the loss, background first: {weights}. The other stages have none.
"""


if __name__ == "__main__":
    main()
