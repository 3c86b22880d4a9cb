"""The cohort: which cases were compared, and on which grids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rtcontour.evaluation.comparison import Comparison
from rtcontour.grid import Grid


@dataclass(frozen=True)
class CohortFacts:
    """One cohort in the words of a table.

    Attributes:
        name: of the cohort; "all" where no case has one, "none given" of the cases without one beside others.
        cases: how many.
        patients: how many; as many as cases where nothing else is known.
        shapes: columns × rows × slices, from the least to the most of each.
        spacings: voxel sizes in mm, the same way.
        contoured: structure -> in how many cases somebody contoured it.
    """

    name: str
    cases: int
    patients: int
    shapes: str
    spacings: str
    contoured: Mapping[str, int]


def describe_cohorts(
    comparison: Comparison, grids: Mapping[str, Grid], patients: Mapping[str, str]
) -> list[CohortFacts]:
    """One row a cohort, in the order of their names.

    Args:
        comparison: what was scored.
        grids: case -> grid of the truth.
        patients: case -> whose it is; a case without entry is a patient of its own.
    """
    without = "none given" if comparison.cohort_names else "all"
    cases: dict[str, list[str]] = {}
    for case in comparison.cases:
        cases.setdefault(comparison.cohorts.get(case, "") or without, []).append(case)
    return [_describe(name, cases[name], comparison, grids, patients) for name in sorted(cases)]


def _describe(
    name: str, cases: list[str], comparison: Comparison, grids: Mapping[str, Grid], patients: Mapping[str, str]
) -> CohortFacts:
    shown = [grids[case] for case in cases if case in grids]
    return CohortFacts(
        name,
        len(cases),
        len({patients.get(case, case) for case in cases}),
        " × ".join(_range(values, "d") for values in zip(*(grid.shape for grid in shown), strict=True)),
        " × ".join(_range(values, ".3g") for values in zip(*(grid.spacing_mm for grid in shown), strict=True)),
        _count_contoured(cases, comparison),
    )


def _count_contoured(cases: list[str], comparison: Comparison) -> dict[str, int]:
    """In how many cases the truth had each structure, as any of the methods was scored against it."""
    found: Counter[str] = Counter()
    for case in cases:
        known = {
            name
            for scores in comparison.methods.values()
            for name, one in scores.get(case, {}).items()
            if one.outcome != "not contoured"
        }
        found.update(known)
    return {name: found[name] for name in comparison.structures}


def _range(values: Iterable[float], form: str) -> str:
    ordered = sorted(values)
    low, high = format(ordered[0], form), format(ordered[-1], form)
    return low if low == high else f"{low}–{high}"
