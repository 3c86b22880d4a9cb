"""The report: one HTML file that holds everything it shows, to be read in any browser, printed and filed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rtcontour.errors import SEVERITIES, Finding
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.rating import GRADES, Ratings, grade_tests, rating_table, reader_agreement, time_tables
from rtcontour.evaluation.report.cohort import CohortFacts
from rtcontour.evaluation.report.pictures import Illustrations
from rtcontour.evaluation.report.rows import (
    COHORT_MEASURES,
    cohort_rows,
    detail_rows,
    measure_tables,
    outcome_rows,
    p_in_print,
    structure_rows,
)
from rtcontour.evaluation.results import OUTCOMES, Results
from rtcontour.files import whole_file
from rtcontour.metrics import summarize_scores
from rtcontour.structures import color_of, tolerance_of

NOT_FOR_CLINICAL_USE = "The model was trained on phantoms: not for clinical use."
UNDEFINED = "–"


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
        "findings": _count_findings(findings),
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
        "outcomes": outcome_rows(results),
        "measure_tables": measure_tables(results),
        "pass_rates": [
            (method, name, color_of(name), MEASURES[rate.measure].heading, rate)
            for (method, name), rates in results.pass_rates.items()
            for rate in rates
        ],
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
    # A name in a structure set or a folder may hold any character, so everything is escaped.
    loader = PackageLoader("rtcontour.evaluation.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "decimals": _with_decimals,
        "p": p_in_print,
        "p_exact": lambda p: UNDEFINED if p is None else f"= {p:.2g}",
        "interval": _interval,
        "percent": lambda share: UNDEFINED if share is None else f"{100 * share:.0f} %",
        "percents": lambda ends: UNDEFINED if ends is None else " to ".join(f"{100 * end:.0f}" for end in ends) + " %",
    }
    return environment.get_template("report.html.jinja")


def _with_decimals(value: float | None, digits: int) -> str:
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def _interval(ends: tuple[float, float] | None, digits: int) -> str:
    return UNDEFINED if ends is None else " to ".join(_with_decimals(end, digits) for end in ends)


def _count_findings(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """How often each code came, with the first finding of it; worst first."""
    counts = Counter(finding.code for finding in findings)
    first = {finding.code: finding for finding in reversed(findings)}
    worst_first = sorted(first.values(), key=lambda f: (-SEVERITIES.index(f.severity), f.code))
    return [(counts[finding.code], finding) for finding in worst_first]
