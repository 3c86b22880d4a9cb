import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from rtcontour.datasets.audit.spread import FEWEST, Spread


def test_median_and_scale_are_those_of_scipy():
    values = np.random.default_rng(1).normal(3, 2, 101)
    spread = Spread.of(values, 0.1)
    assert spread.median == pytest.approx(np.median(values))
    assert spread.scale == pytest.approx(median_abs_deviation(values, scale="normal"), rel=1e-4)
    assert spread.score(spread.median + 2 * spread.scale) == pytest.approx(2)


def test_wrong_values_do_not_hide_themselves():
    values = [*np.random.default_rng(2).normal(0, 1, 30), 100.0, 100.0, 100.0]
    assert Spread.of(values, 0.1).is_unlikely(100.0)


def test_equal_values_have_the_floor_for_a_scale():
    spread = Spread.of([5.0] * 20, 0.5)
    assert spread.scale == 0.5 and not spread.is_unlikely(6.0) and spread.is_unlikely(50.0)


def test_a_few_values_tell_nothing():
    assert not Spread.of([1.0] * (FEWEST - 1), 0.1).is_unlikely(1e6)
    assert not Spread.of([], 0.1).is_unlikely(1e6)
    assert Spread.of([1.0] * FEWEST, 0.1).is_unlikely(1e6)


def test_the_limit_is_wider_where_fewer_values_tell_the_scale():
    limits = [Spread.of(range(n), 0.1).limit for n in (FEWEST, 20, 250)]
    assert limits == sorted(limits, reverse=True) and limits[-1] > 5
