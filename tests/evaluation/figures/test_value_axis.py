import pytest
from matplotlib.figure import Figure

from rtcontour.evaluation.figures.value_axis import scale_axis


def axis(values, kind):
    axes = Figure().add_subplot()
    scale_axis(axes, "y", values, "Measure", kind)
    return axes


@pytest.mark.parametrize(("lowest", "end"), [(0.93, 0.9), (0.62, 0.5), (0.3, 0.0), (0.9996, 0.9995), (1.0, 0.9)])
def test_shares_end_at_one_and_begin_at_a_round_number(lowest, end):
    low, high = axis([lowest, 1.0], "share").get_ylim()
    assert low < lowest and low == pytest.approx(end, abs=0.04 * (1 - end)) and 1.0 < high < 1.05


def test_zeros_stand_apart_where_they_would_press_the_shares_together():
    axes = axis([0.0, 0.0, 0.62, 0.98], "share")
    place = axes.transData.transform
    zero, half, one = (place((0, share))[1] for share in (0.0, 0.5, 1.0))
    low, high = axes.bbox.y0, axes.bbox.y1
    assert (one - half) / (high - low) > 0.75 and half > zero > low
    assert axes.get_ylabel() == "Measure\naxis broken between 0 and 0.5"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert place((0, 0.75))[1] == pytest.approx((half + one) / 2)


@pytest.mark.parametrize("values", [[0.0, 0.3, 1.0], [0.0, 0.0], [0.0], [0.0, 1.0], [0.4, 0.9]])
def test_an_axis_that_begins_near_zero_or_has_no_other_shares_is_not_broken(values):
    axes = axis(values, "share")
    assert axes.get_yscale() == "linear" and axes.get_ylim()[0] == pytest.approx(0.0, abs=0.04)


def test_amounts_begin_at_zero_and_signed_values_show_it():
    assert axis([3.0, 8.0], "amount").get_ylim()[0] == 0.0
    low, high = axis([3.0, 8.0], "signed").get_ylim()
    assert low < 0 and high > 8
    assert axis([], "amount").get_ylim() == (0.0, 1.0)


def test_an_outlier_leaves_most_of_the_axis_to_the_others():
    axes = axis([1.0, 2.0, 3.0, 4.0, 300.0], "amount")
    place = axes.transData.transform
    zero, ten, top = (place((0, value))[1] for value in (0.0, 10.0, axes.get_ylim()[1]))
    assert axes.get_yscale() == "symlog" and axes.get_ylim()[1] > 300
    assert 0.65 < (ten - zero) / (top - zero) < 0.75  # twice the quartile of 4, rounded up, is 10
    assert axes.get_ylabel() == "Measure\nlogarithmic beyond 10"


def test_spread_values_stay_linear():
    assert axis([1.0, 2.0, 3.0, 4.0, 30.0], "amount").get_yscale() == "linear"
    assert axis([-40.0, 60.0, 5.0], "signed").get_yscale() == "linear"
