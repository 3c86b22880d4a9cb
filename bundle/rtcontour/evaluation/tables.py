"""The numbers of an evaluation as files: CSV for every table, and summary.json."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rtcontour.errors import Finding
from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.rating import (
    GradeRow,
    Ratings,
    TimeTable,
    grade_tests,
    rating_table,
    reader_agreement,
    time_tables,
)
from rtcontour.evaluation.results import Results
from rtcontour.metrics import summarize_scores

TABLES = (
    "scores.csv",
    "summary.csv",
    "summary.json",
    "statistics.json",
    "tests.csv",
    "pass_rates.csv",
    "volumes.csv",
    "findings.csv",
    "grades.csv",
    "grade_tests.csv",
    "agreement.csv",
    "times.csv",
    "time_tests.csv",
)


def write_tables(folder: Path, results: Results) -> None:
    """Write every table into a folder; those that would be empty are left out.

    scores.csv has a row a method, case and structure; summary.csv a row a method, cohort ("" for all cases), structure
    and measure; tests.csv a row a pair of methods, structure and measure; pass_rates.csv a row a tolerance; volumes.csv
    a row a method and structure. summary.json is `summarize_scores` of the first method; statistics.json has that of
    every method and the rows of all tables but scores.csv.
    """
    comparison = results.comparison
    tables = {
        "summary": list(_summary_rows(results)),
        "tests": list(_test_rows(results)),
        "pass_rates": list(_pass_rate_rows(results)),
        "volumes": list(_volume_rows(results)),
    }
    for name, rows in {"scores": list(_score_rows(comparison)), **tables}.items():
        _write_csv(folder / f"{name}.csv", rows)
    methods = {name: summarize_scores(list(scores.values())) for name, scores in comparison.methods.items()}
    _write_json(folder / "summary.json", next(iter(methods.values())))
    _write_json(folder / "statistics.json", {"methods": methods, **tables})


def write_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write findings.csv, a row a finding: the report has only the first of each code."""
    _write_csv(folder / "findings.csv", [asdict(finding) for finding in findings])


def write_rating_tables(folder: Path, ratings: Ratings) -> None:
    """Write what readers said: grades.csv (Table 3 of Sartor 2020), grade_tests.csv, agreement.csv and times.csv.

    times.csv has a row a case, as Table 6 of Tang 2019; its test is in time_tests.csv. Empty tables are left out.
    """
    times = time_tables(ratings)
    _write_csv(folder / "grades.csv", [_grade_row(row) for row in rating_table(ratings)])
    _write_csv(folder / "grade_tests.csv", [_without_test(asdict(one)) for one in grade_tests(ratings)])
    _write_csv(folder / "agreement.csv", [asdict(one) for one in reader_agreement(ratings)])
    _write_csv(folder / "times.csv", [row for table in times for row in _time_rows(table)])
    _write_csv(folder / "time_tests.csv", [_time_test_row(table) for table in times])


def _time_rows(table: TimeTable) -> Iterator[dict[str, Any]]:
    for row in table.rows:
        who = {"method": table.method, "reader": table.reader}
        yield {**who, **asdict(row), "percent_saved": row.percent_saved}


def _time_test_row(table: TimeTable) -> dict[str, Any]:
    who = {"method": table.method, "reader": table.reader}
    return {**who, **asdict(table.test), "percent_saved": table.percent_saved}


def _grade_row(row: GradeRow) -> dict[str, Any]:
    where = {"cohort": row.cohort, "method": row.method, "structure": row.structure, "reader": row.reader}
    return {**where, **_underscored(row.counts), "not_rated": row.not_rated, "n": row.n}


def _without_test(record: dict[str, Any]) -> dict[str, Any]:
    """A record whose test became columns of their own."""
    return {key: value for key, value in record.items() if key != "test"} | record["test"]


def _underscored(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts under keys that any program takes as a name of a column."""
    return {name.replace(" ", "_"): number for name, number in counts.items()}


def _write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _score_rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for method, cases in comparison.methods.items():
        for case, structures in cases.items():
            for name, scores in structures.items():
                where = {"method": method, "case": case, "cohort": comparison.cohorts.get(case, ""), "structure": name}
                yield {**where, **asdict(scores)}


def _summary_rows(results: Results) -> Iterator[dict[str, Any]]:
    for one in results.summaries:
        where = {"method": one.method, "cohort": one.cohort, "structure": one.structure}
        for measure, described in one.measures.items():
            yield {**where, "measure": measure, **_flat(asdict(described)), **_underscored(one.outcomes)}


def _test_rows(results: Results) -> Iterator[dict[str, Any]]:
    for one in results.tests:
        where = {"method": one.method, "other": one.other, "structure": one.structure, "measure": one.measure}
        yield {**where, **asdict(one.test), "adjusted_p": one.adjusted_p, "left_out": one.left_out}


def _pass_rate_rows(results: Results) -> Iterator[dict[str, Any]]:
    for (method, structure), rates in results.pass_rates.items():
        for rate in rates:
            values = asdict(rate) | {"failed": "; ".join(rate.failed)}
            yield {"method": method, "structure": structure, **_flat(values)}


def _volume_rows(results: Results) -> Iterator[dict[str, Any]]:
    for (method, structure), agreement in results.volumes.items():
        outcomes = results.summary(method, structure).outcomes
        left_out = {"missed": outcomes["missed"], "false_organs": outcomes["false organ"]}
        yield {"method": method, "structure": structure, **_flat(asdict(agreement)), **left_out}


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """An interval (low, high), or None for none, as two columns."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if key.endswith("interval"):
            flat[f"{key}_low"], flat[f"{key}_high"] = value or (None, None)
        else:
            flat[key] = value
    return flat


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
