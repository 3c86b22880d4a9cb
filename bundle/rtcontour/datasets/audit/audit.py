"""audit_data_set: what is odd about a data set, on one page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any, TypeVar

from rtcontour.datasets.audit.case_finding import CaseFinding
from rtcontour.datasets.audit.checks import check_case, check_cohort, worst_first
from rtcontour.datasets.audit.cohort_statistics import CohortStatistics, describe_cohort, without_wrong_middles
from rtcontour.datasets.audit.measure import CaseMeasures
from rtcontour.datasets.audit.pictures import View, draw_finding
from rtcontour.datasets.audit.read_case import (
    AuditCase,
    case_of_record,
    measure_files,
    measures_of_record,
    read_structures,
)
from rtcontour.datasets.audit.summary import summarize
from rtcontour.datasets.data_set import Case, DataSet
from rtcontour.datasets.datalist import read_datalist
from rtcontour.datasets.nifti import read_image
from rtcontour.datasets.record import read_record
from rtcontour.datasets.review import Review, read_review
from rtcontour.datasets.workers import open_workers
from rtcontour.errors import Finding, RtContourError, deliver
from rtcontour.files import refuse_existing, whole_entries
from rtcontour.processes import interrupts_held_back
from rtcontour.processors import count_processors

PAGE, FACTS = "audit.html", "audit.json"
MOST_PICTURES = 400  # of some 25 KB each; the worst findings get theirs

Progress = Callable[[str, int, int], None]
Result = TypeVar("Result")


def audit_data_set(
    dataset_dir: str | Path,
    *,
    output: str | Path | None = None,
    review: str | Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    replace: bool = False,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Look at every contour and image of a data set and write `output`/audit.html and audit.json.

    What an import measured is taken from its records; any other data set folder is measured from its files, which may
    be a matter of a second a case. The same data set gives the same two files.

    Args:
        dataset_dir: a data set folder.
        output: the folder for the two files; DATASET_DIR/audit by default.
        review: a CSV file of decisions: excluded cases and structures are left out, and the page begins with them.
        workers: processes; None for one a processor.
        executor: where the work is done instead.
        replace: whether an earlier audit may be replaced.
        findings: takes what was found; logged where None.
        progress: called with (what was done, how many are done, how many in all).

    Returns:
        The folder with the two files.

    Raises:
        DataSetError: no data set, or a record that cannot be read.
        InputFileError: a review that cannot be read.
        OutputError: there is an audit already and `replace` is False, or the folder cannot be written.
    """
    from rtcontour.datasets.audit.page import render_page

    data_set, decided = read_datalist(dataset_dir), read_review(review)
    folder = data_set.folder / "audit" if output is None else Path(output)
    for name in (PAGE, FACTS):
        refuse_existing(folder / name, replace=replace)
    shown = _without_decided(data_set, decided)
    with _workers(workers, executor) as pool:
        read, broken = _read_cases(shown, pool, progress)
        cases = without_wrong_middles(read)
        cohort = describe_cohort(cases, shown.labels)
        found = worst_first([*_find(cases, cohort), *broken])
        pictures, undrawn = _draw_all(shown, found, pool, progress)
    summary = summarize(shown, cases, cohort, [*found, *undrawn])
    page = render_page(summary, pictures, _decisions(decided))
    with whole_entries(folder, owned=(PAGE, FACTS), replace=replace) as partial:
        (partial / PAGE).write_text(page, encoding="utf-8")
        facts = json.dumps(summary.to_json(), ensure_ascii=False, indent=1, allow_nan=False)
        (partial / FACTS).write_text(facts + "\n", encoding="utf-8")
    deliver([*data_set.findings, *_told(summary.findings)], findings)
    return folder


def _without_decided(data_set: DataSet, review: Review) -> DataSet:
    """The data set without excluded cases, and without structures that count as not contoured."""
    cases = [
        replace_fields(
            case,
            annotated=tuple(name for name in case.annotated if name not in review.not_contoured.get(case.case, ())),
        )
        for case in data_set.cases
        if case.case not in review.excluded
    ]
    return replace_fields(data_set, cases=tuple(cases))


@contextmanager
def _workers(count: int | None, executor: Executor | None) -> Iterator[Executor | None]:
    if executor is not None:
        yield executor
    else:
        with open_workers(count or count_processors()) as opened:
            yield opened


def _read_cases(
    data_set: DataSet, pool: Executor | None, progress: Progress | None
) -> tuple[list[AuditCase], list[CaseFinding]]:
    """All cases in the order of datalist.json, and a finding for each that cannot be read."""
    records = {case.case: read_record(data_set.folder, case.case) or {} for case in data_set.cases}
    known = {name: measures_of_record(record) for name, record in records.items()}
    todo = [case for case in data_set.cases if known[case.case] is None]
    jobs = [(data_set.folder, case, dict(data_set.labels)) for case in todo]
    read: dict[str, CaseMeasures | str] = {name: one for name, one in known.items() if one is not None}
    read |= dict(zip((case.case for case in todo), _run(_measure, jobs, pool, progress, "measured"), strict=True))
    cases, broken = [], []
    for case in data_set.cases:
        measures = read[case.case]
        if isinstance(measures, str):
            broken.append(CaseFinding.of(case.case, Finding("case-unreadable", measures, "error")))
        else:
            kept = {name: one for name, one in measures.structures.items() if name in case.annotated}
            kept_measures = replace_fields(measures, structures=kept)
            cases.append(case_of_record(case, records[case.case], kept_measures))
    return cases, broken


def _find(cases: Sequence[AuditCase], cohort: CohortStatistics) -> list[CaseFinding]:
    return [*check_cohort(cohort), *(one for case in cases for one in check_case(case, cohort))]


def _draw_all(
    data_set: DataSet, found: Sequence[CaseFinding], pool: Executor | None, progress: Progress | None
) -> tuple[dict[int, tuple[View, ...]], list[CaseFinding]]:
    """Number of a finding -> its views, of the first MOST_PICTURES that have a place; and what could not be drawn."""
    by_case: dict[str, list[int]] = {}
    placed = [number for number, one in enumerate(found) if one.place is not None]
    for number in placed[:MOST_PICTURES]:
        by_case.setdefault(found[number].case, []).append(number)
    cases = {case.case: case for case in data_set.cases}
    jobs = [
        (data_set.folder, cases[name], dict(data_set.labels), [found[number] for number in numbers])
        for name, numbers in by_case.items()
    ]
    pictures: dict[int, tuple[View, ...]] = {}
    undrawn = []
    for (name, numbers), drawn in zip(by_case.items(), _run(_draw, jobs, pool, progress, "drawn"), strict=True):
        if isinstance(drawn, str):
            undrawn.append(CaseFinding.of(name, Finding("picture-left-out", drawn)))
        else:
            pictures |= dict(zip(numbers, drawn, strict=True))
    return pictures, undrawn


def _run(
    work: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    pool: Executor | None,
    progress: Progress | None,
    doing: str,
) -> list[Result]:
    """What `work` gives of each job, in their order; the second argument of a job is its case."""
    tell = progress or (lambda what, done, count: None)
    results: list[Result] = []
    if pool is None:
        for job in jobs:
            results.append(work(*job))
            tell(f"{job[1].case} {doing}", len(results), len(jobs))
        return results
    with interrupts_held_back():
        futures = {pool.submit(work, *job): job[1].case for job in jobs}
    for done, future in enumerate(as_completed(futures), start=1):
        tell(f"{futures[future]} {doing}", done, len(jobs))
    return [future.result() for future in futures]


def _measure(folder: Path, case: Case, labels: Mapping[str, int]) -> CaseMeasures | str:
    """The measures of a case, or why it cannot be read."""
    try:
        return measure_files(folder, case, labels)
    except RtContourError as error:
        return str(error)


def _draw(
    folder: Path, case: Case, labels: Mapping[str, int], found: Sequence[CaseFinding]
) -> list[tuple[View, ...]] | str:
    """The views of some findings of one case, or why its files cannot be read."""
    try:
        hu, grid = read_image(case.image, findings=[])
        masks = read_structures(folder, case, labels, grid)
    except RtContourError as error:
        return str(error)
    return [draw_finding(one, hu, grid, masks) for one in found]


def _decisions(review: Review) -> list[dict[str, str]]:
    """What a review says, as the page keeps it."""
    rows = {(case, ""): "exclude" for case in sorted(review.excluded)}
    rows |= {(case, name): "not contoured" for case, names in review.not_contoured.items() for name in sorted(names)}
    rows |= {key: "keep" for key in review.comments if key not in rows}
    return [
        {"case": case, "structure": name, "decision": decision, "comment": review.comments.get((case, name), "")}
        for (case, name), decision in rows.items()
    ]


def _told(found: Sequence[CaseFinding]) -> list[Finding]:
    """What the checks found, as findings about case and structure; what the import found, it told."""
    return [
        replace_fields(one.finding, subject=" ".join(filter(None, (one.case, one.structure))))
        for one in found
        if one.finding is not None
    ]
