"""describe: what a report says of the values of one measure: mean, spread, quartiles, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rtcontour.evaluation.statistics.sample import as_sample

Interval = tuple[float, float]

TAILS = (0.025, 0.975)
NORMAL = NormalDist()
RESAMPLES = 2000  # the ends of an interval then move by 1 to 3 % of its length from seed to seed
DECIMALS = 12  # of a mean of values from 0 to 1


@dataclass(frozen=True)
class Description:
    """Description of a sample, in the unit of its values. None where a number is not defined, never NaN.

    Attributes:
        n: number of values; with none of them everything else is None.
        mean: arithmetic mean.
        sd: standard deviation with n - 1; None for a single value.
        median: middle value, or the mean of the two middle ones.
        lower_quartile: 25th percentile, linear between values (numpy's default).
        upper_quartile: 75th percentile, the same way.
        smallest: the smallest value.
        largest: the largest value.
        mean_interval: bootstrap 95 % interval of the mean (BCa), None for a single value; a point, the value itself,
            where all values are equal.
        median_interval: bootstrap 95 % interval of the median (percentile), under the same rules.
    """

    n: int
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    lower_quartile: float | None = None
    upper_quartile: float | None = None
    smallest: float | None = None
    largest: float | None = None
    mean_interval: Interval | None = None
    median_interval: Interval | None = None


def describe(values: Iterable[float], *, seed: int = 0) -> Description:
    """Describe a sample.

    BCa follows the long tail that most scores have. The median gets the percentile interval: left by one case it jumps,
    so BCa's acceleration means nothing for it, and many equal values would leave it without an answer.

    Args:
        values: any number of finite values, in any order.
        seed: of the bootstrap; the same values and seed give the same intervals.

    Raises:
        DataSetError: a value that is not finite.

    Source:
        BCa and percentile intervals: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13, 14.
    """
    sample = np.sort(as_sample(values))  # sorted: the order of the cases must not move an interval
    if not sample.size:
        return Description(0)
    smallest, lower, median, upper, largest = (float(q) for q in np.quantile(sample, (0, 0.25, 0.5, 0.75, 1)))
    equal = smallest == largest
    mean_interval, median_interval = _intervals(sample, seed)
    return Description(
        n=sample.size,
        mean=float(np.clip(sample.mean(), smallest, largest)),  # the last bit of a sum can lie outside
        sd=_standard_deviation(sample, equal),
        median=median,
        lower_quartile=lower,
        upper_quartile=upper,
        smallest=smallest,
        largest=largest,
        mean_interval=mean_interval,
        median_interval=median_interval,
    )


def _standard_deviation(sample: NDArray[np.float64], equal: bool) -> float | None:
    if sample.size < 2:
        return None
    return 0.0 if equal else float(sample.std(ddof=1))


def _intervals(sample: NDArray[np.float64], seed: int) -> tuple[Interval | None, Interval | None]:
    """Bootstrap intervals of the mean and of the median of a sorted sample."""
    smallest, extent = sample[0], sample[-1] - sample[0]
    if sample.size < 2:
        return None, None
    if extent == 0:
        point = float(smallest), float(smallest)
        return point, point
    unit = (sample - smallest) / extent  # from 0 to 1: the cubes of tiny differences would vanish
    draws, middle = _draws(sample.size, seed)
    of_mean, of_median = _bca(unit, unit[draws]), np.quantile(unit[middle].mean(axis=1), TAILS)
    ends = np.clip(smallest + extent * np.array([of_mean, of_median]), smallest, sample[-1])
    (mean_low, mean_high), (median_low, median_high) = ends.tolist()
    return (mean_low, mean_high), (median_low, median_high)


@lru_cache(maxsize=4)
def _draws(n: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Places of n values drawn with replacement (resample, value), and the one or two in the middle of each.

    One set of draws serves every sample of this size: measures of the same cases see the same resamples.
    """
    draws = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n)).astype(np.int32)
    return draws, np.sort(draws, axis=1)[:, (n - 1) // 2 : n // 2 + 1]


def _bca(unit: NDArray[np.float64], resamples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The two ends of the bias-corrected and accelerated interval of a mean, of values from 0 to 1."""
    # Without their last bits: it counts how many means equal the sample's own, and of few values many do.
    means, own = np.round(resamples.mean(axis=1), DECIMALS), np.round(unit.mean(), DECIMALS)
    below = (np.mean(means < own) + np.mean(means <= own)) / 2
    bias = NORMAL.inv_cdf(min(max(below, 0.5 / RESAMPLES), 1 - 0.5 / RESAMPLES))
    left_out = unit - unit.mean()  # means of all values but one differ from their mean by this over n - 1
    acceleration = (left_out**3).sum() / (6 * (left_out**2).sum() ** 1.5)
    shifted = [bias + NORMAL.inv_cdf(tail) for tail in TAILS]
    return np.quantile(means, [NORMAL.cdf(bias + z / (1 - acceleration * z)) for z in shifted])
