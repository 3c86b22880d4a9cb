"""score_folder: pair the cases of two folders and score every structure that both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtcontour.errors import DataSetError, Finding, GeometryError
from rtcontour.evaluation.inputs import CaseFiles, ContouredCase, list_cases, read_case
from rtcontour.grid import Grid
from rtcontour.metrics import StructureScores, compare_labels


@dataclass(frozen=True)
class FolderScores:
    """What a comparison of two folders gave.

    Attributes:
        scores: case -> structure -> scores.
        pairs: case -> its predicted and its true files.
        findings: what was odd on the way.
    """

    scores: Mapping[str, Mapping[str, StructureScores]]
    pairs: Mapping[str, tuple[CaseFiles, CaseFiles]]
    findings: tuple[Finding, ...] = ()


def score_folder(predictions: str | Path, truth: str | Path) -> FolderScores:
    """Score every case that is in both places; `list_cases` says what a place may be.

    Cases are paired by name, or, where there is one on each side, as they are. A structure that only the truth has was
    not offered by what predicted it and is not scored (a finding); one that only the prediction has is "not contoured".

    Raises:
        RtContourError: a place without contours, no case in common, or a pair on different grids.
    """
    pairs, findings = _pair_cases(list_cases(predictions), list_cases(truth))
    if not pairs:
        raise DataSetError(f"{predictions} and {truth} have no case in common; name the files alike")
    scores = {}
    for case, (predicted_files, truth_files) in pairs.items():
        predicted, true = read_case(predicted_files), read_case(truth_files)
        scores[case] = _score_case(predicted, true)
        findings += [*predicted.findings, *true.findings, *_find_unscored(case, predicted, true)]
    return FolderScores(scores, pairs, tuple(dict.fromkeys(findings)))


def _pair_cases(
    predictions: Mapping[str, CaseFiles], truth: Mapping[str, CaseFiles]
) -> tuple[dict[str, tuple[CaseFiles, CaseFiles]], list[Finding]]:
    if len(predictions) == len(truth) == 1:
        (predicted,), (true,) = predictions.values(), truth.values()
        return {true.name: (predicted, true)}, []
    findings = []
    for case in sorted(truth.keys() - predictions.keys()):
        findings.append(Finding("case-not-predicted", "has a truth and no prediction; not scored", "note", case))
    for case in sorted(predictions.keys() - truth.keys()):
        findings.append(Finding("case-without-truth", "has a prediction and no truth; not scored", subject=case))
    return {case: (predictions[case], truth[case]) for case in truth if case in predictions}, findings


def _score_case(predicted: ContouredCase, truth: ContouredCase) -> dict[str, StructureScores]:
    _check_grids(predicted, truth)
    scores: dict[str, StructureScores] = {}
    for name, mask in predicted.masks.items():  # one at a time: unfolded masks of many structures fill the memory
        drawn = {name} & truth.annotated
        true = {name: truth.masks[name].full() for name in drawn}
        scores |= compare_labels({name: mask.full()}, true, truth.grid.spacing_mm, {name: 1}, annotated=drawn)
    return scores


def _check_grids(predicted: ContouredCase, truth: ContouredCase) -> None:
    for side, other in ((predicted, truth), (truth, predicted)):
        for name, mask in side.masks.items():
            if not mask.grid.matches(other.grid):
                raise GeometryError(
                    f"{side.files.path}: {name} is not on the grid of {other.files.path}: found "
                    f"{_describe(mask.grid)}, expected {_describe(other.grid)}; resample one to the grid of the other"
                )


def _describe(grid: Grid) -> str:
    i, j, k = grid.shape
    spacing, origin = ((round(value, 3) for value in values) for values in (grid.spacing_mm, grid.origin_mm))
    return f"{i} x {j} x {k} voxels of {tuple(spacing)} mm from {tuple(origin)} mm"


def _find_unscored(case: str, predicted: ContouredCase, truth: ContouredCase) -> list[Finding]:
    message = "is contoured in the truth, and the prediction does not know it; not scored"
    unknown = [name for name in truth.masks if name in truth.annotated and name not in predicted.masks]
    return [Finding("structure-not-offered", f"{name} {message}", subject=case) for name in unknown]
