"""What configs/evaluate.json does of an evaluation: check limits first, and report on the predictions at the end."""

from __future__ import annotations

from pathlib import Path

from rtcontour.errors import Finding, summarize_findings
from rtcontour.evaluation.evaluate import evaluate_folders
from rtcontour.evaluation.inputs import Structures
from rtcontour.evaluation.statistics import read_tolerances


def check_tolerances(path: str | Path | None) -> None:
    """Refuse a file of limits that cannot be read, before any case is contoured; None is no file.

    Raises:
        InputFileError: what `read_tolerances` raises.
    """
    if path is not None:
        read_tolerances(path)


def evaluate_run(
    output_dir: str | Path,
    dataset_dir: str | Path,
    *,
    split: str,
    structures: Structures,
    name: str,
    checkpoint: str | Path,
    tolerances: str | Path | None = None,
    notice: str = "",
    replace: bool = False,
) -> None:
    """Score `output_dir`/predictions against a split of a data set; tables, figures and the report go beside them.

    Args:
        output_dir: holds predictions/, and gets what `evaluate_folders` writes.
        dataset_dir: the data set with the truth.
        split: "training", "validation" or "test".
        structures: those of the model; a union is made of its parts in the truth.
        name: what the model is called.
        checkpoint: its file, whose hash the report states.
        tolerances: a JSON file of limits; None for no pass rates.
        notice: a warning above the report.
        replace: whether earlier results may be replaced.

    Raises:
        RtContourError: what `evaluate_folders` raises.
    """
    findings: list[Finding] = []
    lines = evaluate_folders(
        Path(output_dir) / "predictions",
        dataset_dir,
        output_dir,
        name=name,
        tolerances=tolerances,
        weights=checkpoint,
        split=split,
        structures=structures,
        title=f"{name}: {split} cases of {Path(dataset_dir).resolve().name}",
        notice=notice,
        beside=True,
        replace=replace,
        findings=findings,
    )
    for line in (*lines, *summarize_findings(findings), f"report in {Path(output_dir) / 'report.html'}"):
        print(line, flush=True)
