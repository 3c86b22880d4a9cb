from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.errors import DataSetError
from rtcontour.evaluation.statistics import Limit, pass_rates, shares, wilson_interval
from rtcontour.metrics import StructureScores

Z = 1.959963984540054
DICE, HD95, VOLUME = (
    Limit("dice", "at_least", 0.8),
    Limit("hd95_mm", "at_most", 5.0),
    Limit("volume_error", "within", 0.1),
)


def compared(dice, hd95_mm, volume_error=0.0):
    return StructureScores("compared", 1.0, 1.0, volume_error, dice, hd95_mm=hd95_mm)


MISSED = StructureScores("missed", 0.0, 1.0, -1.0, 0.0, added_path_length_mm=80.0)
FALSE = StructureScores("false organ", 1.0, 0.0, dice=0.0, added_path_length_mm=0.0)
EMPTY = StructureScores("both empty", 0.0, 0.0)
UNKNOWN = StructureScores("not contoured", 3.0)


def test_a_limit_is_kept_by_its_own_value():
    rates = pass_rates({"c1": compared(0.8, 5.0, -0.1), "c2": compared(0.79, 5.1, 0.11)}, [DICE, HD95, VOLUME])
    assert [(rate.measure, rate.passed, rate.n, rate.share, rate.failed) for rate in rates] == [
        ("dice", 1, 2, 0.5, ("c2",)),
        ("hd95_mm", 1, 2, 0.5, ("c2",)),
        ("volume_error", 1, 2, 0.5, ("c2",)),
    ]
    assert [rate.limit for rate in rates] == ["at least 0.8", "at most 5 mm", "within ±0.1"]


def test_missed_and_false_organs_fail_every_limit():
    scores = {"c1": compared(0.9, 2.0), "c2": MISSED, "c3": FALSE}
    added = Limit("added_path_length_mm", "at_most", 100.0)
    for rate in pass_rates(scores, [DICE, HD95, VOLUME, added])[:3]:
        assert (rate.passed, rate.n, rate.failed) == (1, 3, ("c2", "c3"))
    assert pass_rates(scores, [added])[0].failed == ("c2", "c3")  # though nothing is added for a false organ


def test_what_is_empty_or_unknown_or_undefined_is_not_counted():
    rate = pass_rates({"c1": EMPTY, "c2": UNKNOWN, "c3": compared(0.9, None)}, [HD95])[0]
    assert (rate.passed, rate.n, rate.share, rate.interval, rate.failed) == (0, 0, None, None, ())
    assert pass_rates({}, [DICE])[0].n == 0 and pass_rates({"c1": MISSED}, []) == []


def test_the_interval_of_a_pass_rate_is_that_of_its_share():
    rate = pass_rates({f"c{k}": compared(0.7 if k < 3 else 0.9, 1.0) for k in range(10)}, [DICE])[0]
    assert (rate.share, rate.interval) == (0.7, wilson_interval(7, 10))


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_ends_are_as_many_standard_errors_away_as_they_should(counts):
    passed, n = counts
    low, high = wilson_interval(passed, n)
    share = passed / n
    for end in (low, high):  # the quadratic (share - p)^2 = z^2 p (1 - p) / n
        assert (share - end) ** 2 == pytest.approx(Z**2 * end * (1 - end) / n, abs=1e-9)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1 and low < high


def test_wilson_as_solved_by_hand():
    middle, root = (0.7 + Z**2 / 20) / (1 + Z**2 / 10), sqrt(0.7 * 0.3 / 10 + Z**2 / 400) * Z / (1 + Z**2 / 10)
    assert wilson_interval(7, 10) == pytest.approx((middle - root, middle + root))
    assert wilson_interval(0, 10)[0] == 0.0 and wilson_interval(10, 10)[1] == 1.0
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(("passed", "n"), [(3, 2), (-1, 2)])
def test_more_passes_than_cases_are_refused(passed, n):
    with pytest.raises(DataSetError, match=f"{passed} of {n} passed"):
        wilson_interval(passed, n)


def test_shares_are_parts_of_all_counts():
    assert shares({"good": 3, "bad": 1, "worse": 0}) == {"good": 0.75, "bad": 0.25, "worse": 0.0}
    assert shares({"good": 0}) == {} == shares({})
    with pytest.raises(DataSetError, match="good was counted -1 times"):
        shares({"good": -1})
