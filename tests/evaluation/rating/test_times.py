"""Tang 2019, Table 6, must come out as it is printed."""

import pytest

from rtcontour.evaluation.rating import Ratings, WorkTime, time_tables


def test_tang_s_table_6_is_the_printed_one(tang):
    printed = tang["table_6"]
    times = [
        WorkTime(f"PA{n}", mode, minutes, "Ua-Net" if mode == 2 else "")
        for mode, column in ((1, "by_hand_min"), (2, "assisted_min"))
        for n, minutes in enumerate(printed[column], start=1)
    ]
    (table,) = time_tables(Ratings(times=tuple(times)))
    for mode, expected in ((table.mode_1, "by_hand_mean_sd"), (table.mode_2, "assisted_mean_sd")):
        assert [round(mode.mean, 2), round(mode.sd, 2)] == printed[expected]
    assert round(table.test.t, 2) == printed["t"] and float(f"{table.test.p:.1e}") == printed["p"]
    assert round(table.percent_saved) == 61 and table.n == 10
    assert [(row.case, row.mode_1_minutes, row.mode_2_minutes) for row in table.rows][3] == ("PA4", 38, 20)


def test_a_case_with_one_mode_is_shown_and_not_tested():
    times = (WorkTime("a", 1, 30), WorkTime("a", 2, 15, "m"), WorkTime("b", 1, 40), WorkTime("c", 2, 9, "m"))
    (table,) = time_tables(Ratings(times=times))
    assert [row.percent_saved for row in table.rows] == [50, None, None]
    assert (table.n, table.mode_1.mean, table.mode_1.sd, table.test.p) == (1, 30, None, None)
    assert time_tables(Ratings()) == ()


def test_readers_and_methods_have_tables_of_their_own():
    times = [WorkTime("a", 1, 30, "", reader) for reader in "xy"]
    times += [WorkTime("a", 2, 15, method, reader) for method in ("m", "n") for reader in "xy"]
    tables = time_tables(Ratings(times=tuple(times)))
    assert [(table.method, table.reader) for table in tables] == [("m", "x"), ("m", "y"), ("n", "x"), ("n", "y")]


def test_a_mode_that_takes_longer_saves_less_than_nothing_and_equal_times_save_nothing():
    times = [
        WorkTime(case, mode, minutes)
        for case, pair in {"a": (20, 25), "b": (30, 30), "c": (0, 1)}.items()
        for mode, minutes in zip((1, 2), pair, strict=True)
    ]
    (table,) = time_tables(Ratings(times=tuple(times)))
    assert [row.percent_saved for row in table.rows] == [pytest.approx(-25), 0, None]
    assert str(table.rows[1].percent_saved) == "0.0"


def test_a_table_without_a_case_with_both_modes_has_no_summary():
    (table,) = time_tables(Ratings(times=(WorkTime("a", 1, 30, "", "r"),)))
    assert (table.n, table.mode_1.mean, table.mode_2.sd, table.percent_saved) == (0, None, None, None)
