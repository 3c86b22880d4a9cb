import pytest

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.report.side_by_side import best_of, measure_tables
from rtcontour.evaluation.results import summarize
from rtcontour.metrics import StructureScores

MISSED = StructureScores("missed", 0.0, 10.0, dice=0.0)


def found(*hd95s_mm):
    return {
        f"c{n}": {"Bladder": StructureScores("compared", 9.0, 10.0, dice=0.9, hd95_mm=hd95_mm)}
        for n, hd95_mm in enumerate(hd95s_mm)
    }


def hd95_table(**methods):
    return next(t for t in measure_tables(summarize(Comparison(methods))) if t.measure.name == "hd95_mm")


@pytest.mark.parametrize(
    "measure, means, best",
    [
        ("dice", (0.9, 0.8), [True, False]),
        ("hd95_mm", (3.0, 2.0), [False, True]),
        ("volume_error", (-0.3, 0.2), [False, True]),
        ("dice", (0.90001, 0.90002, 0.8), [True, True, False]),
        ("dice", (0.9, 0.9), [False, False]),
        ("dice", (None, 0.9), [False, False]),
        ("volume_cc", (3.0, 2.0), [False, False]),
    ],
)
def test_the_best_mean_is_marked_as_it_reads(measure, means, best):
    assert best_of(means, MEASURES[measure], same_cases=True) == best


def test_a_method_that_missed_the_hard_case_is_not_the_best():
    table = hd95_table(finds=found(3, 3, 3, 20), misses={**found(3.5, 3.5, 3.5), "c3": {"Bladder": MISSED}})
    assert [cell.best for cell in table.rows[0].cells] == [False, False]
    assert [cell.n for cell in table.rows[0].cells] == [4, 3]
    assert not any(cell.best for cell in table.average)


def test_cases_left_out_are_told_also_where_no_test_is_possible():
    table = hd95_table(finds=found(3, 4), misses={f"c{n}": {"Bladder": MISSED} for n in range(2)})
    cell = table.rows[0].cells[1]
    assert (cell.mean_sd, cell.n, cell.p, cell.left_out) == ("–", 0, "–", 2)
    assert table.averaged == 0 and [cell.mean_sd for cell in table.average] == ["–", "–"]
