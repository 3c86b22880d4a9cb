"""Pass rates: how many cases keep to a department's limits, and how sure that share is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics.tolerances import Limit
from rtcontour.metrics import StructureScores

Interval = tuple[float, float]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PassRate:
    """How many cases of one structure kept to one limit.

    Attributes:
        measure: an attribute of `StructureScores`.
        limit: the limit in words, such as "at most 5 mm".
        passed: cases that kept to it.
        n: cases that were counted.
        share: passed / n, 0 to 1; None where none was counted.
        interval: 95 % interval of the share (Wilson); None where none was counted.
        failed: the cases that did not keep to it, in the order given; missed and false organs are among them.
    """

    measure: str
    limit: str
    passed: int
    n: int
    share: float | None
    interval: Interval | None
    failed: tuple[str, ...]


def pass_rates(scores: Mapping[str, StructureScores], limits: Iterable[Limit]) -> list[PassRate]:
    """Count the cases of one structure that keep to each limit.

    A missed and a false organ fail every limit: they have no distance, and would otherwise drop out and raise the rate.
    Where both are empty or nobody contoured the structure, nothing is counted; nor is a measure that is not defined
    though both have voxels.

    Args:
        scores: case -> scores of one structure; may be empty.
        limits: what to keep to, as `Tolerances.limits_of` gives it.

    Returns:
        One record a limit, in their order.
    """
    return [_pass_rate(scores, limit) for limit in limits]


def _pass_rate(scores: Mapping[str, StructureScores], limit: Limit) -> PassRate:
    kept = {case: _keeps(one, limit) for case, one in scores.items()}
    failed = tuple(case for case, passed in kept.items() if passed is False)
    passed = sum(one is True for one in kept.values())
    n = passed + len(failed)
    share = passed / n if n else None
    return PassRate(limit.measure, limit.words, passed, n, share, wilson_interval(passed, n), failed)


def _keeps(scores: StructureScores, limit: Limit) -> bool | None:
    """Whether one case keeps to a limit; None where it is not counted."""
    if scores.outcome in ("missed", "false organ"):
        return False
    value = getattr(scores, limit.measure)
    if scores.outcome != "compared" or value is None:
        return None
    return limit.admits(value)


def wilson_interval(passed: int, n: int) -> Interval | None:
    """95 % interval of a share: the shares p for which passed / n lies within 1.96 standard errors, sqrt(p (1-p) / n).

    It stays within 0 and 1 and is not a point where none or all passed. None for n = 0.

    Raises:
        DataSetError: fewer than 0 or more than `n` passed.

    Source:
        Wilson, J Am Stat Assoc 1927;22:209; recommended for small n by Brown, Cai and DasGupta, Stat Sci 2001;16:101.
    """
    if not 0 <= passed <= n:
        raise DataSetError(f"{passed} of {n} passed; expected 0 to {n}")
    if n == 0:
        return None
    from scipy.stats import binomtest  # half a second to import

    low, high = binomtest(passed, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """What part of all counts each one is, 0 to 1: the n (%) of a table of grades. {} where nothing was counted.

    Raises:
        DataSetError: a count below 0.
    """
    for name, count in counts.items():
        if count < 0:
            raise DataSetError(f"{name} was counted {count} times; expected 0 or more")
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total else {}
