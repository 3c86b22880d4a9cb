"""Paired comparisons of two methods on the same cases: signed-rank test, t-test, and Holm's correction."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics.sample import differences

Key = TypeVar("Key", bound=Hashable)

# scipy's limits for method="auto": up to here the p-value is exact, above it is the normal approximation's.
EXACT_UP_TO = 50
EXACT_WITH_TIES_UP_TO = 13


@dataclass(frozen=True)
class PairedTest:
    """Wilcoxon signed-rank test, two-sided. Differences are first minus second.

    Attributes:
        n: number of pairs; with none of them everything that can be None is.
        n_nonzero: pairs that differ; only these are ranked.
        median_difference: median of all differences, zeros included.
        mean_difference: mean of all differences.
        statistic: the smaller of the two rank sums.
        p: two-sided p-value; 1 where no pair differs.
        exact: whether `p` counts all assignments of signs, and is not the normal approximation.
        effect_size: matched-pairs rank-biserial correlation: the rank sum of the positive differences less that of the
            negative ones, over the sum of both. 1 where the first is larger in every pair that differs, -1 where it is
            smaller, 0 where no pair differs.
    """

    n: int
    n_nonzero: int = 0
    median_difference: float | None = None
    mean_difference: float | None = None
    statistic: float | None = None
    p: float | None = None
    exact: bool = False
    effect_size: float | None = None


@dataclass(frozen=True)
class PairedT:
    """Paired t-test, two-sided. Differences are first minus second.

    Attributes:
        n: number of pairs.
        mean_difference: mean of the differences; None without pairs.
        sd: standard deviation of the differences with n - 1; None for fewer than two pairs.
        t: mean_difference over its standard error; None for fewer than two pairs, and where all pairs differ by the
            same amount other than 0, which would make it infinite.
        degrees_of_freedom: n - 1; None for fewer than two pairs.
        p: two-sided p-value; None where `t` is. Where no pair differs, t is 0 and p is 1.
    """

    n: int
    mean_difference: float | None = None
    sd: float | None = None
    t: float | None = None
    degrees_of_freedom: int | None = None
    p: float | None = None


def wilcoxon(first: Iterable[float], second: Iterable[float]) -> PairedTest:
    """Test whether the differences of pairs lie around 0, without asking them to be normal.

    Zeros and ties are handled as `scipy.stats.wilcoxon` does by default, and the p-values are its own: zeros are
    dropped before ranking (Wilcoxon), tied differences share their mean rank. `p` is exact for up to 50 pairs without
    ties or zeros and for up to 13 pairs with them, else the normal approximation's, corrected for ties and not for
    continuity.

    Args:
        first: a value for each case.
        second: values of the same cases in the same order.

    Raises:
        DataSetError: samples of different length, or a value that is not finite.

    Source:
        Wilcoxon, Biometrics Bulletin 1945;1:80; effect size: Kerby, Comprehensive Psychology 2014;3:11.IT.3.1.
    """
    difference = differences(first, second)
    nonzero = difference[difference != 0]
    if not difference.size:
        return PairedTest(0)
    medium, mean = float(np.median(difference)), float(difference.mean())
    if not nonzero.size:
        return PairedTest(difference.size, 0, medium, mean, statistic=0.0, p=1.0, exact=True, effect_size=0.0)
    ranks = _ranks(np.abs(nonzero))
    positive, total = float(ranks[nonzero > 0].sum()), float(ranks.sum())
    statistic = min(positive, total - positive)
    exact = difference.size <= (EXACT_WITH_TIES_UP_TO if _has_ties_or_zeros(difference) else EXACT_UP_TO)
    p = _exact_p(ranks, statistic) if exact else _approximate_p(difference)
    effect_size = (2 * positive - total) / total
    return PairedTest(difference.size, nonzero.size, medium, mean, statistic, p, exact, effect_size)


def _ranks(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata  # half a second to import

    return rankdata(sizes)


def _has_ties_or_zeros(difference: NDArray[np.float64]) -> bool:
    sizes = np.abs(difference)
    return np.unique(sizes).size < sizes.size or not sizes.all()


def _exact_p(ranks: NDArray[np.float64], statistic: float) -> float:
    """Share of the 2**n assignments of signs whose smaller rank sum is at most `statistic`.

    Counted rank by rank over the sums that can be reached, for tied ranks too: scipy lists all assignments there, which
    takes a second for 13 pairs.
    """
    doubled = np.rint(2 * ranks).astype(int)  # mean ranks of ties are halves
    ways = np.zeros(doubled.sum() + 1)
    ways[0] = 1
    for rank in doubled:
        ways[rank:] += ways[:-rank].copy()
    return min(1.0, 2 * float(ways[: round(2 * statistic) + 1].sum()) / 2.0**ranks.size)


def _approximate_p(difference: NDArray[np.float64]) -> float:
    from scipy.stats import wilcoxon as signed_rank

    return float(signed_rank(difference, zero_method="wilcox", correction=False, method="asymptotic").pvalue)


def paired_t(first: Iterable[float], second: Iterable[float]) -> PairedT:
    """Test whether the mean difference of pairs is 0, taking differences as normal.

    Args:
        first: a value for each case.
        second: values of the same cases in the same order.

    Raises:
        DataSetError: samples of different length, or a value that is not finite.

    Source:
        Student, Biometrika 1908;6:1; used for the time study of Tang 2019, Table 6.
    """
    difference = differences(first, second)
    n = difference.size
    if n < 2:
        return PairedT(n, mean_difference=float(difference[0]) if n else None)
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    if (difference == difference[0]).all():
        t, p = (0.0, 1.0) if difference[0] == 0 else (None, None)
        return PairedT(n, float(difference[0]), 0.0, t, n - 1, p)
    from scipy.stats import t as student

    t = mean / (sd / sqrt(n))
    return PairedT(n, mean, sd, t, n - 1, p=float(2 * student.sf(abs(t), n - 1)))


def holm(p_values: Mapping[Key, float | None]) -> dict[Key, float | None]:
    """P-values adjusted for testing all of these at once: below 0.05 means significant for the whole family.

    Sorted from the smallest of m, the first is multiplied by m, the next by m - 1, and so on; none falls below the one
    before it, and none exceeds 1. Whatever the tests depend on each other, the risk of one false claim among them stays
    at the level.

    Args:
        p_values: the whole family; None, a test that could not be made, stays None and does not count in m.

    Returns:
        The same keys in the same order; {} for an empty family.

    Raises:
        DataSetError: a p-value outside 0 to 1.

    Source:
        Holm, Scandinavian Journal of Statistics 1979;6:65.
    """
    made = {key: p for key, p in p_values.items() if p is not None}
    for key, p in made.items():
        if not 0 <= p <= 1:
            raise DataSetError(f"p-value of {key} is {p}; expected 0 to 1, or None for a test that was not made")
    adjusted: dict[Key, float] = {}
    before = 0.0
    for place, key in enumerate(sorted(made, key=lambda key: made[key])):
        before = adjusted[key] = max(before, min(1.0, (len(made) - place) * made[key]))
    return {key: adjusted.get(key) for key in p_values}


def percent_change(before: float | None, after: float | None) -> float | None:
    """How much `after` is more than `before`, in per cent of the size of `before`.

    None where either is None, and where `before` is 0. A score that is a percentage itself changes by points, too: give
    the reader to know which is meant.
    """
    if before is None or after is None or before == 0:
        return None
    return 100 * (after - before) / abs(before)
