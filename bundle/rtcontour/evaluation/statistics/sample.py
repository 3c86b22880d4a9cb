"""The numbers that a statistic is made of: checked, and paired."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import DataSetError

DIGITS = 12  # of the values: 0.9 - 0.8 and 0.8 - 0.7 are one number, which their last bits must not untie


def as_sample(values: Iterable[float]) -> NDArray[np.float64]:
    """Float64 array of the values, of shape (n,); (0,) for none.

    Raises:
        DataSetError: a value that is not finite: no statistic of it would be a number.
    """
    sample = np.fromiter(values, np.float64)
    strange = np.flatnonzero(~np.isfinite(sample))
    if strange.size:
        raise DataSetError(
            f"value {strange[0] + 1} of {sample.size} is {sample[strange[0]]}; expected finite numbers: "
            "leave out what is not defined, and count it"
        )
    return sample


def as_pairs(first: Iterable[float], second: Iterable[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two samples, whose values at one place belong together.

    Raises:
        DataSetError: samples of different length, or a value that is not finite.
    """
    one, other = as_sample(first), as_sample(second)
    if one.size != other.size:
        raise DataSetError(f"{one.size} values are paired with {other.size}; give both of each case, in one order")
    return one, other


def differences(first: Iterable[float], second: Iterable[float]) -> NDArray[np.float64]:
    """First minus second, rounded so that equal differences tie and alike values differ by 0.

    Values have DIGITS digits that count, the largest of them at least one before the point.
    """
    one, other = as_pairs(first, second)
    largest = max(np.abs(one).max(initial=1.0), np.abs(other).max(initial=1.0))
    return np.round(one - other, DIGITS - ceil(log10(largest)))
