"""score_folder and score_methods: pair the cases of two or more places and score every structure that both know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rtcontour.datasets import recipe_channels
from rtcontour.errors import ConfigError, DataSetError, Finding
from rtcontour.evaluation.comparison import Comparison, Scores
from rtcontour.evaluation.inputs import (
    Pair,
    Reading,
    is_data_set,
    list_cases,
    pair_cases,
    read_pair,
    share_images,
)
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import StructureScores, score_structure
from rtcontour.processes import in_processes
from rtcontour.processors import count_processors

__all__ = ["FolderScores", "MethodScores", "Progress", "Reading", "read_pair", "score_folder", "score_methods"]

ByStructure = Mapping[str, StructureScores]
Progress = Callable[[str, int, int], None]  # case, cases done, cases in all

AS_THEY_ARE = Reading()  # every structure, nothing resampled, nothing ignored
FEWEST_CASES_FOR_PROCESSES = 4  # starting a process takes as long as scoring a case


@dataclass(frozen=True)
class FolderScores:
    """What a comparison of two places gave.

    Attributes:
        scores: case -> structure -> scores.
        pairs: case -> its predicted and its true files.
        findings: what was odd on the way.
        cohorts: case -> the group of patients it belongs to, "" where none is known.
    """

    scores: Scores
    pairs: Mapping[str, Pair]
    findings: tuple[Finding, ...] = ()
    cohorts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MethodScores:
    """What a comparison of several methods with one truth gave.

    Attributes:
        comparison: the methods with their scores, in the order they were given.
        pairs: method -> case -> its predicted and its true files.
        findings: what was odd on the way.
        grids: case -> grid of the truth.
    """

    comparison: Comparison
    pairs: Mapping[str, Mapping[str, Pair]]
    findings: tuple[Finding, ...] = ()
    grids: Mapping[str, Grid] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoredCase:
    """One case, scored for one method.

    Attributes:
        scores: of the structures that the prediction has.
        lacking: of those that only the truth has, scored as if an empty mask had been predicted.
        grid: of the truth.
        findings: what was odd about the prediction.
        truth_findings: what was odd about the truth.
    """

    scores: ByStructure
    lacking: ByStructure
    grid: Grid
    findings: tuple[Finding, ...]
    truth_findings: tuple[Finding, ...]


def score_folder(
    predictions: str | Path,
    truth: str | Path,
    *,
    ct: str | Path | None = None,
    split: str | None = None,
    reading: Reading = AS_THEY_ARE,
    processes: int | None = None,
    progress: Progress | None = None,
) -> FolderScores:
    """Score every case that is in both places; `score_methods` for one method, which has the rules.

    Raises:
        RtContourError: what `score_methods` raises.
    """
    result = score_methods(
        {"": predictions}, truth, ct=ct, split=split, reading=reading, processes=processes, progress=progress
    )
    return FolderScores(result.comparison.methods[""], result.pairs[""], result.findings, result.comparison.cohorts)


def score_methods(
    methods: Mapping[str, str | Path],
    truth: str | Path,
    *,
    ct: str | Path | None = None,
    split: str | None = None,
    reading: Reading = AS_THEY_ARE,
    processes: int | None = None,
    progress: Progress | None = None,
) -> MethodScores:
    """Score what several methods predicted, each case against one truth that is read once.

    Cases are paired by name, or, where there is one on each side, as they are. A structure that the truth did not
    contour is "not contoured". One that the truth has and a prediction lacks is scored as an empty prediction if the
    method has it in any of the cases: other tools write no file for what they do not find. If it has it in none, the
    method does not offer it: not scored, a finding.

    Args:
        methods: name -> what it predicted; `list_cases` says what a place may be.
        truth: the place of the true contours.
        ct: where the images are; see `list_cases`.
        split: "training", "validation" or "test": only these cases of a data set.
        reading: which structures, and what may be put right on the way.
        processes: how many score at once; None for one a core. With more than one, a script that calls this keeps
            its calls under `if __name__ == "__main__":`.
        progress: called after each case with its name, the number of cases done and of all.

    Raises:
        InputFileError: a place without contours, or a file that cannot be read.
        DataSetError: no case in common, a method that offers no structure or none of those asked for, or two names in
            a case for one structure.
        GeometryError: a pair on different grids, or in different frames of reference.
        ConfigError: a split where there is no data set, impossible structures or `processes`.
    """
    if split is not None and not any(map(is_data_set, (truth, *methods.values()))):
        raise ConfigError(f"split {split!r}: neither the truth nor a prediction is a data set, and only these have any")
    true = list_cases(truth, ct=ct, split=split)
    left_out = frozenset(list_cases(truth).keys() - true.keys()) if split and is_data_set(truth) else frozenset()
    pairs: dict[str, dict[str, Pair]] = {}
    findings: list[Finding] = []
    for method, place in methods.items():
        pairs[method], odd = pair_cases(list_cases(place, ct=ct, split=split), true, left_out=left_out, method=method)
        findings += odd
        if not pairs[method]:
            raise DataSetError(f"{place} and {truth} have no case in common; name the files or folders alike")
    pairs = share_images(pairs)
    jobs = _jobs(pairs, true)
    found = _score_all(jobs, reading, processes, progress)
    scores = {method: _offered_scores(method, found, findings) for method in methods}
    _check_offered(methods, scores, reading)
    findings += _findings_of(found)
    cohorts = {case: next(iter(job.values()))[1].cohort for case, job in jobs.items()}
    grids = {case: next(iter(one.values())).grid for case, one in found.items()}
    return MethodScores(Comparison(scores, cohorts), pairs, tuple(dict.fromkeys(findings)), grids)


def _jobs(pairs: Mapping[str, Mapping[str, Pair]], order: Iterable[str]) -> dict[str, dict[str, Pair]]:
    """The same pairs, but case -> method: a case is read once for all methods."""
    jobs = {case: {name: method[case] for name, method in pairs.items() if case in method} for case in order}
    return {case: job for case, job in jobs.items() if job}


def _offered_scores(
    method: str, found: Mapping[str, Mapping[str, ScoredCase]], findings: list[Finding]
) -> dict[str, dict[str, StructureScores]]:
    """Case -> structure -> scores of what a method offers in any of the cases; what it never does is a finding."""
    by_case = {case: methods[method] for case, methods in found.items() if method in methods}
    offered = dict.fromkeys(name for case in by_case.values() for name in case.scores)
    by = f" of {method}" if method else ""
    for case, one in by_case.items():
        for name in (name for name in one.lacking if name not in offered):
            message = f"{name} is contoured in the truth, and no prediction{by} has it; not scored"
            findings.append(Finding("structure-not-offered", message, subject=case))
    every = {case: {**one.lacking, **one.scores} for case, one in by_case.items()}
    return {case: {name: scores[name] for name in offered if name in scores} for case, scores in every.items()}


def _check_offered(methods: Mapping[str, str | Path], scores: Mapping[str, Scores], reading: Reading) -> None:
    for method, place in methods.items():
        if any(scores[method].values()):
            continue
        if reading.structures is None:
            raise DataSetError(
                f"{place}: names no structure in the cases that are compared; expected one or more: check its label "
                "names, or name another place"
            )
        wanted = ", ".join(channel.name for channel in recipe_channels(reading.structures))
        raise DataSetError(f"{place}: has none of the structures asked for ({wanted}); check the names in it")


def _findings_of(found: Mapping[str, Mapping[str, ScoredCase]]) -> Iterator[Finding]:
    """What was odd about the truth, and, with the name of the method, what was odd about the predictions alone."""
    for methods in found.values():
        for method, one in methods.items():
            yield from one.truth_findings
            own = (finding for finding in one.findings if finding not in one.truth_findings)
            yield from (replace(f, subject=f"{method}, {f.subject}") if method else f for f in own)


def _score_all(
    jobs: Mapping[str, Mapping[str, Pair]], reading: Reading, processes: int | None, progress: Progress | None
) -> dict[str, dict[str, ScoredCase]]:
    """Score every case, in order, in this process or in several."""
    score = partial(_score_case, reading)
    workers = min(count_processors() if processes is None else processes, len(jobs))
    if workers < 1:
        raise ConfigError(f"processes is {processes}; expected 1 or more")
    if len(jobs) < FEWEST_CASES_FOR_PROCESSES:
        workers = 1
    return _gather(jobs, in_processes(score, list(jobs.values()), workers), progress)


def _gather(
    cases: Iterable[str], results: Iterator[dict[str, ScoredCase]], progress: Progress | None
) -> dict[str, dict[str, ScoredCase]]:
    cases = list(cases)
    found = {}
    for number, (case, scores) in enumerate(zip(cases, results, strict=True), 1):
        found[case] = scores
        if progress:
            progress(case, number, len(cases))
    return found


def _score_case(reading: Reading, pairs: Mapping[str, Pair]) -> dict[str, ScoredCase]:
    """Method -> scores of one case."""
    truth = reading.read(next(iter(pairs.values()))[1])
    true = {name: mask for name, mask in truth.masks.items() if name in truth.annotated}
    nothing = Mask.empty(truth.grid)
    found = {}
    for method, (files, _) in pairs.items():
        predicted = reading.read(files)
        masks, moved = reading.on_grid_of(truth, predicted)
        found[method] = ScoredCase(
            scores={name: score_structure(name, mask, true.get(name)) for name, mask in masks.items()},
            lacking={name: score_structure(name, nothing, mask) for name, mask in true.items() if name not in masks},
            grid=truth.grid,
            findings=(*predicted.findings, *moved),
            truth_findings=truth.findings,
        )
    return found
