import pytest

from rtcontour.evaluation.in_print import interval, mean_sd, number, p_value


@pytest.mark.parametrize(
    "value, decimals, text",
    [
        (0.1234, 3, "0.123"),
        (-1.25, 1, "−1.2"),
        (-0.0001, 3, "0.000"),
        (0.0, 1, "0.0"),
        (None, 2, "–"),
        (12345.6, 0, "12346"),
    ],
)
def test_numbers_have_a_true_minus_and_no_minus_zero(value, decimals, text):
    assert number(value, decimals) == text


@pytest.mark.parametrize("value, text", [(2.3, "+2.3"), (-2.3, "−2.3"), (0.04, "0.0"), (-0.04, "0.0")])
def test_a_sign_is_printed_where_it_means_something(value, text):
    assert number(value, 1, sign=True) == text


def test_intervals_and_means_say_what_is_missing():
    assert interval((0.1, 0.25), 2) == "0.10 to 0.25" and interval(None, 2) == "–"
    assert [mean_sd(0.9, 0.05, 2), mean_sd(0.9, None, 2), mean_sd(None, None, 2)] == ["0.90 ± 0.05", "0.90", "–"]


@pytest.mark.parametrize(
    "p, text",
    [(0.0312, "0.031"), (0.0496, "0.0496"), (0.0504, "0.050"), (0.0004, "< 0.001"), (1.0, "1.000"), (None, "–")],
)
def test_a_p_shows_on_which_side_of_the_level_it_lies(p, text):
    assert p_value(p) == text


def test_an_exact_p_keeps_two_digits():
    assert p_value(4.46e-9, exact=True) == "4.5e-09"
