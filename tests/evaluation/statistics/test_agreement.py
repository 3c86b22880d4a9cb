from dataclasses import astuple
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics import BlandAltman, bland_altman

pytestmark = pytest.mark.filterwarnings("error")
T_95_OF_3 = 3.182446  # Student's t table: two-sided 5 %, 3 degrees of freedom


def test_four_volumes_as_by_hand():
    found = bland_altman([102, 97, 106, 103], [100, 98, 101, 101])  # differences 2, -1, 5, 2
    sd = sqrt((0 + 9 + 9 + 0) / 3)
    assert (found.n, found.relative, found.bias) == (4, False, 2)
    assert found.sd == pytest.approx(sd)
    assert (found.lower, found.upper) == pytest.approx((2 - 1.96 * sd, 2 + 1.96 * sd))
    half = T_95_OF_3 * sd / 2
    assert found.bias_interval == pytest.approx((2 - half, 2 + half), abs=1e-5)
    wide = T_95_OF_3 * sd * sqrt(1 / 4 + 1.96**2 / 6)
    assert found.lower_interval == pytest.approx((found.lower - wide, found.lower + wide), abs=1e-5)
    assert found.upper_interval == pytest.approx((found.upper - wide, found.upper + wide), abs=1e-5)


def test_the_standard_error_of_a_limit_nears_the_published_shortcut():
    """Bland and Altman 1986 take sqrt(3 / n) SDs, which their later formula nears for many cases."""
    n = 400
    found = bland_altman([(-1) ** k for k in range(n)], [0] * n)
    half = (found.lower_interval[1] - found.lower_interval[0]) / 2
    assert half == pytest.approx(1.966 * found.sd * sqrt(3 / n), rel=0.02)


def test_relative_differences_are_per_cent_of_the_mean_of_the_pair():
    found = bland_altman([110, 0, 0, 30], [90, 50, 0, 10], relative=True)  # 20 %, a missed organ, none, 100 %
    assert found.relative and found.bias == pytest.approx((20 - 200 + 0 + 100) / 4)


def test_few_pairs_give_what_can_be_known():
    assert astuple(bland_altman([], [])) == (0, False, *[None] * 7)
    assert bland_altman([5], [3]) == BlandAltman(1, False, 2.0)
    equal = bland_altman([5, 6], [5, 6])
    assert (equal.bias, equal.sd, equal.upper_interval) == (0, 0, (0, 0))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataSetError, match="2 values are paired with 1"):
        bland_altman([1, 2], [1])
    with pytest.raises(DataSetError, match="mean 0"):
        bland_altman([1], [-1], relative=True)


@given(st.lists(st.tuples(st.floats(1, 500), st.floats(1, 500)), min_size=2, max_size=10), st.booleans())
def test_swapping_the_two_mirrors_everything(pairs, relative):
    measured, reference = zip(*pairs, strict=True)
    one = bland_altman(measured, reference, relative=relative)
    other = bland_altman(reference, measured, relative=relative)
    assert one.bias == pytest.approx(-other.bias)
    assert one.lower == pytest.approx(-other.upper)
    assert one.lower_interval == pytest.approx(tuple(-end for end in other.upper_interval[::-1]))
    assert one.lower <= one.bias_interval[0] + 1e-9 or one.n < 6  # of few pairs the bias is less sure than the spread
