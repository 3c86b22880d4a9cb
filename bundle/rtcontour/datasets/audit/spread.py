"""Spread: where most values of a cohort lie, told by its median so that a few wrong ones do not move it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MAD_TO_SD = 1.4826  # of a normal distribution
FEWEST = 8  # values; of fewer the median's own error is as large as what is to be found
# A structure is tested in some eight ways, and so a patient in forty. Of a normal distribution no value would lie
# beyond 5 standard deviations; this leaves room for tails that are heavier, as those of volumes are.
LIMIT = 5.0
# The MAD of n values is itself uncertain by about 1.2 / sqrt(n): of 20 values it is too small by half once in a hundred
# times. The limit grows where there are few: to 7.5 for 8 values, 6 for 20, 5.1 for 250.
LIMIT_GROWTH = 4.0


@dataclass(frozen=True)
class Spread:
    """Median and scale of a measure over a cohort.

    Attributes:
        n: how many values.
        median: theirs.
        scale: 1.4826 times the median absolute deviation, at least a floor below which nothing is unusual.
    """

    n: int
    median: float
    scale: float

    @classmethod
    def of(cls, values: Iterable[float], floor: float) -> Spread:
        """Of any values; of none, a spread that finds nothing unusual."""
        array = np.array(list(values), np.float64)
        if not array.size:
            return cls(0, 0.0, floor)
        median = float(np.median(array))
        return cls(array.size, median, max(floor, MAD_TO_SD * float(np.median(np.abs(array - median)))))

    def score(self, value: float) -> float:
        """How many scales a value lies from the median; negative below it."""
        return (value - self.median) / self.scale

    @property
    def limit(self) -> float:
        """The score beyond which a value is unlikely; infinite where there are too few to tell."""
        return LIMIT * (1 + LIMIT_GROWTH / self.n) if self.n >= FEWEST else float("inf")

    def is_unlikely(self, value: float) -> bool:
        """Whether a value lies beyond the limit."""
        return abs(self.score(value)) > self.limit
