"""Sartor's Table 3: how often each grade was given; with tests between methods and the agreement of readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from rtcontour.evaluation.rating.grades import GRADES, Rating, Ratings
from rtcontour.evaluation.statistics import PairedTest, holm, shares, wilcoxon


@dataclass(frozen=True)
class GradeRow:
    """One line of the table of grades.

    Attributes:
        cohort: of which cases; "" where none is known.
        method: whose contours.
        structure: which structure.
        reader: who graded.
        counts: grade -> number of cases, best grade first; all four are there.
        not_rated: cases whose contours got no grade; they are in no count and no per cent.
    """

    cohort: str
    method: str
    structure: str
    reader: str
    counts: Mapping[str, int]
    not_rated: int

    @property
    def n(self) -> int:
        """Cases that were graded."""
        return sum(self.counts.values())

    @property
    def percents(self) -> dict[str, float | None]:
        """Grade -> per cent of the graded cases; None where none was graded."""
        of_graded = shares(self.counts)
        return {grade: 100 * of_graded[grade] if of_graded else None for grade in self.counts}


@dataclass(frozen=True)
class GradeTest:
    """Two methods in the grades that one reader gave to one structure, case by case.

    Attributes:
        method: the method that is evaluated, the first of the study.
        other: what it is compared with.
        structure: which structure.
        reader: who graded.
        test: Wilcoxon signed-rank test; its differences are `method` minus `other` in steps of grades, so above 0 where
            `method` is better.
        adjusted_p: Holm's p among the structures of this pair of methods and this reader; None where there is no p.
        left_out: cases in which only one of the two has a grade.
    """

    method: str
    other: str
    structure: str
    reader: str
    test: PairedTest
    adjusted_p: float | None
    left_out: int


@dataclass(frozen=True)
class Agreement:
    """Two readers in the grades of the same contours.

    Attributes:
        reader: the one.
        other: the other one.
        structure: which structure; "" for all of them together.
        n: contours that both graded.
        equal: how many of these got the same grade from both.
        kappa: Cohen's kappa with quadratic weights; None where it is not defined.
    """

    reader: str
    other: str
    structure: str
    n: int
    equal: int
    kappa: float | None


def rating_table(ratings: Ratings, cohorts: Mapping[str, str] | None = None) -> tuple[GradeRow, ...]:
    """How often each grade was given, by cohort, method, structure and reader, as Table 3 of Sartor 2020.

    Readers without a single grade, who only took times, are left out.

    Args:
        ratings: what the readers said.
        cohorts: case -> cohort; those of the study's key where it is None.
    """
    of = ratings.cohorts if cohorts is None else cohorts
    groups: dict[tuple[str, str, str, str], list[Rating]] = {}
    for one in (one for one in ratings.ratings if one.reader in ratings.readers):
        groups.setdefault((of.get(one.case, ""), one.method, one.structure, one.reader), []).append(one)
    rows = []
    for cohort, method, structure, reader in sorted(groups, key=_appearance(groups)):
        group = groups[cohort, method, structure, reader]
        given = Counter(one.grade for one in group)
        counts = {grade: given[grade] for grade in GRADES}
        rows.append(GradeRow(cohort, method, structure, reader, counts, given[None]))
    return tuple(rows)


def _appearance(groups: Iterable[tuple[str, str, str, str]]) -> Callable[[tuple[str, str, str, str]], list[int]]:
    """A sorting key: cohorts, in them structures, then methods and readers, each in the order in which they appear."""
    seen = [list(dict.fromkeys(column)) for column in zip(*groups, strict=True)]
    return lambda group: [seen[n].index(group[n]) for n in (0, 2, 1, 3)]


def grade_tests(ratings: Ratings) -> tuple[GradeTest, ...]:
    """Each method after the first against the first: paired Wilcoxon tests of the grades; () with one method."""
    tests: list[GradeTest] = []
    for reader in ratings.readers:
        for other in ratings.methods[1:]:
            tests += _holm_adjusted(list(_test_structures(ratings, reader, other)))
    return tuple(tests)


def _test_structures(ratings: Ratings, reader: str, other: str) -> Iterator[GradeTest]:
    method = ratings.methods[0]
    for structure in ratings.structures:
        scores: dict[str, dict[str, int]] = {method: {}, other: {}}
        for one in ratings.ratings:
            if (one.reader, one.structure) == (reader, structure) and one.method in scores and one.score is not None:
                scores[one.method][one.case] = one.score
        ours, theirs = scores.values()
        both = [case for case in ours if case in theirs]
        test = wilcoxon([ours[case] for case in both], [theirs[case] for case in both])
        yield GradeTest(method, other, structure, reader, test, None, len(ours.keys() ^ theirs.keys()))


def _holm_adjusted(tests: Sequence[GradeTest]) -> list[GradeTest]:
    adjusted = holm({test.structure: test.test.p for test in tests})
    return [replace(test, adjusted_p=adjusted[test.structure]) for test in tests]


def reader_agreement(ratings: Ratings) -> tuple[Agreement, ...]:
    """Every two readers, structure by structure and in all; () where nobody graded what another one did."""
    scores: dict[str, dict[tuple[str, str, str], int]] = {reader: {} for reader in ratings.readers}
    for one in ratings.ratings:
        if one.score is not None:
            scores[one.reader][one.structure, one.case, one.method] = one.score
    found = []
    for reader, other in combinations(ratings.readers, 2):
        both = [key for key in scores[reader] if key in scores[other]]
        for structure in ("", *ratings.structures):
            pairs = [(scores[reader][key], scores[other][key]) for key in both if structure in ("", key[0])]
            equal = sum(first == second for first, second in pairs)
            if pairs:
                found.append(Agreement(reader, other, structure, len(pairs), equal, weighted_kappa(pairs)))
    return tuple(found)


def weighted_kappa(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Cohen's kappa with quadratic weights: 1 for full agreement, 0 for what chance gives.

    kappa = 1 - sum(w * observed) / sum(w * expected), with w = (a - b)**2 for grades a and b, `observed` the shares of
    the pairs and `expected` the products of the two readers' own shares.

    Args:
        pairs: the grades of two readers as whole numbers, an item each.

    Returns:
        None without pairs, and where both readers gave one and the same grade throughout: chance alone agrees then.

    Source:
        Cohen, Psychological Bulletin 1968;70:213.
    """
    if not pairs:
        return None
    first, second = np.array(pairs, np.float64).T
    observed = np.mean((first - second) ** 2)
    expected = np.mean((first[:, None] - second[None, :]) ** 2)
    return float(1 - observed / expected) if expected > 0 else None
