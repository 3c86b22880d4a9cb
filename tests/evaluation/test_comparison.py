from rtcontour.evaluation.comparison import Comparison
from rtcontour.metrics import StructureScores


def scored(dice, hd95_mm=None, outcome="compared"):
    return StructureScores(outcome, 1.0, dice=dice, hd95_mm=hd95_mm)


MODEL = {
    "c1": {"Bladder": scored(0.9, 2.0), "Rectum": scored(0.7, 4.0)},
    "c2": {"Bladder": scored(0.0, None, "missed")},
}
READER = {"c2": {"Bladder": scored(0.8, 3.0)}, "c1": {"Bladder": scored(0.85, 2.5)}, "c3": {"CTV": scored(0.5, 9.0)}}
COMPARISON = Comparison({"model": MODEL, "reader": READER}, {"c1": "cervix", "c2": "rectum"})


def test_cases_structures_and_cohorts_are_those_of_any_method():
    assert COMPARISON.cases == ("c1", "c2", "c3")
    assert COMPARISON.structures == ("Bladder", "Rectum", "CTV")
    assert COMPARISON.cohort_names == ("cervix", "rectum")
    assert Comparison({"model": MODEL}).cohort_names == ()


def test_values_are_those_defined_and_scores_those_there():
    assert COMPARISON.values("model", "Bladder", "hd95_mm") == {"c1": 2.0}
    assert COMPARISON.values("model", "Bladder", "dice") == {"c1": 0.9, "c2": 0.0}
    assert COMPARISON.values("model", "Bladder", "dice", cohort="rectum") == {"c2": 0.0}
    assert list(COMPARISON.scores_of("reader", "Rectum")) == []


def test_pairs_are_made_case_by_case_whatever_their_order():
    assert COMPARISON.pairs("model", "reader", "Bladder", "dice") == {"c1": (0.9, 0.85), "c2": (0.0, 0.8)}
    assert COMPARISON.pairs("model", "reader", "Bladder", "hd95_mm") == {"c1": (2.0, 2.5)}


def test_some_of_the_cases_can_be_taken():
    assert COMPARISON.in_cases(["c2"]).cases == ("c2",)
    assert COMPARISON.in_cases(["c2"]).values("reader", "Bladder", "dice") == {"c2": 0.8}
