"""Comparison: one or several methods, scored on the same cases against the same truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rtcontour.metrics import StructureScores

Scores = Mapping[str, Mapping[str, StructureScores]]  # case -> structure -> scores


@dataclass(frozen=True)
class Comparison:
    """Methods side by side. A method is whatever contoured the cases: a model, an atlas, a second human reader.

    Attributes:
        methods: name -> case -> structure -> scores. The first is the one that is evaluated; the others are what it is
            compared with. A method may lack cases and structures.
        cohorts: case -> the group of patients it belongs to; "" or no entry where none is known.
    """

    methods: Mapping[str, Scores]
    cohorts: Mapping[str, str] = field(default_factory=dict)

    @property
    def cases(self) -> tuple[str, ...]:
        """Every case that some method was scored on, in the order of the methods."""
        return tuple(dict.fromkeys(case for scores in self.methods.values() for case in scores))

    @property
    def structures(self) -> tuple[str, ...]:
        """Every structure that some method was scored on, in order of appearance."""
        cases = (case for scores in self.methods.values() for case in scores.values())
        return tuple(dict.fromkeys(name for case in cases for name in case))

    @property
    def cohort_names(self) -> tuple[str, ...]:
        """The cohorts that the cases belong to, by name; () where no case has one."""
        return tuple(sorted({self.cohorts.get(case, "") for case in self.cases} - {""}))

    def scores_of(self, method: str, structure: str, cohort: str | None = None) -> dict[str, StructureScores]:
        """Case -> scores of one structure by one method; of one cohort, or of all cases where that is None."""
        return {
            case: structures[structure]
            for case, structures in self.methods[method].items()
            if structure in structures and cohort in (None, self.cohorts.get(case, ""))
        }

    def values(self, method: str, structure: str, measure: str, cohort: str | None = None) -> dict[str, float]:
        """Case -> value of one measure, an attribute of `StructureScores`, where it is defined."""
        scores = self.scores_of(method, structure, cohort)
        return {case: value for case, one in scores.items() if (value := getattr(one, measure)) is not None}

    def pairs(
        self, method: str, other: str, structure: str, measure: str, cohort: str | None = None
    ) -> dict[str, tuple[float, float]]:
        """Case -> values of two methods, where both are defined: what a paired test compares."""
        ours, theirs = (self.values(name, structure, measure, cohort) for name in (method, other))
        return {case: (value, theirs[case]) for case, value in ours.items() if case in theirs}

    def in_cases(self, cases: Iterable[str]) -> Comparison:
        """The same of some of the cases."""
        kept = set(cases)
        methods = {name: {c: s for c, s in scores.items() if c in kept} for name, scores in self.methods.items()}
        return Comparison(methods, self.cohorts)
