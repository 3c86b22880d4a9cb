"""evaluate_folders: scores.csv, summary.json and report.html of predictions against truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

from rtcontour.datasets import read_image
from rtcontour.errors import Finding, GeometryError, deliver
from rtcontour.evaluation.figures import draw_contours
from rtcontour.evaluation.inputs import read_case
from rtcontour.evaluation.report import write_report
from rtcontour.evaluation.score import FolderScores, score_folder
from rtcontour.files import refuse_existing, whole_folder
from rtcontour.metrics import StructureScores, summarize_scores

MEASURES = tuple(field.name for field in fields(StructureScores))


def evaluate_folders(
    predictions: str | Path,
    truth: str | Path,
    output: str | Path,
    *,
    title: str = "Predicted and true contours",
    facts: Mapping[str, str] | None = None,
    notice: str = "",
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> list[str]:
    """Score predictions against truth and write `output`/scores.csv, summary.json and report.html, all or nothing.

    The report has a picture of the case with the median and of the one with the lowest mean Dice, where the truth is a
    data set and so has images.

    Args:
        predictions: a data set, a folder of label maps or of masks, or one label map; see `list_cases`.
        truth: the same.
        output: folder to write.
        title: heading of the report.
        facts: what to state about the predictions, such as the model; added to what is known here.
        notice: a warning above the report.
        replace: whether an existing folder may be replaced.
        findings: gets everything odd; logged where it is None.

    Returns:
        One line a structure, for people.

    Raises:
        RtContourError: what `score_folder` raises, or an output that exists already.
    """
    if Path(output).is_file() or (Path(output).is_dir() and any(Path(output).iterdir())):
        refuse_existing(output, replace=replace)
    result = score_folder(predictions, truth)
    summary = summarize_scores(list(result.scores.values()))
    with whole_folder(output, replace=replace) as folder:
        _write_scores(folder / "scores.csv", result)
        (folder / "summary.json").write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        write_report(
            folder / "report.html",
            title=title,
            scores=result.scores,
            pictures=_draw_pictures(folder / "pictures", result),
            findings=result.findings,
            facts={**(facts or {}), **_known_facts(predictions, truth, result)},
            notice=notice,
        )
    deliver(result.findings, findings)
    return [_line(name, row) for name, row in summary["structures"].items()]


def _write_scores(path: Path, result: FolderScores) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["case", "structure", *MEASURES])
        table.writeheader()
        for case, structures in result.scores.items():
            for name, scores in structures.items():
                table.writerow({"case": case, "structure": name, **asdict(scores)})


def _draw_pictures(folder: Path, result: FolderScores) -> dict[str, Path]:
    """Caption -> PNG of the median and the worst case, of those whose image is known."""
    dice = {case: _mean_dice(scores) for case, scores in result.scores.items() if result.pairs[case][1].image}
    ranked = sorted((mean, case) for case, mean in dice.items() if mean is not None)
    if not ranked:
        return {}
    pictures = {}
    for rank, (mean, case) in {"median": ranked[len(ranked) // 2], "lowest": ranked[0]}.items():
        path = folder / f"{rank}.png"
        _draw_case(path, result, case)
        pictures[f"{case}: the {rank} mean Dice of the cases, {mean:.3f}. Solid: predicted. Dashed: truth."] = path
        if len(ranked) == 1:
            break
    return pictures


def _draw_case(path: Path, result: FolderScores, case: str) -> None:
    predicted, truth = (read_case(files) for files in result.pairs[case])
    image = truth.files.image or Path()
    hu, grid = read_image(image)
    if not grid.matches(truth.grid):
        raise GeometryError(
            f"{image} and {truth.files.path} are on different grids; write the labels on the image's grid"
        )
    drawn = [name for name, scores in result.scores[case].items() if scores.outcome != "not contoured"]
    masks, true = ({name: side.masks[name] for name in drawn} for side in (predicted, truth))
    draw_contours(hu, grid, masks, path, truth=true, title=case)


def _mean_dice(scores: Mapping[str, StructureScores]) -> float | None:
    known = [one.dice for one in scores.values() if one.dice is not None]
    return fmean(known) if known else None


def _known_facts(predictions: str | Path, truth: str | Path, result: FolderScores) -> dict[str, str]:
    return {
        "Predicted": Path(predictions).name,
        "Truth": Path(truth).name,
        "Cases": str(len(result.scores)),
        "Date": date.today().isoformat(),
    }


def _line(name: str, summary: Mapping[str, Any]) -> str:
    dice, msd = summary["dice"], summary["msd_mm"]
    parts = [f"{name}:"]
    parts.append(f"Dice {dice['mean']:.3f} (n {dice['n']})" if dice["n"] else "not contoured")
    if msd["n"]:
        parts.append(f"MSD {msd['mean']:.2f} mm, HD95 {summary['hd95_mm']['mean']:.2f} mm")
    parts += [
        f"{summary[key]} {word}" for key, word in (("missed", "missed"), ("false_organs", "false")) if summary[key]
    ]
    return " ".join((parts[0], ", ".join(parts[1:])))
