"""The rows of the report's tables, made of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from rtcontour.evaluation.measures import MEASURES, Measure
from rtcontour.evaluation.results import OUTCOMES, Results
from rtcontour.evaluation.statistics import Description
from rtcontour.structures import color_of

SIDE_BY_SIDE = ("dice", "msd_mm", "hd95_mm", "hd95_pooled_mm", "surface_dice", "sensitivity", "specificity")
DESCRIBED = ("dice", "msd_mm", "hd95_mm", "surface_dice", "volume_error")
COHORT_MEASURES = ("dice", "msd_mm", "hd95_mm")
SIGNIFICANT = 0.05


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
    return AverageCell(mean_sd(described, measure), measure.in_print(described.median), described.n)


@dataclass(frozen=True)
class Cell:
    """One method in one structure: mean ± SD, and how it stands against the first method.

    Attributes:
        mean_sd: "0.912 ± 0.034"; a dash where nothing was averaged.
        n: how many cases were averaged.
        best: whether no method has a better mean.
        p: of the paired test against the first method, adjusted, in words; "" where there is none.
        significant: whether that p is below 0.05.
        left_out: cases that the test leaves out, since one of the two methods has no value.
    """

    mean_sd: str
    n: int
    best: bool = False
    p: str = ""
    significant: bool = False
    left_out: int = 0


@dataclass(frozen=True)
class StructureRow:
    """One structure, a cell a method."""

    structure: str
    color: tuple[int, int, int]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class MeasureTable:
    """One measure, structures by methods, as in Tables 3 to 5 of Tang 2019.

    Attributes:
        measure: which.
        rows: one a structure.
        average: mean of the structures' means, a cell a method; over the structures that all methods have.
        averaged: how many structures that are.
    """

    measure: Measure
    rows: tuple[StructureRow, ...]
    average: tuple[Cell, ...]
    averaged: int


def measure_tables(results: Results) -> list[MeasureTable]:
    """One table a measure, for several methods; none where there is only one."""
    if len(results.comparison.methods) < 2:
        return []
    return [_measure_table(results, MEASURES[name]) for name in SIDE_BY_SIDE]


def _measure_table(results: Results, measure: Measure) -> MeasureTable:
    comparison = results.comparison
    rows, means = [], []
    for structure in comparison.structures:
        described = [results.summary(method, structure).measures[measure.name] for method in comparison.methods]
        best = best_of([one.mean for one in described], measure)
        cells = [_cell(one, measure, is_best) for one, is_best in zip(described, best, strict=True)]
        cells[1:] = [
            _tested(cell, results, other, structure, measure)
            for cell, other in zip(cells[1:], _others(results), strict=True)
        ]
        rows.append(StructureRow(structure, color_of(structure), tuple(cells)))
        means.append([one.mean for one in described])
    shared = [[mean for mean in row if mean is not None] for row in means if None not in row]
    averages = [fmean(column) for column in zip(*shared, strict=True)] if shared else [None] * len(comparison.methods)
    best = best_of(averages, measure)
    average = tuple(
        Cell(measure.in_print(mean), len(shared), is_best) for mean, is_best in zip(averages, best, strict=True)
    )
    return MeasureTable(measure, tuple(rows), average, len(shared))


def best_of(means: Sequence[float | None], measure: Measure) -> list[bool]:
    """Which of the means are the best as printed, so that what reads alike is marked alike; none where all are."""
    known = [round(mean, measure.decimals) for mean in means if mean is not None]
    if len(known) < 2 or measure.better == "neither":
        return [False] * len(means)
    worth = {"higher": lambda v: v, "lower": lambda v: -v, "near zero": lambda v: -abs(v)}[measure.better]
    best = max(map(worth, known))
    if best == min(map(worth, known)):  # all alike: none is the best
        return [False] * len(means)
    return [mean is not None and worth(round(mean, measure.decimals)) == best for mean in means]


def _cell(described: Description, measure: Measure, is_best: bool) -> Cell:
    return Cell(mean_sd(described, measure), described.n, is_best)


def _tested(cell: Cell, results: Results, other: str, structure: str, measure: Measure) -> Cell:
    test = results.test(other, structure, measure.name)
    if test is None or test.adjusted_p is None:
        return cell
    significant = test.adjusted_p < SIGNIFICANT
    return Cell(cell.mean_sd, cell.n, cell.best, p_in_print(test.adjusted_p), significant, test.left_out)


def _others(results: Results) -> list[str]:
    return list(results.comparison.methods)[1:]


def mean_sd(described: Description, measure: Measure) -> str:
    """Such as 0.912 ± 0.034; the mean alone of one case; a dash of none."""
    mean = measure.in_print(described.mean)
    return mean if described.sd is None else f"{mean} ± {measure.in_print(described.sd)}"


def p_in_print(p: float | None) -> str:
    """Such as 0.031 or < 0.001; a dash for none."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


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
        _interval(described.mean_interval, measure),
        show(described.median),
        _interval(described.median_interval, measure),
        f"{show(described.lower_quartile)} to {show(described.upper_quartile)}",
        f"{show(described.smallest)} to {show(described.largest)}",
    )


def _interval(interval: tuple[float, float] | None, measure: Measure) -> str:
    return "–" if interval is None else " to ".join(measure.in_print(end) for end in interval)


@dataclass(frozen=True)
class OutcomeRow:
    """How often each outcome came, of one structure by one method; counts in the order of `OUTCOMES`."""

    method: str
    structure: str
    color: tuple[int, int, int]
    counts: tuple[int, ...]

    @property
    def has_failures(self) -> bool:
        """Whether an organ was missed or invented."""
        return any(
            count for outcome, count in zip(OUTCOMES, self.counts, strict=True) if outcome in ("missed", "false organ")
        )


def outcome_rows(results: Results) -> list[OutcomeRow]:
    """By structure and method, over all cases."""
    comparison = results.comparison
    return [
        OutcomeRow(method, structure, color_of(structure), tuple(summary.outcomes[name] for name in OUTCOMES))
        for structure in comparison.structures
        for method in comparison.methods
        if any((summary := results.summary(method, structure)).outcomes.values())
    ]


@dataclass(frozen=True)
class CohortRow:
    """One structure in one cohort, as in the last lines of Tables 1 and 2 of Sartor 2020."""

    cohort: str
    structure: str
    color: tuple[int, int, int]
    cells: tuple[AverageCell, ...]  # Dice, MSD and HD95


def cohort_rows(results: Results) -> list[CohortRow]:
    """Of the first method, by cohort and structure; [] where the cases have no cohorts."""
    comparison, method = results.comparison, next(iter(results.comparison.methods))
    rows = []
    for cohort in comparison.cohort_names:
        for structure in comparison.structures:
            described = results.summary(method, structure, cohort).measures
            if any(described[name].n for name in COHORT_MEASURES):
                cells = tuple(_average_cell(described[name], MEASURES[name]) for name in COHORT_MEASURES)
                rows.append(CohortRow(cohort, structure, color_of(structure), cells))
    return rows
