"""The report: one HTML file that holds everything it shows, to be read in any browser, printed and filed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Template

from rtcontour.errors import Finding, count_findings
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.pages import environment
from rtcontour.evaluation.rating import GRADES, Ratings, grade_tests, rating_table, reader_agreement, time_tables
from rtcontour.evaluation.report.cohort import CohortFacts
from rtcontour.evaluation.report.pictures import Illustrations
from rtcontour.evaluation.report.rows import (
    COHORT_MEASURES,
    cohort_rows,
    detail_rows,
    outcome_rows,
    pass_rate_rows,
    structure_rows,
)
from rtcontour.evaluation.report.side_by_side import measure_tables
from rtcontour.evaluation.results import Results
from rtcontour.files import whole_file
from rtcontour.metrics import summarize_scores
from rtcontour.metrics.scores import FAILURES, OUTCOMES
from rtcontour.structures import color_of, tolerance_of

NOT_FOR_CLINICAL_USE = "The model was trained on phantoms: not for clinical use."


def write_report(
    path: str | Path,
    *,
    title: str,
    results: Results,
    illustrations: Illustrations | None = None,
    cohort: Sequence[CohortFacts] = (),
    ratings: Ratings | None = None,
    findings: Sequence[Finding] = (),
    facts: Mapping[str, str] | None = None,
    provenance: Mapping[str, str] | None = None,
    weights: str = "",
    notice: str = "",
    replace: bool = False,
) -> Path:
    """Write a report of what was compared as one HTML file without any outside part.

    Args:
        path: the HTML file.
        title: its heading.
        results: what `summarize` made of the scores; there may be none.
        illustrations: pictures by their place; they become part of the file.
        cohort: which cases were compared, a row a cohort.
        ratings: what readers said; None without a rating study.
        findings: everything odd on the way; shown by code, worst first, with counts.
        facts: what was compared with what, in a few words each.
        provenance: program -> version; with it come lines for signatures.
        weights: SHA-256 of the model's weights.
        notice: a warning above everything else, such as NOT_FOR_CLINICAL_USE.
        replace: whether an existing file may be replaced.

    Raises:
        InputFileError: a picture that cannot be read.
        OutputError: `path` exists already or cannot be written.
    """
    illustrations = illustrations or Illustrations()
    page = {
        **_tables(results),
        "title": title,
        "notice": notice,
        "facts": facts or {},
        "cohort": cohort,
        "plots": illustrations.plots,
        "by_structure": illustrations.by_structure,
        "pictures": illustrations.cases,
        "worst": illustrations.worst,
        **_rating_tables(ratings),
        "findings": count_findings(findings),
        "provenance": provenance or {},
        "weights": weights,
        "version": version("rtcontour"),
    }
    text = _template().render(**page, sections=_sections(page))
    with whole_file(path, replace=replace) as partial:
        partial.write_text(text, encoding="utf-8")
    return Path(path)


def _tables(results: Results) -> dict[str, Any]:
    comparison = results.comparison
    main = next(iter(comparison.methods.values()), {})
    return {
        "methods": list(comparison.methods),
        "structures": structure_rows(results),
        "mean_dice": summarize_scores(list(main.values()))["mean_dice"],
        "cohort_headings": [MEASURES[name].heading_with_unit for name in COHORT_MEASURES],
        "cohort_rows": cohort_rows(results),
        "outcome_names": OUTCOMES,
        "failures": FAILURES,
        "outcomes": outcome_rows(results),
        "measure_tables": measure_tables(results),
        "pass_rates": pass_rate_rows(results),
        "volumes": [(method, name, color_of(name), one) for (method, name), one in results.volumes.items()],
        "details": list(detail_rows(results)),
        "columns": list(MEASURES.values()),
        "definitions": list(MEASURES.values()),
        "cases": [
            (method, case, name, asdict(one))
            for method, scores in comparison.methods.items()
            for case, found in scores.items()
            for name, one in found.items()
        ],
        "tolerances_mm": ", ".join(f"{name} {tolerance_of(name):g}" for name in comparison.structures),
    }


def _rating_tables(ratings: Ratings | None) -> dict[str, Any]:
    if ratings is None:
        return {"ratings": None}
    return {
        "ratings": ratings,
        "grade_names": GRADES,
        "grades": rating_table(ratings),
        "grade_tests": grade_tests(ratings),
        "agreements": reader_agreement(ratings),
        "time_tables": time_tables(ratings),
    }


def _sections(page: Mapping[str, Any]) -> dict[str, str]:
    """Anchor -> heading of the sections that the page will have."""
    headings = {
        "cohort": ("Cohort", page["cohort"]),
        "scores": ("Scores", True),
        "outcomes": ("Outcomes", page["outcomes"]),
        "methods": ("Methods side by side", page["measure_tables"]),
        "tolerances": ("Tolerances", page["pass_rates"]),
        "volumes": ("Volumes", page["volumes"]),
        "figures": ("Figures", page["plots"]),
        "structures": ("Structure by structure", page["by_structure"]),
        "pictures": ("Cases", page["pictures"]),
        "worst": ("Worst cases", page["worst"]),
        "ratings": ("Ratings", page["ratings"]),
        "findings": ("Findings", True),
        "provenance": ("Made with", page["provenance"]),
    }
    return {anchor: heading for anchor, (heading, is_there) in headings.items() if is_there}


@cache
def _template() -> Template:
    return environment("rtcontour.evaluation.report").get_template("report.html.jinja")
