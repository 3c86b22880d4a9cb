"""The rows of the report's tables, made of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rtcontour.evaluation.in_print import interval, mean_sd
from rtcontour.evaluation.measures import MEASURES, Measure
from rtcontour.evaluation.results import Results
from rtcontour.evaluation.statistics import Description, PassRate
from rtcontour.metrics.scores import OUTCOMES
from rtcontour.structures import color_of

DESCRIBED = ("dice", "msd_mm", "hd95_mm", "surface_dice", "volume_error")
COHORT_MEASURES = ("dice", "msd_mm", "hd95_mm")


@dataclass(frozen=True)
class AverageCell:
    """One measure of one structure by one method, in print."""

    mean_sd: str
    median: str
    n: int


@dataclass(frozen=True)
class ScoreRow:
    """One structure by the first method.

    Attributes:
        name: the structure.
        color: its colour.
        cells: Dice, MSD and HD95.
        dices: Dice of every case that has one, and their mean.
        missed, false_organs: numbers of cases.
    """

    name: str
    color: tuple[int, int, int]
    cells: tuple[AverageCell, ...]
    dices: tuple[float, ...]
    mean_dice: float | None
    missed: int
    false_organs: int


def structure_rows(results: Results) -> list[ScoreRow]:
    """The main table: every structure by the first method, over all cases."""
    comparison = results.comparison
    rows = []
    for method in list(comparison.methods)[:1]:
        for structure in comparison.structures:
            summary = results.summary(method, structure)
            dices = tuple(comparison.values(method, structure, "dice").values())
            cells = tuple(_average_cell(summary.measures[name], MEASURES[name]) for name in COHORT_MEASURES)
            missed, false_organs = summary.outcomes["missed"], summary.outcomes["false organ"]
            mean = summary.measures["dice"].mean
            rows.append(ScoreRow(structure, color_of(structure), cells, dices, mean, missed, false_organs))
    return rows


def _average_cell(described: Description, measure: Measure) -> AverageCell:
    return AverageCell(
        mean_sd(described.mean, described.sd, measure.decimals), measure.in_print(described.median), described.n
    )


@dataclass(frozen=True)
class DetailRow:
    """One measure of one structure by one method, in full."""

    method: str
    structure: str
    color: tuple[int, int, int]
    measure: Measure
    n: int
    mean: str
    sd: str
    mean_interval: str
    median: str
    median_interval: str
    quartiles: str
    extremes: str


def detail_rows(results: Results, measures: Iterable[str] = DESCRIBED) -> Iterator[DetailRow]:
    """Mean, SD, median, quartiles, range and intervals, by structure, measure and method, over all cases."""
    comparison = results.comparison
    for structure in comparison.structures:
        for name in measures:
            for method in comparison.methods:
                described = results.summary(method, structure).measures[name]
                if described.n:
                    yield _detail_row(method, structure, MEASURES[name], described)


def _detail_row(method: str, structure: str, measure: Measure, described: Description) -> DetailRow:
    show = measure.in_print
    return DetailRow(
        method,
        structure,
        color_of(structure),
        measure,
        described.n,
        show(described.mean),
        show(described.sd),
        interval(described.mean_interval, measure.decimals),
        show(described.median),
        interval(described.median_interval, measure.decimals),
        f"{show(described.lower_quartile)} to {show(described.upper_quartile)}",
        f"{show(described.smallest)} to {show(described.largest)}",
    )


@dataclass(frozen=True)
class OutcomeRow:
    """How often each outcome came, of one structure by one method; counts in the order of `OUTCOMES`."""

    method: str
    structure: str
    color: tuple[int, int, int]
    counts: tuple[int, ...]

    @property
    def is_offered(self) -> bool:
        """Whether the method has the structure in any case."""
        return any(self.counts)


def outcome_rows(results: Results) -> list[OutcomeRow]:
    """By structure and method, over all cases."""
    comparison = results.comparison
    return [
        OutcomeRow(method, structure, color_of(structure), tuple(summary.outcomes[name] for name in OUTCOMES))
        for structure in comparison.structures
        for method in comparison.methods
        for summary in [results.summary(method, structure)]
    ]


@dataclass(frozen=True)
class PassRateRow:
    """One limit of one structure, kept or not by one method."""

    method: str
    structure: str
    color: tuple[int, int, int]
    limit: str
    rate: PassRate


def pass_rate_rows(results: Results) -> list[PassRateRow]:
    """By structure, method and limit; [] without tolerances."""
    return [
        PassRateRow(method, name, color_of(name), f"{MEASURES[rate.measure].heading} {rate.limit}", rate)
        for (method, name), rates in results.pass_rates.items()
        for rate in rates
    ]


@dataclass(frozen=True)
class CohortRow:
    """One structure in one cohort, as in the last lines of Tables 1 and 2 of Sartor 2020."""

    cohort: str
    structure: str
    color: tuple[int, int, int]
    cells: tuple[AverageCell, ...]  # Dice, MSD and HD95


def cohort_rows(results: Results) -> list[CohortRow]:
    """Of the first method, by cohort and structure; [] where there are not two cohorts to tell apart."""
    comparison, method = results.comparison, next(iter(results.comparison.methods))
    rows: list[CohortRow] = []
    if len(comparison.cohort_names) < 2:
        return rows
    for cohort in comparison.cohort_names:
        for structure in comparison.structures:
            described = results.summary(method, structure, cohort).measures
            if any(described[name].n for name in COHORT_MEASURES):
                cells = tuple(_average_cell(described[name], MEASURES[name]) for name in COHORT_MEASURES)
                rows.append(CohortRow(cohort, structure, color_of(structure), cells))
    return rows
