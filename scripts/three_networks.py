"""Train the three networks on the seven organs of OpenKBP in the same way, score them, and draw how they learned.

    python scripts/three_networks.py DATASET_DIR WORK [--only RECIPE] [--ship]

WORK keeps a run a recipe; the same command goes on where it was stopped. With --ship the weights, their cards and
histories go to models/ and the figure to docs/.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from rtcontour.files import bundle_root, whole_file

NETWORKS = {
    "head_neck_7_fcn": "RecomiaFCN (Sartor 2020)",
    "head_neck_7_dpn_unet": "DpnUNet (Geng 2024)",
    "head_neck_7_ua_net": "Ua-Net (Tang 2019)",
}
SIZES = {"head_neck_7_fcn": "gpu"}  # where not that of the preset
VALIDATIONS = 10  # of a training
MEASURES = {
    "dice": "{:.3f} ({:.3f} to {:.3f})",
    "msd_mm": "{:.2f} ({:.2f} to {:.2f})",
    "hd95_mm": "{:.1f} ({:.1f} to {:.1f})",
}
ROOT = Path(bundle_root())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset_dir", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", choices=NETWORKS, help="train and score this one")
    parser.add_argument("--ship", action="store_true", help="replace weights, cards, histories and the figure")
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else NETWORKS:
        run = arguments.work.resolve() / name
        train(name, run, arguments.dataset_dir)
        summary = evaluate(name, run, arguments.dataset_dir)
        if arguments.ship:
            ship(name, run, summary)
    if arguments.ship:
        draw(ROOT / "models", ROOT / "docs" / "three-networks.png")
    print(table(ROOT / "models"))


def train(name: str, run: Path, data: Path) -> None:
    """Run what is left of a training."""
    epochs = json.loads((ROOT / "configs" / "recipes" / f"{name}.json").read_text())["recipe"]["epochs"]
    every = max(1, epochs // VALIDATIONS)
    last = run / "last.pt"
    if last.exists():
        trainer = torch.load(last, map_location="cpu", weights_only=True)["trainer"]
        if trainer["iteration"] // trainer["epoch_length"] >= epochs:
            return
    size = ["--preset::size", SIZES.get(name, "cpu")]
    monai("train", name, data, run, ["--val_interval", str(every), "--resume", str(last.exists()), *size])


def evaluate(name: str, run: Path, data: Path) -> dict[str, Any]:
    """Score the best model of a run on the validation patients; returns summary.json."""
    options = ["--split", "validation", "--checkpoint", str(run / "model.pt"), "--replace", "True"]
    monai("evaluate", name, data, run / "scores", options)
    return json.loads((run / "scores" / "summary.json").read_text())


def monai(story: str, name: str, data: Path, output: Path, options: list[str]) -> None:
    configs = f"['configs/{story}.json','configs/recipes/{name}.json','configs/presets/cpu.json']"
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", configs]
    command += ["--dataset_dir", str(data.resolve()), "--output_dir", str(output), *options]
    subprocess.run(command, cwd=ROOT, check=True)


def ship(name: str, run: Path, summary: dict[str, Any]) -> None:
    """Put weights, history, scores and card of a run into models/."""
    models = ROOT / "models"
    shutil.copy(run / "validation.csv", run / "history.csv")
    (run / "scores.json").write_text(json.dumps(summary, indent=2) + "\n")
    (run / "card.md").write_text(card(name, run, summary))
    files = {"model.pt": ".pt", "history.csv": ".csv", "scores.json": ".json", "card.md": ".md"}
    for source, suffix in files.items():
        with whole_file(models / f"{name}{suffix}", replace=True) as partial:
            shutil.copy(run / source, partial)


def card(name: str, run: Path, summary: dict[str, Any]) -> str:
    """What a user must know of the weights."""
    said = torch.load(run / "model.pt", map_location="cpu", weights_only=True)["rtcontour"]
    manifest = json.loads((run / "manifest.json").read_text())
    history = read_history(run / "validation.csv")
    best = max(history, key=lambda row: row["mean"])
    measures = read_measures(run / "scores" / "summary.csv")
    rows = [
        f"| {organ} | {' | '.join(measures[organ, measure] for measure in MEASURES)} | {one['dice']['median']:.3f} | "
        f"{one['dice']['n']} | {one['missed']} |"
        for organ, one in summary["structures"].items()
    ]
    return CARD.format(
        name=name,
        network=said["network"],
        size=said["arguments"]["size"],
        mean=summary["mean_dice"],
        detected=detected(summary),
        scores="\n".join(rows),
        epochs=int(history[-1]["epoch"]),
        minutes=history[-1]["seconds"] / 60,
        best_epoch=int(best["epoch"]),
        best=best["mean"],
        every=int(history[0]["epoch"]),
        seed=manifest["seed"],
        hardware=hardware(manifest["hardware"]),
        versions=", ".join(f"{package} {manifest['versions'][package]}" for package in ("torch", "monai", "rtcontour")),
        data_hash=manifest["data_set"]["sha256"][:16],
    )


def read_measures(path: Path) -> dict[tuple[str, str], str]:
    """Mean and its 95 % interval of (organ, measure), as the card prints them, from an evaluation's summary.csv."""
    with path.open() as file:
        return {
            (row["structure"], row["measure"]): MEASURES[row["measure"]].format(
                *(float(row[key]) for key in ("mean", "mean_interval_low", "mean_interval_high"))
            )
            for row in csv.DictReader(file)
            if row["measure"] in MEASURES
        }


def hardware(said: dict[str, Any]) -> str:
    """What a manifest says of the machine, in words."""
    if said["gpus"]:
        return ", ".join(said["gpus"])
    return f"{said['threads']} threads of a CPU ({said['processor']}) in bfloat16"


def detected(summary: dict[str, Any]) -> float:
    """Share of the contoured organs of which the model found at least a voxel."""
    organs = summary["structures"].values()
    there = sum(one["dice"]["n"] - one["false_organs"] for one in organs)
    return 1 - sum(one["missed"] for one in organs) / there


def read_history(path: Path) -> list[dict[str, float]]:
    """validation.csv as numbers; NaN where a cell is empty."""
    with path.open() as file:
        return [{key: float(value or "nan") for key, value in row.items()} for row in csv.DictReader(file)]


def table(models: Path) -> str:
    """The shipped models in one Markdown table: mean Dice by organ on the validation patients."""
    summaries = {name: json.loads((models / f"{name}.json").read_text()) for name in shipped(models)}
    if not summaries:
        return "nothing is shipped yet"
    organs = list(next(iter(summaries.values()))["structures"])
    lines = [f"| network | {' | '.join(organs)} | mean | detected | minutes |", "|---" * (len(organs) + 4) + "|"]
    for name, summary in summaries.items():
        dice = [f"{summary['structures'][organ]['dice']['mean']:.3f}" for organ in organs]
        minutes = read_history(models / f"{name}.csv")[-1]["seconds"] / 60
        cells = [NETWORKS[name], *dice, f"{summary['mean_dice']:.3f}", f"{detected(summary):.3f}", f"{minutes:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def shipped(models: Path) -> list[str]:
    return [name for name in NETWORKS if (models / f"{name}.csv").exists()]


def draw(models: Path, path: Path) -> None:
    """Validation Dice of each organ over the minutes of the training, a panel an organ, a line a network."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    histories = {name: read_history(models / f"{name}.csv") for name in shipped(models)}
    panels = ["mean", *list(next(iter(histories.values()))[0])[3:]]
    figure, axes = pyplot.subplots(2, 4, figsize=(13, 6), sharex=True, sharey=True, layout="constrained")
    for panel, axis in zip(panels, axes.flat, strict=True):
        for name, history in histories.items():
            axis.plot([row["seconds"] / 60 for row in history], [row[panel] for row in history], label=NETWORKS[name])
        axis.set(title="mean of the organs" if panel == "mean" else panel, ylim=(0, 1))
        axis.grid(alpha=0.3)
    axes[0, 0].legend(loc="lower right", fontsize=8)
    figure.supxlabel("minutes on two CPU cores, validations included")
    figure.supylabel("Dice on 33 validation patients")
    with whole_file(path, replace=True) as partial:
        figure.savefig(partial, format="png", dpi=110)


CARD = """\
# {name}.pt

{network} of the size `{size}` for the recipe `{name}`, trained on 169 patients of the public OpenKBP data (Babier et
al., Medical Physics 2021; MIT licence), with the contours of their treatment as they are. **Not for clinical use.**

## Scores on the 33 validation patients of OpenKBP

Means with their 95 % bootstrap intervals.

| structure | Dice | MSD in mm | HD95 in mm | median Dice | contoured in | missed |
|---|---|---|---|---|---|---|
{scores}

Mean Dice of the structures {mean:.3f}; {detected:.3f} of the contoured organs were found. The same patients chose the
model, so the numbers flatter it. Structures that nobody contoured in a patient are not scored.
[metrics.md](../docs/metrics.md) defines the scores, [statistics.md](../docs/statistics.md) the intervals.

It knows CTs on voxels of about 4 x 4 x 2.5 mm whose couch and air were removed, and nothing else: a planning CT with
voxels of 1 mm is unlike anything that it has seen.

## How it was made

`python scripts/three_networks.py DATASET_DIR WORK --only {name} --ship`: {epochs} epochs in {minutes:.0f}
minutes on {hardware}, seed {seed}, validated every {every} epochs; {versions}. The best validation, {best:.3f} before
clean-up, came after epoch {best_epoch}. The data set's `datalist.json` and file sizes have the hash `{data_hash}...`.
`{name}.csv` has the Dice of every validation and `{name}.json` the scores above in full.
[three-networks.md](../docs/three-networks.md) compares it with the other two.
"""


if __name__ == "__main__":
    main()
