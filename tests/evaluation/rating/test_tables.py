"""Sartor 2020, Table 3, must come out as it is printed."""

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


@pytest.fixture
def sartor_ratings(sartor):
    """Every grade of Sartor's Table 3, given to cases of our own numbering: the paper does not say to which."""
    ratings, cohorts = [], {}
    for cohort, structures in sartor["table_3"].items():
        for structure, printed in structures.items():
            given = [grade for grade, count in zip(GRADES, printed["counts"], strict=True) for _ in range(count)]
            for number in range(sartor["patients"][cohort]["test"]):
                case = f"{cohort} {number}"
                cohorts[case] = cohort
                grade = given[number] if number < len(given) else None
                ratings.append(Rating(case, "recomia", structure, "MB", grade))
    return Ratings(tuple(ratings), cohorts=cohorts)


def test_sartor_s_table_3_is_the_printed_one(sartor, sartor_ratings):
    rows = {(row.cohort, row.structure): row for row in rating_table(sartor_ratings)}
    printed = {(cohort, name): one for cohort, rows in sartor["table_3"].items() for name, one in rows.items()}
    assert list(rows) == list(printed) and len(rows) == 9
    for key, one in printed.items():
        assert list(rows[key].counts) == sartor["grades"] == list(GRADES)
        assert list(rows[key].counts.values()) == one["counts"]
        for count, percent, expected in zip(one["counts"], rows[key].percents.values(), one["percent"], strict=True):
            assert round(percent) == (expected or 0)  # where none was given the paper prints no per cent
            assert expected is not None or count == 0


def test_the_excluded_hip_is_counted_as_not_rated(sartor_ratings):
    rows = {(row.cohort, row.structure): row for row in rating_table(sartor_ratings)}
    left = rows["anorectal", "Femur_Head_L"]
    assert (left.n, left.not_rated) == (29, 1)
    assert sum(row.not_rated for row in rows.values()) == 1


def test_other_cohorts_may_be_given_and_none_is_one_row(sartor_ratings):
    everything = {row.structure: row for row in rating_table(sartor_ratings, cohorts={})}
    assert everything["Bladder"].n == 40 and everything["Bladder"].counts["excellent"] == 19
    assert everything["Bladder"].cohort == ""


def test_a_structure_without_any_grade_has_no_per_cents():
    ungraded, graded = Rating("c", "m", "Bladder", "r"), Rating("c", "m", "Rectum", "r", "good")
    row, other = rating_table(Ratings((ungraded, graded)))
    assert (row.n, row.not_rated, set(row.percents.values())) == (0, 1, {None})
    assert other.percents == {"excellent": 0, "good": 100, "acceptable": 0, "not acceptable": 0}


def test_who_only_took_times_is_no_reader_of_the_grades():
    graded = rated("new", [0, 1, 2], "AB") + rated("old", [1, 2, 3], "AB")
    none = rated("new", [None] * 3, "RTT") + rated("old", [None] * 3, "RTT")
    ratings = Ratings(graded + none, (WorkTime("c0", 1, 30, "", "RTT"),))
    assert ratings.readers == ("AB",)
    assert {row.reader for row in rating_table(ratings)} == {"AB"} == {one.reader for one in grade_tests(ratings)}
    assert [table.reader for table in time_tables(ratings)] == ["RTT"]
    only_times = Ratings(none, ratings.times)
    assert rating_table(only_times) == () == grade_tests(only_times) == reader_agreement(only_times)


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


def test_p_values_are_adjusted_for_the_structures(sartor_ratings):
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
    assert grade_tests(sartor_ratings) == ()


def test_weighted_kappa_is_that_of_a_sheet_of_paper():
    # Observed: 0, 1, 0, 1, mean 0.5. Expected: 1 to 4 are off a 1 by 0, 1, 4, 9 and off a 3 by 4, 1, 0, 1; mean 2.5.
    assert weighted_kappa([(1, 1), (2, 1), (3, 3), (4, 3)]) == pytest.approx(0.8)
    assert weighted_kappa([(1, 1), (4, 4)]) == 1
    assert weighted_kappa([(1, 4), (4, 1)]) == pytest.approx(-1)
    assert weighted_kappa([(2, 2), (2, 2)]) is None and weighted_kappa([]) is None


def test_two_readers_are_compared_where_both_graded(sartor_ratings):
    ratings = Ratings(rated("m", [0, 1, 2, 3, None], "AB") + rated("m", [0, 1, 3, 3, 0], "CD"))
    everything, bladder = reader_agreement(ratings)
    assert (everything.structure, everything.n, everything.equal) == ("", 4, 3)
    assert (bladder.structure, bladder.kappa) == ("Bladder", everything.kappa)
    assert reader_agreement(sartor_ratings) == ()
