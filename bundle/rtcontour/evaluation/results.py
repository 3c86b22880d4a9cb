"""Results: what the scores of a comparison come to, structure by structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.statistics import (
    BlandAltman,
    Description,
    PairedTest,
    PassRate,
    Tolerances,
    bland_altman,
    describe,
    holm,
    pass_rates,
    wilcoxon,
)
from rtcontour.metrics.scores import OUTCOMES


@dataclass(frozen=True)
class Summary:
    """One structure by one method.

    Attributes:
        method: whose contours.
        structure: which structure.
        cohort: of which cases; "" for all of them.
        outcomes: outcome -> number of cases, for all five outcomes.
        measures: measure -> description of its values.
    """

    method: str
    structure: str
    cohort: str
    outcomes: Mapping[str, int]
    measures: Mapping[str, Description]


@dataclass(frozen=True)
class MethodTest:
    """Two methods in one measure of one structure, case by case.

    Attributes:
        method: the method that is evaluated.
        other: what it is compared with.
        structure: which structure.
        measure: an attribute of `StructureScores`.
        test: Wilcoxon signed-rank test; its differences are `method` minus `other`, of the sizes where the measure
            is an error with a sign.
        adjusted_p: Holm's p among the structures of this measure and this pair of methods; None where there is no p.
        left_out: cases in which only one of the two methods has a value, such as the distances of a missed organ.
    """

    method: str
    other: str
    structure: str
    measure: str
    test: PairedTest
    adjusted_p: float | None
    left_out: int


@dataclass(frozen=True)
class Results:
    """Everything that tables, figures and the report show.

    Attributes:
        comparison: the scores themselves.
        summaries: by method, cohort ("" first) and structure.
        tests: of the first method against every other one; () where there is only one.
        pass_rates: (method, structure) -> one pass rate a tolerance; empty without tolerances.
        volumes: (method, structure) -> agreement of predicted and true volumes; of the cases in which both are there.
    """

    comparison: Comparison
    summaries: tuple[Summary, ...]
    tests: tuple[MethodTest, ...]
    pass_rates: Mapping[tuple[str, str], tuple[PassRate, ...]]
    volumes: Mapping[tuple[str, str], BlandAltman]

    def summary(self, method: str, structure: str, cohort: str = "") -> Summary:
        """The summary of one method, structure and cohort."""
        wanted = method, structure, cohort
        return next(one for one in self.summaries if (one.method, one.structure, one.cohort) == wanted)

    def test(self, other: str, structure: str, measure: str) -> MethodTest | None:
        """The test of the first method against another one, if it was done."""
        wanted = other, structure, measure
        return next((one for one in self.tests if (one.other, one.structure, one.measure) == wanted), None)


def summarize(comparison: Comparison, tolerances: Tolerances | None = None) -> Results:
    """Describe and test everything that was scored.

    Args:
        comparison: the scores of all methods.
        tolerances: what the values must keep; None for no pass rates.
    """
    return Results(
        comparison,
        tuple(_summaries(comparison)),
        tuple(_tests(comparison)),
        _pass_rates(comparison, tolerances) if tolerances else {},
        _volumes(comparison),
    )


def _summaries(comparison: Comparison) -> Iterator[Summary]:
    for method in comparison.methods:
        for cohort in ("", *comparison.cohort_names):
            for structure in comparison.structures:
                scores = comparison.scores_of(method, structure, cohort or None)
                found = Counter(one.outcome for one in scores.values())
                known = {
                    name: [value for one in scores.values() if (value := getattr(one, name)) is not None]
                    for name in MEASURES
                }
                described = {name: describe(values) for name, values in known.items()}
                yield Summary(method, structure, cohort, {outcome: found[outcome] for outcome in OUTCOMES}, described)


def _tests(comparison: Comparison) -> Iterator[MethodTest]:
    method, *others = comparison.methods
    for other in others:
        for measure in (name for name, one in MEASURES.items() if one.better != "neither"):
            tests, left_out = {}, {}
            for structure in comparison.structures:
                pairs = comparison.pairs(method, other, structure, measure)
                values = [[_compared_value(pair[n], measure) for pair in pairs.values()] for n in (0, 1)]
                tests[structure] = wilcoxon(*values)
                either = {case for name in (method, other) for case in comparison.values(name, structure, measure)}
                left_out[structure] = len(either) - len(pairs)
            adjusted = holm({structure: test.p for structure, test in tests.items()})
            for structure, test in tests.items():
                yield MethodTest(method, other, structure, measure, test, adjusted[structure], left_out[structure])


def _compared_value(value: float, measure: str) -> float:
    """What a test compares: of errors with a sign the size, since -1 mm is no better than 1 mm."""
    return abs(value) if MEASURES[measure].better == "near zero" else value


def _pass_rates(comparison: Comparison, tolerances: Tolerances) -> dict[tuple[str, str], tuple[PassRate, ...]]:
    rates = {}
    for structure in comparison.structures:
        for method in comparison.methods:
            limits = tolerances.limits_of(structure)
            if limits:
                rates[method, structure] = tuple(pass_rates(comparison.scores_of(method, structure), limits))
    return rates


def _volumes(comparison: Comparison) -> dict[tuple[str, str], BlandAltman]:
    agreements = {}
    for structure in comparison.structures:
        for method in comparison.methods:
            compared = [one for one in comparison.scores_of(method, structure).values() if one.outcome == "compared"]
            if compared:
                measured = [one.volume_cc for one in compared]
                reference = [one.truth_volume_cc or 0.0 for one in compared]
                agreements[method, structure] = bland_altman(measured, reference)
    return agreements
