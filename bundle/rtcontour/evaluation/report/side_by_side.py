"""Methods side by side: one table a measure, as Tables 3 to 5 of Tang 2019."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from rtcontour.evaluation.in_print import SIGNIFICANT, mean_sd, p_value
from rtcontour.evaluation.measures import MEASURES, Measure
from rtcontour.evaluation.results import Results
from rtcontour.evaluation.statistics import Description
from rtcontour.structures import color_of

SIDE_BY_SIDE = ("dice", "msd_mm", "hd95_mm", "hd95_pooled_mm", "surface_dice", "sensitivity", "specificity")


@dataclass(frozen=True)
class Cell:
    """One method in one structure: mean ± SD, and how it stands against the first method.

    Attributes:
        mean_sd: such as 0.912 ± 0.034; a dash where nothing was averaged.
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
    """One measure, structures by methods.

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
    methods, structures = list(comparison.methods), comparison.structures
    means = {name: [_described(results, method, name, measure).mean for method in methods] for name in structures}
    marked = {name: best_of(means[name], measure, _same_cases(results, name, measure)) for name in structures}
    rows = [
        StructureRow(name, color_of(name), tuple(_cells(results, name, measure, marked[name]))) for name in structures
    ]
    shared = [name for name in structures if None not in means[name]]
    alike = all(_same_cases(results, name, measure) for name in shared)
    columns = zip(*(means[name] for name in shared), strict=True)
    averages = [_mean(column) for column in columns] or [None] * len(methods)
    best = best_of(averages, measure, alike)
    average = [Cell(measure.in_print(mean), len(shared), one) for mean, one in zip(averages, best, strict=True)]
    return MeasureTable(measure, tuple(rows), tuple(average), len(shared))


def _mean(values: Iterable[float | None]) -> float | None:
    return fmean(value for value in values if value is not None)


def _described(results: Results, method: str, structure: str, measure: Measure) -> Description:
    return results.summary(method, structure).measures[measure.name]


def _same_cases(results: Results, structure: str, measure: Measure) -> bool:
    """Whether every method was averaged over the same cases; else one that missed a hard case would look better."""
    comparison = results.comparison
    cases = [comparison.values(method, structure, measure.name).keys() for method in comparison.methods]
    return all(one == cases[0] for one in cases)


def best_of(means: Sequence[float | None], measure: Measure, same_cases: bool) -> list[bool]:
    """Which of the means are the best as printed, so that what reads alike is marked alike.

    None is, where all are alike, where the measure is neither good nor bad, and where the cases were not the same.
    """
    known = [round(mean, measure.decimals) for mean in means if mean is not None]
    if len(known) < 2 or measure.better == "neither" or not same_cases:
        return [False] * len(means)
    worth = {"higher": lambda v: v, "lower": lambda v: -v, "near zero": lambda v: -abs(v)}[measure.better]
    best = max(map(worth, known))
    if best == min(map(worth, known)):
        return [False] * len(means)
    return [mean is not None and worth(round(mean, measure.decimals)) == best for mean in means]


def _cells(results: Results, structure: str, measure: Measure, best: Sequence[bool]) -> list[Cell]:
    cells = []
    for method, is_best in zip(results.comparison.methods, best, strict=True):
        described = _described(results, method, structure, measure)
        cell = Cell(mean_sd(described.mean, described.sd, measure.decimals), described.n, is_best)
        cells.append(_tested(cell, results, method, structure, measure))
    return cells


def _tested(cell: Cell, results: Results, method: str, structure: str, measure: Measure) -> Cell:
    """The cell with its test against the first method, which itself has none."""
    test = results.test(method, structure, measure.name)
    if test is None:
        return cell
    significant = test.adjusted_p is not None and test.adjusted_p < SIGNIFICANT
    return replace(cell, p=p_value(test.adjusted_p), significant=significant, left_out=test.left_out)
