"""The report: one HTML file that holds everything it shows, to be read in any browser, printed and filed."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rtcontour.errors import SEVERITIES, Finding, InputFileError
from rtcontour.files import whole_file
from rtcontour.metrics import StructureScores, summarize_scores
from rtcontour.structures import color_of

NOT_FOR_CLINICAL_USE = "The model was trained on phantoms: not for clinical use."
UNDEFINED = "–"
CASE_COLUMNS = {
    "dice": "Dice",
    "surface_dice": "surface Dice",
    "msd_mm": "MSD, mm",
    "hd95_mm": "HD95, mm",
    "hd95_pooled_mm": "pooled, mm",
    "hd_mm": "HD, mm",
    "added_path_length_mm": "added path, mm",
    "centroid_shift_mm": "shift, mm",
    "volume_cc": "volume, cc",
    "truth_volume_cc": "truth, cc",
    "volume_error": "volume error",
}
Scores = Mapping[str, Mapping[str, StructureScores]]  # case -> structure -> scores


def write_report(
    path: str | Path,
    *,
    title: str,
    scores: Scores,
    pictures: Mapping[str, Path] | None = None,
    findings: Sequence[Finding] = (),
    facts: Mapping[str, str] | None = None,
    notice: str = "",
    replace: bool = False,
) -> Path:
    """Write a report of what was compared as one HTML file without any outside part.

    Args:
        path: the HTML file.
        title: its heading.
        scores: case -> structure -> scores, as `compare_labels` gives them; may be empty.
        pictures: caption -> PNG; they become part of the file.
        findings: everything odd on the way; shown by code, worst first, with counts.
        facts: what was compared with what: model, checkpoint, versions, date.
        notice: a warning above everything else, such as NOT_FOR_CLINICAL_USE.
        replace: whether an existing file may be replaced.

    Raises:
        InputFileError: a picture that cannot be read.
        OutputError: `path` exists already or cannot be written.
    """
    summary = summarize_scores(list(scores.values()))
    page = _template().render(
        title=title,
        notice=notice,
        facts=facts or {},
        structures=[_structure_row(name, row, scores.values()) for name, row in summary["structures"].items()],
        mean_dice=summary["mean_dice"],
        pictures=[(caption, _as_data_uri(picture)) for caption, picture in (pictures or {}).items()],
        findings=_count_findings(findings),
        columns=CASE_COLUMNS,
        cases=[(case, name, asdict(one)) for case, found in scores.items() for name, one in found.items()],
        version=version("rtcontour"),
    )
    with whole_file(path, replace=replace) as partial:
        partial.write_text(page, encoding="utf-8")
    return Path(path)


@cache
def _template() -> Template:
    # A name in a structure set or a folder may hold any character, so everything is escaped.
    loader = PackageLoader("rtcontour.evaluation.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["decimals"] = _with_decimals
    return environment.get_template("report.html.jinja")


def _with_decimals(value: float | None, digits: int) -> str:
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def _structure_row(
    name: str, summary: Mapping[str, Any], cases: Iterable[Mapping[str, StructureScores]]
) -> dict[str, Any]:
    dices = [case[name].dice for case in cases if name in case]
    known = [dice for dice in dices if dice is not None]
    return {"name": name, "color": color_of(name), "dices": known, **summary}


def _count_findings(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """How often each code came, with the first finding of it; worst first."""
    counts = Counter(finding.code for finding in findings)
    first = {finding.code: finding for finding in reversed(findings)}
    worst_first = sorted(first.values(), key=lambda f: (-SEVERITIES.index(f.severity), f.code))
    return [(counts[finding.code], finding) for finding in worst_first]


def _as_data_uri(picture: Path) -> str:
    try:
        content = Path(picture).read_bytes()
    except OSError as error:
        raise InputFileError(f"{picture}: cannot be read ({error.strerror}); draw the picture first") from error
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
