"""evaluate_folders: scores, statistics, figures and a report of one or several methods against the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rtcontour.errors import ConfigError, Finding, OutputError, deliver
from rtcontour.evaluation.illustrate import ImagedCase, illustrate
from rtcontour.evaluation.inputs import Reading, Structures, name_methods, read_hu, read_pair
from rtcontour.evaluation.provenance import file_hash, software_versions
from rtcontour.evaluation.rating import Ratings, read_ratings
from rtcontour.evaluation.report import describe_cohorts, write_report
from rtcontour.evaluation.results import Results, summarize
from rtcontour.evaluation.score import MethodScores, Progress, score_methods
from rtcontour.evaluation.statistics import Tolerances, read_tolerances
from rtcontour.evaluation.tables import write_rating_tables, write_tables
from rtcontour.files import refuse_existing, whole_entries, whole_folder


def evaluate_folders(
    predictions: str | Path,
    truth: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    against: Mapping[str, str | Path] | None = None,
    tolerances: str | Path | None = None,
    ratings: Iterable[str | Path] = (),
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

    It gets scores.csv, summary.csv, summary.json, volumes.csv, for several methods tests.csv, with tolerances
    pass_rates.csv, figures/ as SVG and PNG, pictures of cases where their CT is known, and report.html, which holds all
    of it in one file.

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
    if not beside:
        _refuse_to_replace(output, [*methods.values(), truth], replace=replace)
    limits = read_tolerances(tolerances) if tolerances else None
    rated = _read_ratings(ratings, ratings_key)
    weights_hash = file_hash(weights) if weights else ""
    options: dict[str, Any] = {"resample": resample, "ignore_frame_of_reference": ignore_frame_of_reference}
    reading = Reading(**options, structures=structures)
    scored = score_methods(
        methods, truth, ct=ct, split=split, structures=structures, processes=processes, progress=progress, **options
    )
    results = summarize(scored.comparison, limits)
    odd = [*(limits.findings if limits else ()), *scored.findings]
    writing = whole_entries if beside else whole_folder
    with writing(output, replace=replace) as folder:
        write_tables(folder, results)
        if rated:
            write_rating_tables(folder, rated)
        write_report(
            folder / "report.html",
            title=title or f"{next(iter(methods))} against {Path(truth).resolve().name}",
            results=results,
            illustrations=illustrate(folder / "figures", results, _imaged(scored), _reader(scored, reading)),
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


def _refuse_to_replace(output: str | Path, places: Iterable[str | Path], *, replace: bool) -> None:
    """Keep what `output` holds, and in any case the contours themselves.

    Raises:
        OutputError: it holds something and `replace` is False, or one of the places that are compared.
    """
    output = Path(output)
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        refuse_existing(output, replace=replace)
    for place in places:
        if Path(place).resolve().is_relative_to(output.resolve()):
            raise OutputError(f"{output}: holds {place}, which would be replaced with it; choose another folder")


def _read_ratings(ratings: Iterable[str | Path], key: str | Path | None) -> Ratings | None:
    paths = list(ratings)
    if not paths:
        return None
    if key is None:
        raise ConfigError("ratings need the key of their study; say --ratings-key KEY.json (ratings_key=)")
    return read_ratings(paths, key)


def _imaged(scored: MethodScores) -> list[str]:
    """The cases of the evaluated method whose CT is known."""
    first = next(iter(scored.pairs.values()))
    return [case for case, (_, truth) in first.items() if truth.image]


def _reader(scored: MethodScores, reading: Reading) -> Callable[[str], ImagedCase]:
    first = next(iter(scored.pairs.values()))

    def read(case: str) -> ImagedCase:
        predicted, truth = read_pair(first[case], reading)
        hu, grid = read_hu(first[case][1], findings=[])  # scoring has told what is odd
        return ImagedCase(hu, grid, predicted, truth)

    return read


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
    dice, msd, hd95 = (summary.measures[name] for name in ("dice", "msd_mm", "hd95_mm"))
    parts = [f"Dice {dice.mean:.3f} (n {dice.n})" if dice.n else "not contoured"]
    if msd.n:
        parts.append(f"MSD {msd.mean:.2f} mm, HD95 {hd95.mean:.2f} mm")
    counted = (("missed", "missed"), ("false organ", "false"))
    parts += [f"{summary.outcomes[outcome]} {word}" for outcome, word in counted if summary.outcomes[outcome]]
    return f"{structure}: {', '.join(parts)}"
