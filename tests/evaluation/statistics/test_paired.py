from itertools import product
from math import sqrt

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics import PairedT, PairedTest, holm, paired_t, percent_change, wilcoxon

pytestmark = pytest.mark.filterwarnings("error")
whole = st.integers(-6, 6)  # few values, so many ties and zeros


def mean_ranks(sizes):
    return [sum(s < size for s in sizes) + (sum(s == size for s in sizes) + 1) / 2 for size in sizes]


def p_by_listing_all_signs(differences):
    """Both tails of the smaller rank sum over all assignments of signs to the ranks of what is not zero."""
    nonzero = [d for d in differences if d]
    ranks = mean_ranks([abs(d) for d in nonzero])
    found = min(sum(r for r, d in zip(ranks, nonzero, strict=True) if s * d > 0) for s in (1, -1))
    sums = [sum(r for r, s in zip(ranks, signs, strict=True) if s) for signs in product((0, 1), repeat=len(ranks))]
    return min(1.0, 2 * sum(total <= found for total in sums) / len(sums))


def test_a_small_sample_as_by_hand():
    found = wilcoxon([5, 7, 9, 4], [4, 5, 6, 8])  # differences 1, 2, 3, -4 with ranks 1, 2, 3, 4
    assert (found.n, found.n_nonzero, found.statistic, found.exact) == (4, 4, 4, True)
    assert (found.mean_difference, found.median_difference) == (0.5, 1.5)
    assert found.effect_size == pytest.approx((6 - 4) / 10)
    assert found.p == 14 / 16  # sums of at most 4: 0, 1, 2, 3, 3, 4, 4


def test_ten_cases_better_in_every_one():
    found = wilcoxon(range(1, 11), [0] * 10)
    assert (found.statistic, found.effect_size, found.p) == (0, 1.0, 2 / 1024)
    assert wilcoxon([0] * 10, range(1, 11)).effect_size == -1.0


@settings(max_examples=60)
@given(st.lists(whole, min_size=1, max_size=10))
def test_p_counts_the_assignments_of_signs_with_ties_and_zeros(differences):
    found = wilcoxon(differences, [0] * len(differences))
    assert found.exact and found.n_nonzero == sum(d != 0 for d in differences)
    assert found.p == pytest.approx(p_by_listing_all_signs(differences))


@pytest.mark.parametrize("n", [1, 5, 13, 14, 40, 50, 51, 80])
@pytest.mark.parametrize("decimals", [12, 1])
def test_p_and_statistic_are_those_of_scipy(n, decimals):
    differences = np.random.default_rng(n).normal(0.3, 1, n).round(decimals)
    found, theirs = wilcoxon(differences, np.zeros(n)), scipy.stats.wilcoxon(differences)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.statistic == pytest.approx(theirs.statistic)
    tied = len(set(abs(differences))) < n or 0 in differences
    assert found.exact == (n <= (13 if tied else 50))


def test_differences_that_only_their_last_bits_untie_are_tied():
    printed = wilcoxon([0.90, 0.80, 0.60, 0.75], [0.80, 0.70, 0.50, 0.80])
    assert printed == pytest.approx(wilcoxon([0.1, 0.1, 0.1, 0], [0, 0, 0, 0.05]))  # ranks 3, 3, 3, 1
    assert printed.statistic == 1.0


def test_pairs_that_do_not_differ_show_nothing():
    assert wilcoxon([0.9, 0.8], [0.9, 0.8]) == PairedTest(2, 0, 0.0, 0.0, 0.0, 1.0, True, 0.0)
    assert paired_t([0.9, 0.8], [0.9, 0.8]) == PairedT(2, 0.0, 0.0, 0.0, 1, 1.0)


def test_no_pairs_give_no_numbers():
    assert wilcoxon([], []) == PairedTest(0, 0, None, None, None, None, False, None)
    assert paired_t([], []) == PairedT(0, None, None, None, None, None)
    assert paired_t([3], [1]) == PairedT(1, 2.0, None, None, None, None)


@pytest.mark.parametrize("test", [wilcoxon, paired_t])
def test_pairs_that_are_none_are_refused(test):
    with pytest.raises(DataSetError, match="2 values are paired with 1"):
        test([1, 2], [1])
    with pytest.raises(DataSetError, match="value 1 of 1 is inf"):
        test([1], [float("inf")])


@given(st.lists(st.tuples(whole, whole), min_size=2, max_size=20))
def test_swapping_the_methods_swaps_the_signs_and_keeps_p(pairs):
    first, second = zip(*pairs, strict=True)
    for test, signed in ((wilcoxon, "effect_size"), (wilcoxon, "median_difference"), (paired_t, "mean_difference")):
        one, other = test(first, second), test(second, first)
        assert one.p == (None if other.p is None else pytest.approx(other.p))
        assert getattr(one, signed) == pytest.approx(-getattr(other, signed))


def test_t_is_the_mean_over_its_standard_error():
    found = paired_t([5, 7, 9], [4, 5, 6])  # differences 1, 2, 3: mean 2, SD 1
    assert (found.mean_difference, found.sd, found.degrees_of_freedom) == (2, 1, 2)
    assert found.t == pytest.approx(2 * sqrt(3))
    assert found.p == pytest.approx(1 - found.t / sqrt(2 + found.t**2))  # Student's distribution for 2 degrees


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=15))
def test_t_is_that_of_scipy(pairs):
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    found = paired_t(first, second)
    if found.sd > 1e-6:
        theirs = scipy.stats.ttest_rel(first, second)
        assert found.t == pytest.approx(theirs.statistic, rel=1e-4, abs=1e-6)
        assert found.p == pytest.approx(theirs.pvalue, rel=1e-4, abs=1e-9)


def test_a_constant_difference_has_no_t():
    assert paired_t([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]) == PairedT(3, pytest.approx(0.1), 0.0, None, 2, None)


def test_holm_as_by_hand():
    given_p = {"bladder": 0.04, "rectum": 0.01, "bowel": None, "ctv": 0.03, "cord": 0.005}
    expected = {"bladder": 0.06, "rectum": 0.03, "bowel": None, "ctv": 0.06, "cord": 0.02}
    adjusted = holm(given_p)  # 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04 lifted to what is before it
    assert list(adjusted) == list(given_p)
    assert adjusted == pytest.approx(expected)
    assert holm({}) == {} and holm({"a": None}) == {"a": None} and holm({"a": 0.2}) == {"a": 0.2}


@given(st.dictionaries(st.integers(), st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni_and_keeps_the_order(p_values):
    adjusted, m = holm(p_values), len(p_values)
    for key, p in p_values.items():
        assert p <= adjusted[key] <= min(1, m * p) + 1e-12
    in_order = sorted(p_values, key=p_values.get)
    assert [adjusted[key] for key in in_order] == sorted(adjusted.values())


@given(st.dictionaries(st.integers(), st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_stepping_down_rejects(p_values):
    rejected, m = set(), len(p_values)
    for place, key in enumerate(sorted(p_values, key=p_values.get)):
        if (m - place) * p_values[key] > 0.05:
            break
        rejected.add(key)
    assert {key for key, p in holm(p_values).items() if p <= 0.05} == rejected


def test_a_p_value_beyond_one_is_refused():
    with pytest.raises(DataSetError, match=r"p-value of ctv is 1\.5"):
        holm({"ctv": 1.5})


def test_percent_change_is_of_what_was_before():
    assert percent_change(8.0, 6.0) == -25.0
    assert percent_change(-2.0, -1.0) == 50.0
    assert percent_change(0.0, 1.0) is percent_change(None, 1.0) is percent_change(1.0, None) is None


def test_differences_of_large_values_tie_as_those_of_small_ones():
    """Added path lengths: whole pixels of 0.9766 mm, six differences of one pixel."""
    first, second = [10000, 20000, 5003, 7001, 812, 9000], [9999, 20001, 5002, 7000, 811, 8999]
    in_mm = wilcoxon([0.9766 * n for n in first], [0.9766 * n for n in second])
    in_pixels = wilcoxon(first, second)
    assert (in_mm.statistic, in_mm.p, in_mm.effect_size) == (in_pixels.statistic, in_pixels.p, in_pixels.effect_size)
    assert (in_mm.statistic, in_mm.p) == (3.5, pytest.approx(0.21875))
