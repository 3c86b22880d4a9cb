"""evaluate_folders: scores, statistics, figures and a report of one or several methods against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from rtcontour.errors import ConfigError, Finding, deliver
from rtcontour.evaluation.illustrate import illustrate
from rtcontour.evaluation.imaged_cases import ImagedCases
from rtcontour.evaluation.inputs import Reading, Structures, name_methods
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.provenance import file_hash, software_versions
from rtcontour.evaluation.rating import Ratings, read_ratings
from rtcontour.evaluation.report import describe_cohorts, write_report
from rtcontour.evaluation.results import Results, summarize
from rtcontour.evaluation.score import MethodScores, Progress, score_methods
from rtcontour.evaluation.statistics import Tolerances, read_tolerances
from rtcontour.evaluation.tables import TABLES, write_findings, write_rating_tables, write_tables
from rtcontour.files import refuse_existing, refuse_to_replace, whole_entries, whole_folder

REPORT = "report.html"


def evaluate_folders(
    predictions: str | Path,
    truth: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    against: Mapping[str, str | Path] | None = None,
    tolerances: str | Path | None = None,
    ratings: Sequence[str | Path] = (),
    ratings_key: str | Path | None = None,
    weights: str | Path | None = None,
    ct: str | Path | None = None,
    split: str | None = None,
    resample: bool = False,
    ignore_frame_of_reference: bool = False,
    structures: Structures | None = None,
    title: str | None = None,
    facts: Mapping[str, str] | None = None,
    notice: str = "",
    beside: bool = False,
    replace: bool = False,
    processes: int | None = None,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Score predictions against the truth and write `output`, all or nothing.

    It gets the tables of `write_tables`, with ratings those of `write_rating_tables`, findings.csv, figures/ as SVG and
    PNG, pictures of cases where their CT is known, and report.html, which holds all of it in one file.

    Args:
        predictions: what is evaluated; `list_cases` says what such a place may be.
        truth: the same.
        output: folder to write.
        name: what the predictions are called; the name of their folder if not said.
        against: other methods on the same cases, name -> place; a second human reader is just another method.
        tolerances: a JSON file of limits, see `read_tolerances`.
        ratings: CSV files that a rating page saved.
        ratings_key: key.json of that rating study; needed with ratings.
        weights: the model's file, whose hash the report states.
        ct: where images are, see `list_cases`.
        split: of a data set, only the cases of this split.
        resample: bring predictions to the grid of the truth where it is another one.
        ignore_frame_of_reference: go on where an RTSTRUCT and its CT are in different frames of reference.
        structures: a recipe's structures, whose unions are made of their parts; None for all that there are.
        title: heading of the report.
        facts: what else to state about the predictions; above what is known here.
        notice: a warning above the report.
        beside: write beside what `output` holds already, such as the predictions themselves.
        replace: whether what is there already may be replaced.
        processes: how many score at once; None for one a core.
        findings: gets everything odd; logged where it is None.
        progress: called after each case with its name, the number of cases done and of all.

    Returns:
        One line a structure of the predictions, for people.

    Raises:
        RtContourError: what `score_methods` raises, an unreadable file, or an output that exists already.
    """
    methods = name_methods(predictions, name, against)
    if beside:
        refuse_existing(Path(output) / REPORT, replace=replace)
    else:
        given = (*methods.values(), truth, ct, tolerances, *ratings, ratings_key, weights)
        refuse_to_replace(output, [path for path in given if path], replace=replace)
    limits = read_tolerances(tolerances) if tolerances else None
    rated = _read_ratings(ratings, ratings_key)
    weights_hash = file_hash(weights) if weights else ""
    reading = Reading(resample, ignore_frame_of_reference, structures)
    scored = score_methods(methods, truth, ct=ct, split=split, reading=reading, processes=processes, progress=progress)
    if progress:
        progress("done, drawing figures", len(scored.comparison.cases), len(scored.comparison.cases))
    results = summarize(scored.comparison, limits)
    images = ImagedCases(scored.pairs[next(iter(methods))], reading)
    with _written(output, beside, replace) as folder:
        illustrations = illustrate(folder / "figures", results, images)
        odd = [*(limits.findings if limits else ()), *dict.fromkeys([*scored.findings, *images.findings])]
        write_tables(folder, results)
        write_findings(folder, odd)
        if rated:
            write_rating_tables(folder, rated)
        write_report(
            folder / REPORT,
            title=title or f"{next(iter(methods))} against {Path(truth).resolve().name}",
            results=results,
            illustrations=illustrations,
            cohort=describe_cohorts(results.comparison, scored.grids, _patients(scored)),
            ratings=rated,
            findings=odd,
            facts={**(facts or {}), **_known_facts(methods, truth, results, limits, split)},
            provenance=software_versions(),
            weights=weights_hash,
            notice=notice,
        )
    deliver(odd, findings)
    return [_line(results, structure) for structure in results.comparison.structures]


def _written(output: str | Path, beside: bool, replace: bool) -> AbstractContextManager[Path]:
    """The folder to write to, which becomes `output` or moves into it."""
    if beside:
        return whole_entries(output, owned=(*TABLES, "figures", REPORT), replace=replace)
    return whole_folder(output, replace=replace)


def _read_ratings(ratings: Sequence[str | Path], key: str | Path | None) -> Ratings | None:
    if not ratings:
        if key is not None:
            raise ConfigError(f"{key}: a key without ratings; say --ratings FILE.csv (ratings=), or leave it out")
        return None
    if key is None:
        raise ConfigError("ratings need the key of their study; say --ratings-key KEY.json (ratings_key=)")
    return read_ratings(ratings, key)


def _patients(scored: MethodScores) -> dict[str, str]:
    pairs = (pair for method in scored.pairs.values() for pair in method.items())
    return {case: truth.patient for case, (_, truth) in pairs if truth.patient}


def _known_facts(
    methods: Mapping[str, str | Path],
    truth: str | Path,
    results: Results,
    tolerances: Tolerances | None,
    split: str | None,
) -> dict[str, str]:
    first, *others = methods
    facts = {"Evaluated": first, "Compared with": ", ".join(others), "Truth": Path(truth).resolve().name}
    facts |= {"Cases": str(len(results.comparison.methods[first])), "Split": split or ""}
    facts |= {"Tolerances": tolerances.path.name if tolerances else "", "Date": date.today().isoformat()}
    return {term: value for term, value in facts.items() if value}


def _line(results: Results, structure: str) -> str:
    summary = results.summary(next(iter(results.comparison.methods)), structure)
    parts = []
    for name in ("dice", "msd_mm", "hd95_mm"):
        measure, described = MEASURES[name], summary.measures[name]
        if described.n:
            parts.append(f"{measure.heading} {measure.in_print(described.mean)} {measure.unit}".strip())
    if not any(summary.outcomes.values()):
        return f"{structure}: not offered"
    compared = f"{summary.outcomes['compared']} compared"
    rest = [f"{number} {outcome}" for outcome, number in summary.outcomes.items() if number and outcome != "compared"]
    return f"{structure}: {', '.join([*parts, compared, *rest])}"
