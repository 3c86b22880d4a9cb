"""What structures that nobody contoured cost, and what merging them into background saves: a study on phantoms.

    python scripts/missing_labels.py WORK [--share 0.4] [--epochs 50] [--only ARM]

Four trainings from the same phantoms, which differ only in what they are told: everything; a share of the structures
withheld at random and said to be missing; the same, taken for background; only the cases in which nothing is missing.
WORK keeps phantoms, runs and scores; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rtcontour.datasets import Case, DataSet, read_datalist, read_labels, write_datalist, write_labels
from rtcontour.files import bundle_root
from rtcontour.phantom import write_data_set

ROOT = Path(bundle_root())
RECIPE = "pelvis_fcn"
PHANTOMS = {"training": 200, "validation": 6, "test": 30, "seed": 40}
COARSE = {"spacing_mm": (4.0, 4.0, 5.0), "columns_rows": (128, 96), "truth": True}
CHANGES: dict[str, Any] = {
    "patch": [64, 64, 32],
    "cycle": None,
    "handlers": [],
    "loss": {"_target_": "rtcontour.training.losses.merged_background_nll_and_dice", "_mode_": "callable"},
    "optimizer": {"_target_": "torch.optim.NAdam", "params": "$@network.parameters()", "lr": 0.002},
    "schedule": {
        "_target_": "torch.optim.lr_scheduler.PolynomialLR",
        "optimizer": "@optimizer",
        "total_iters": "@recipe::epochs",
        "power": 0.9,
    },
}
UPDATES = 100  # an epoch
ARMS = {
    "complete": "everything contoured",
    "merged": "missing ones merged into background",
    "background": "missing ones taken for background",
    "left_out": "only cases without a gap",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder that keeps the phantoms, the runs and their scores")
    parser.add_argument("--share", type=float, default=0.4, help="of the structures of the training cases, withheld")
    parser.add_argument("--epochs", type=int, default=50, help=f"of each training, of {UPDATES} updates")
    parser.add_argument("--only", choices=ARMS, help="train and score this arm")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    phantoms = work / "phantoms"
    if not phantoms.exists():
        write_data_set(phantoms, workers=2, **PHANTOMS, **COARSE)
    summaries = {}
    for arm in [arguments.only] if arguments.only else ARMS:
        folder = work / f"{arguments.epochs}_epochs" / (arm if arm == "complete" else f"{arm}_{arguments.share:g}")
        data = write_arm(arm, read_datalist(phantoms), folder / "data", arguments.share)
        print(f"{arm}: {ARMS[arm]}; {len(data.split('training'))} training cases", flush=True)
        summaries[arm] = train_and_score(write_recipe(folder.parent, arguments.epochs), folder)
    print(table(summaries))


def write_arm(arm: str, data: DataSet, folder: Path, share: float) -> DataSet:
    """The data set as an arm is told it, in a folder of its own; images stay where they are."""
    if not (folder / "datalist.json").exists():
        withheld = {} if arm == "complete" else withhold(data, share)
        cases = [tell(arm, case, withheld.get(case.case, ()), data, folder) for case in data.cases]
        if arm == "left_out":
            cases = [case for case in cases if not withheld.get(case.case)]
        write_datalist(folder, replace(data, folder=folder, cases=tuple(cases)))
    return read_datalist(folder)


def withhold(data: DataSet, share: float) -> dict[str, tuple[str, ...]]:
    """Which structures each training case loses: of each structure the same share of the cases, at random."""
    generator = np.random.default_rng(0)
    training = data.split("training")
    lost: dict[str, tuple[str, ...]] = {case.case: () for case in training}
    for name in data.labels:
        with_it = [case.case for case in training if name in case.annotated]
        for case in generator.choice(with_it, round(share * len(with_it)), replace=False):
            lost[case] += (name,)
    return lost


def tell(arm: str, case: Case, lost: Sequence[str], data: DataSet, folder: Path) -> Case:
    """A case without what it lost: gone from the label map, and from `annotated` unless taken for background."""
    if not lost:
        return case
    assert case.label is not None
    labels, grid = read_labels(case.label)
    labels[np.isin(labels, [data.labels[name] for name in lost])] = 0
    path = folder / "labels" / f"{case.case}.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_labels(path, labels, grid, replace=True)
    known = case.annotated if arm == "background" else tuple(name for name in case.annotated if name not in lost)
    return replace(case, label=path, annotated=known)


def write_recipe(folder: Path, epochs: int) -> Path:
    """The default recipe with what coarse voxels and minutes of training ask for."""
    published = json.loads((ROOT / "configs" / "recipes" / f"{RECIPE}.json").read_text())["recipe"]
    said = published | CHANGES | {"epochs": epochs}
    recipe, preset = folder / "recipe.json", folder / "preset.json"
    recipe.write_text(json.dumps({"recipe": said}, indent=2))
    size = json.loads((ROOT / "configs" / "presets" / "cpu.json").read_text())["preset"]
    preset.write_text(json.dumps({"preset": size | {"iterations": UPDATES}}, indent=2))
    return recipe


def train_and_score(recipe: Path, folder: Path) -> dict[str, Any]:
    """Run what is left of an arm; returns summary.json of the test phantoms, all of whose structures are contoured."""
    run, scores = folder / "run", folder / "scores"
    if not (scores / "summary.json").exists():
        started = (run / "last.pt").exists()
        resumed = ["--resume", "True"] if started else []
        if not is_finished(run):
            monai("train", recipe, folder, "--output_dir", str(run), "--val_interval", "5", *resumed)
        checkpoint = ["--checkpoint", str(run / "model.pt"), "--split", "test"]
        monai("evaluate", recipe, folder, "--output_dir", str(scores), *checkpoint, "--replace", "True")
    return json.loads((scores / "summary.json").read_text())


def is_finished(run: Path) -> bool:
    manifest = run / "manifest.json"
    return manifest.exists() and json.loads(manifest.read_text())["status"] == "finished"


def monai(story: str, recipe: Path, folder: Path, *options: str) -> None:
    files = [f"configs/{story}.json", str(recipe), *([str(recipe.parent / "preset.json")] if story == "train" else [])]
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(files)]
    subprocess.run([*command, "--dataset_dir", str(folder / "data"), *options], cwd=ROOT, check=True)


def table(summaries: dict[str, dict[str, Any]]) -> str:
    """Mean Dice by structure, an arm a row, in Markdown."""
    structures = list(next(iter(summaries.values()))["structures"])
    lines = [f"| training | {' | '.join(structures)} | mean |", "|---" * (len(structures) + 2) + "|"]
    for arm, summary in summaries.items():
        dice = [f"{summary['structures'][name]['dice']['mean']:.3f}" for name in structures]
        lines.append(f"| {ARMS[arm]} | {' | '.join(dice)} | {summary['mean_dice']:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
