"""Bland-Altman agreement of two ways to measure the same thing, such as predicted and true volumes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics.sample import as_pairs

Interval = tuple[float, float]

LIMIT_SDS = 1.96  # normal differences lie within this many SDs of their mean in 95 of 100 cases
TAIL = 0.975


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement, in the unit of the values, or in per cent where `relative`.

    Attributes:
        n: number of pairs.
        relative: whether differences are per cent of the mean of their pair.
        bias: mean of measured minus reference; None without pairs.
        sd: standard deviation of the differences with n - 1; this and all below are None for fewer than two pairs.
        lower: lower limit of agreement, bias - 1.96 sd.
        upper: upper limit of agreement, bias + 1.96 sd.
        bias_interval: 95 % interval of the bias.
        lower_interval: 95 % interval of the lower limit.
        upper_interval: 95 % interval of the upper limit.
    """

    n: int
    relative: bool
    bias: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None
    bias_interval: Interval | None = None
    lower_interval: Interval | None = None
    upper_interval: Interval | None = None


def bland_altman(measured: Iterable[float], reference: Iterable[float], *, relative: bool = False) -> BlandAltman:
    """How far two ways to measure the same thing are apart, and between which limits 95 % of such differences lie.

    The standard error of the bias is sd / sqrt(n), that of a limit sd sqrt(1/n + 1.96**2 / (2 (n - 1))); intervals
    take Student's t with n - 1 degrees of freedom.

    Args:
        measured: a value for each case, such as the predicted volume.
        reference: values of the same cases in the same order, such as the true volume.
        relative: whether to take each difference in per cent of the mean of its two values. A missed organ, volume 0,
            then differs by -200 %; a pair of zeros by 0 %.

    Raises:
        DataSetError: samples of different length, a value that is not finite, or, where `relative`, two unlike values
            whose mean is 0.

    Source:
        Bland and Altman, Lancet 1986;327:307; relative differences, and the standard error of the limits: Stat Methods
        Med Res 1999;8:135.
    """
    difference = _differences(*as_pairs(measured, reference), relative)
    n = difference.size
    if n < 2:
        return BlandAltman(n, relative, bias=float(difference[0]) if n else None)
    from scipy.stats import t as student  # half a second to import

    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    lower, upper = bias - LIMIT_SDS * sd, bias + LIMIT_SDS * sd
    wide = float(student.ppf(TAIL, n - 1))
    of_bias = wide * sd / sqrt(n)
    of_limit = wide * sd * sqrt(1 / n + LIMIT_SDS**2 / (2 * (n - 1)))
    return BlandAltman(
        n,
        relative,
        bias,
        sd,
        lower,
        upper,
        bias_interval=(bias - of_bias, bias + of_bias),
        lower_interval=(lower - of_limit, lower + of_limit),
        upper_interval=(upper - of_limit, upper + of_limit),
    )


def _differences(measured: NDArray[np.float64], reference: NDArray[np.float64], relative: bool) -> NDArray[np.float64]:
    difference = measured - reference
    if not relative:
        return difference
    mean = (measured + reference) / 2
    unlike = np.flatnonzero((mean == 0) & (difference != 0))
    if unlike.size:
        pair = measured[unlike[0]], reference[unlike[0]]
        raise DataSetError(f"{pair[0]} and {pair[1]} have the mean 0, of which nothing is a per cent; relative=False")
    return np.divide(100 * difference, mean, out=np.zeros_like(mean), where=mean != 0)
