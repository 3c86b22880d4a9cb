"""Sartor 2020, Table 3, and Tang 2019, Table 6, must come out as they are printed."""

import pytest

from rtcontour.evaluation.rating import (
    GRADES,
    Rating,
    Ratings,
    WorkTime,
    grade_tests,
    rating_table,
    reader_agreement,
    time_tables,
    weighted_kappa,
)

# Counts of excellent, good, acceptable, not acceptable, and the per cents printed beside them.
SARTOR_TABLE_3 = {
    ("Cervical cancer", "Bladder"): ((4, 2, 1, 3), (40, 20, 10, 30)),
    ("Cervical cancer", "Femur_Head_R"): ((9, 1, 0, 0), (90, 10, 0, 0)),
    ("Cervical cancer", "Femur_Head_L"): ((8, 2, 0, 0), (80, 20, 0, 0)),
    ("Cervical cancer", "Bag_Bowel"): ((1, 4, 4, 1), (10, 40, 40, 10)),
    ("Cervical cancer", "CTVn"): ((1, 3, 2, 4), (10, 30, 20, 40)),
    ("Anorectal cancer", "Bladder"): ((15, 9, 3, 3), (50, 30, 10, 10)),
    ("Anorectal cancer", "Femur_Head_R"): ((20, 8, 1, 1), (67, 27, 3, 3)),
    ("Anorectal cancer", "Femur_Head_L"): ((24, 5, 0, 0), (83, 17, 0, 0)),  # one patient with an implant excluded
    ("Anorectal cancer", "Bag_Bowel"): ((1, 8, 11, 10), (3, 27, 37, 33)),
}
CASES = {"Cervical cancer": 10, "Anorectal cancer": 30}
# Minutes in mode 1 and mode 2.
TANG_TABLE_6 = [(35, 13), (33, 11), (30, 13), (38, 20), (36, 11), (34, 12), (32, 8), (33, 14), (35, 15), (30, 14)]


def sartor_ratings():
    ratings, cohorts = [], {}
    for (cohort, structure), (counts, _) in SARTOR_TABLE_3.items():
        given = [grade for grade, count in zip(GRADES, counts, strict=True) for _ in range(count)]
        for number in range(CASES[cohort]):
            case = f"{cohort} {number}"
            cohorts[case] = cohort
            grade = given[number] if number < len(given) else None
            ratings.append(Rating(case, "recomia", structure, "MB", grade))
    return Ratings(tuple(ratings), cohorts=cohorts)


def test_sartor_s_table_3_is_the_printed_one():
    rows = {(row.cohort, row.structure): row for row in rating_table(sartor_ratings())}
    assert list(rows) == list(SARTOR_TABLE_3)
    for key, (counts, percents) in SARTOR_TABLE_3.items():
        assert tuple(rows[key].counts) == tuple(GRADES)
        assert tuple(rows[key].counts.values()) == counts
        assert tuple(round(percent) for percent in rows[key].percents.values()) == percents


def test_the_excluded_hip_is_counted_as_not_rated():
    rows = {(row.cohort, row.structure): row for row in rating_table(sartor_ratings())}
    left = rows["Anorectal cancer", "Femur_Head_L"]
    assert (left.n, left.not_rated) == (29, 1)
    assert sum(row.not_rated for row in rows.values()) == 1


def test_other_cohorts_may_be_given_and_none_is_one_row():
    ratings = sartor_ratings()
    everything = {row.structure: row for row in rating_table(ratings, cohorts={})}
    assert everything["Bladder"].n == 40 and everything["Bladder"].counts["excellent"] == 19
    assert everything["Bladder"].cohort == ""


def test_a_structure_without_any_grade_has_no_per_cents():
    (row,) = rating_table(Ratings((Rating("c", "m", "Bladder", "r"),)))
    assert (row.n, row.not_rated, set(row.percents.values())) == (0, 1, {None})


def rated(method, grades, reader="r", structure="Bladder"):
    names = list(GRADES)
    return tuple(
        Rating(f"c{n}", method, structure, reader, None if place is None else names[place])
        for n, place in enumerate(grades)
    )


def test_two_methods_are_tested_case_by_case():
    # Six cases that all differ one way: of the 64 assignments of signs, 2 are so extreme.
    better = rated("new", [0, 0, 0, 1, 1, 2, 3, None]), rated("old", [1, 2, 3, 2, 3, 3, 3, 0])
    (result,) = grade_tests(Ratings(sum(better, ())))
    assert (result.method, result.other, result.structure) == ("new", "old", "Bladder")
    assert (result.test.n, result.test.n_nonzero, result.left_out) == (7, 6, 1)
    assert result.test.p == pytest.approx(2 / 64) == result.adjusted_p
    assert result.test.effect_size == 1


def test_p_values_are_adjusted_for_the_structures():
    ratings = Ratings(
        sum(
            (
                rated(method, grades, structure=structure)
                for structure in ("Bladder", "Rectum")
                for method, grades in (("new", [0] * 6), ("old", [1] * 6))
            ),
            (),
        )
    )
    assert [one.adjusted_p for one in grade_tests(ratings)] == pytest.approx([4 / 64, 4 / 64])
    assert grade_tests(sartor_ratings()) == ()


def test_weighted_kappa_is_that_of_a_sheet_of_paper():
    # Observed: 0, 1, 0, 1, mean 0.5. Expected: 1 to 4 are off a 1 by 0, 1, 4, 9 and off a 3 by 4, 1, 0, 1; mean 2.5.
    assert weighted_kappa([(1, 1), (2, 1), (3, 3), (4, 3)]) == pytest.approx(0.8)
    assert weighted_kappa([(1, 1), (4, 4)]) == 1
    assert weighted_kappa([(1, 4), (4, 1)]) == pytest.approx(-1)
    assert weighted_kappa([(2, 2), (2, 2)]) is None and weighted_kappa([]) is None


def test_two_readers_are_compared_where_both_graded():
    ratings = Ratings(rated("m", [0, 1, 2, 3, None], "AB") + rated("m", [0, 1, 3, 3, 0], "CD"))
    everything, bladder = reader_agreement(ratings)
    assert (everything.structure, everything.n, everything.equal) == ("", 4, 3)
    assert (bladder.structure, bladder.kappa) == ("Bladder", everything.kappa)
    assert reader_agreement(sartor_ratings()) == ()


def test_tang_s_table_6_is_the_printed_one():
    times = [
        WorkTime(f"PA{n}", mode, minutes, "Ua-Net" if mode == 2 else "")
        for n, row in enumerate(TANG_TABLE_6, start=1)
        for mode, minutes in zip((1, 2), row, strict=True)
    ]
    (table,) = time_tables(Ratings(times=tuple(times)))
    assert f"{table.mode_1.mean:.2f} ± {table.mode_1.sd:.2f}" == "33.60 ± 2.55"
    assert f"{table.mode_2.mean:.2f} ± {table.mode_2.sd:.2f}" == "13.10 ± 3.14"
    assert f"{table.test.t:.2f}" == "21.68" and f"{table.test.p:.1e}" == "4.5e-09"
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
