"""The page of an audit: one HTML file that holds everything it shows, for any browser."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rtcontour.datasets.audit.codes import MEANINGS, USUAL
from rtcontour.datasets.audit.pictures import View
from rtcontour.datasets.audit.summary import WORST_TO_BEST, CaseRow, Summary
from rtcontour.structures import color_of

BARS = 24  # of a histogram
GALLERY = 6  # cases
SPELLINGS = 5  # of a structure that are shown; all of them when it is pointed at


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: how many values there are, and how many of them are findings."""

    count: int
    unlikely: int


@dataclass(frozen=True)
class Histogram:
    """Counts over evenly wide steps of the logarithm, from the lowest value to the highest."""

    low: float
    high: float
    bars: tuple[Bar, ...]

    @property
    def highest(self) -> int:
        """The largest count."""
        return max(bar.count for bar in self.bars)


def render_page(
    summary: Summary, pictures: Mapping[int, Sequence[View]], decisions: Sequence[Mapping[str, str]] = ()
) -> str:
    """The page as text.

    Args:
        summary: what was found.
        pictures: number of a finding in `summary.findings` -> its views.
        decisions: case, structure, decision and comment of each that was made before.
    """
    loader = PackageLoader("rtcontour.datasets.audit", package_path="")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"short": _short}
    return made.get_template("page.html.jinja").render(
        summary=summary,
        severities=WORST_TO_BEST,
        codes=_codes(summary),
        histograms={row.name: log_histogram(row.volumes_cc, row.unlikely) for row in summary.structures},
        colors={row.name: f"rgb{color_of(row.name)}" for row in summary.structures},
        subjects=sorted({one.structure for one in summary.findings if one.structure}),
        pictures=pictures,
        gallery=_gallery(summary, pictures),
        grids=_grids(summary.cases),
        spellings_shown=SPELLINGS,
        meanings=MEANINGS,
        usual=USUAL,
        state={"store": _store(summary), "decisions": list(decisions)},
        version=version("rtcontour"),
    )


def log_histogram(values: Mapping[str, float], unlikely: Sequence[str]) -> Histogram | None:
    """Of the values of some cases, those of `unlikely` told apart; None without values."""
    if not values:
        return None
    low, high = min(values.values()), max(values.values())
    width = math.log(high / low) / BARS or 1.0
    counts, odd = [0] * BARS, [0] * BARS
    for case, value in values.items():
        place = min(int(math.log(value / low) / width), BARS - 1)
        counts[place] += 1
        odd[place] += case in unlikely
    return Histogram(low, high, tuple(Bar(*pair) for pair in zip(counts, odd, strict=True)))


def _codes(summary: Summary) -> list[tuple[str, int, str]]:
    """Code, how many findings, and the worst severity, in the order of the findings."""
    counts = Counter(one.code for one in summary.findings)
    worst: dict[str, str] = {}
    for one in summary.findings:
        worst.setdefault(one.code, one.severity)
    return [(code, counts[code], severity) for code, severity in worst.items()]


def _gallery(summary: Summary, pictures: Mapping[int, Sequence[View]]) -> list[int]:
    """Numbers of the findings shown as the worst cases: of each of those the worst finding that has a picture."""
    first: dict[str, int] = {}
    for number, one in enumerate(summary.findings):
        if pictures.get(number) and one.weight:
            first.setdefault(one.case, number)
    return [first[row.case] for row in summary.cases if row.case in first][:GALLERY]


def _grids(cases: Sequence[CaseRow]) -> list[tuple[str, str, int, str]]:
    """Columns and rows, voxel size, how many cases have both, and their slices; the most frequent first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row in cases:
        size = " × ".join(map(str, row.shape[:2]))
        voxel = " × ".join(f"{step:.3g}" for step in row.spacing_mm)
        groups.setdefault((size, voxel), []).append(row.shape[2])
    rows = [
        (size, voxel, len(slices), f"{min(slices)} to {max(slices)}" if min(slices) < max(slices) else f"{slices[0]}")
        for (size, voxel), slices in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[2], row))


def _store(summary: Summary) -> str:
    """The name under which a browser keeps the decisions: the same when the data set is audited again."""
    words = "\n".join([summary.name, *(row.name for row in summary.structures)])
    return f"rtcontour-audit-{zlib.crc32(words.encode()):08x}"


def _short(value: Any) -> str:
    """A number of three digits; a dash for none."""
    if value is None:
        return "–"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
