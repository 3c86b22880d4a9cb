from dataclasses import astuple, fields
from math import comb, isfinite, sqrt
from statistics import NormalDist, mean, median, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics import describe

pytestmark = pytest.mark.filterwarnings("error")
MSD_MM = [4.20, 3.57, 4.04, 3.95, 2.97, 3.42, 4.09, 6.22, 3.55, 3.83]  # CTVN of Sartor 2020, Table 2a
finite = st.floats(-1e6, 1e6, allow_nan=False)


def numbers_in(description):
    return [x for entry in astuple(description) if entry is not None for x in np.atleast_1d(entry)]


def test_a_sample_is_described_as_by_hand():
    found = describe([4, 1, 3, 2])
    assert (found.n, found.mean, found.median, found.smallest, found.largest) == (4, 2.5, 2.5, 1, 4)
    assert found.sd == pytest.approx(sqrt(5 / 3))  # squares 2.25, 0.25, 0.25, 2.25 over n - 1
    assert (found.lower_quartile, found.upper_quartile) == (1.75, 3.25)  # at 0.75 and 2.25 of the way 0..3


def test_nothing_has_no_numbers_and_one_value_has_no_spread():
    nothing, one = describe([]), describe([0.7])
    assert astuple(nothing) == (0,) + (None,) * (len(fields(nothing)) - 1)
    assert (one.n, one.mean, one.median, one.lower_quartile, one.largest) == (1, 0.7, 0.7, 0.7, 0.7)
    assert one.sd is one.mean_interval is one.median_interval is None


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 2.37])
def test_equal_values_have_a_point_for_an_interval(value):
    found = describe([value] * 3)
    assert (found.mean, found.sd) == (value, 0.0)
    assert found.mean_interval == found.median_interval == (value, value)


def test_the_same_seed_gives_the_same_intervals_in_any_order_of_the_cases():
    assert describe(MSD_MM, seed=3) == describe(MSD_MM[::-1], seed=3)
    assert describe(MSD_MM, seed=3).mean_interval != describe(MSD_MM, seed=4).mean_interval


def test_the_interval_of_a_mean_nears_the_normal_one_where_values_are_normal():
    values = [NormalDist(10, 2).inv_cdf((k + 0.5) / 60) for k in range(60)]
    found = describe(values)
    half = NormalDist().inv_cdf(0.975) * found.sd / sqrt(60)
    assert found.mean_interval == pytest.approx((10 - half, 10 + half), abs=0.1 * half)


def test_the_interval_of_a_mean_leans_with_the_long_tail():
    low, high = describe(MSD_MM).mean_interval
    assert high - mean(MSD_MM) > 1.5 * (mean(MSD_MM) - low)  # 6.22 is far above the rest


def test_the_interval_of_a_mean_covers_nearly_as_often_as_it_says():
    """Of ten Dice-like values; 95 % is for many, and a bootstrap of ten is known to fall short by several per cent."""
    draw = np.random.default_rng(7)
    truth = 12 / 13.5  # the mean of this beta distribution
    intervals = [describe(draw.beta(12, 1.5, 10)).mean_interval for _ in range(150)]
    assert 0.8 < np.mean([low <= truth <= high for low, high in intervals]) <= 0.99


def rounded_mean(values, axis):
    return np.round(np.mean(values, axis=axis), 12)


@pytest.mark.parametrize("n", [2, 5, 10, 41])
@pytest.mark.parametrize("seed", [0, 5])
def test_intervals_are_those_of_scipy_from_the_same_draws(n, seed):
    values = np.sort(np.random.default_rng(n).lognormal(0, 0.8, n))
    values = (values - values[0]) / np.ptp(values)  # so that rounding of means is the same
    options = {"n_resamples": 2000, "vectorized": True, "axis": -1}
    found = describe(values, seed=seed)
    of_mean = bootstrap((values,), rounded_mean, method="BCa", rng=np.random.default_rng(seed), **options)
    of_median = bootstrap((values,), np.median, method="percentile", rng=np.random.default_rng(seed), **options)
    for ours, theirs in ((found.mean_interval, of_mean), (found.median_interval, of_median)):
        assert ours == pytest.approx(tuple(theirs.confidence_interval), rel=1e-9)


def test_the_interval_of_a_median_is_the_one_counted_without_drawing():
    """Of n = 11 the k-th smallest is at least a resample's median when 6 of 11 draws fall among the first k."""
    values = [float(k) for k in range(1, 12)]
    below = [sum(comb(11, d) * (k / 11) ** d * (1 - k / 11) ** (11 - d) for d in range(6, 12)) for k in range(1, 12)]
    low = next(k + 1 for k, share in enumerate(below) if share >= 0.025)
    high = next(k + 1 for k, share in enumerate(below) if share >= 0.975)
    assert min(abs(share - end) for share in below for end in (0.025, 0.975)) > 0.01  # no draw decides between two
    assert describe(values).median_interval == (low, high) == (3, 9)


def test_many_equal_values_leave_the_median_an_interval():
    assert describe([0.9] * 8 + [0.8, 0.95]).median_interval == (0.9, 0.9)


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(DataSetError, match="value 2 of 3 is nan"):
        describe([0.8, float("nan"), 0.9])


@settings(max_examples=60)
@given(st.lists(finite, min_size=1, max_size=30))
def test_numbers_are_finite_and_in_order(values):
    found = describe(values)
    assert all(isfinite(x) for x in numbers_in(found))
    assert found.smallest <= found.lower_quartile <= found.median <= found.upper_quartile <= found.largest
    assert found.smallest <= found.mean <= found.largest
    assert found.mean == pytest.approx(mean(values), abs=1e-6) and found.median == pytest.approx(median(values))
    if len(values) > 1:
        assert found.sd == pytest.approx(stdev(values), rel=1e-6, abs=1e-6)
        for low, high in (found.mean_interval, found.median_interval):
            assert found.smallest <= low <= high <= found.largest


@settings(max_examples=40)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=12), st.floats(1e-6, 1e6), st.integers(-100, 100))
def test_another_unit_moves_everything_with_it(values, factor, offset):
    before, after = describe(values), describe([factor * (value + offset) for value in values])
    for name in ("mean_interval", "median_interval"):
        moved = [factor * (end + offset) for end in getattr(before, name)]
        assert getattr(after, name) == pytest.approx(moved, abs=1e-9 * factor)
