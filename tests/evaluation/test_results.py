import pytest

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.results import summarize
from rtcontour.evaluation.statistics import read_tolerances, wilcoxon
from rtcontour.metrics import StructureScores


def compared(dice, hd95_mm=2.0, volume_cc=10.0):
    return StructureScores("compared", volume_cc, 10.0, dice=dice, hd95_mm=hd95_mm)


MISSED = StructureScores("missed", 0.0, 10.0, dice=0.0, surface_dice=0.0)
UNKNOWN = StructureScores("not contoured", 3.0)
DICES = {"c1": (0.9, 0.8), "c2": (0.85, 0.86), "c3": (0.95, 0.7), "c4": (0.7, 0.6), "c5": (0.8, 0.75), "c6": (0.9, 0.7)}
MODEL = {case: {"Bladder": compared(model)} for case, (model, _) in DICES.items()}
READER = {case: {"Bladder": compared(reader, volume_cc=12.0)} for case, (_, reader) in DICES.items()}
COHORTS = dict.fromkeys(("c1", "c2", "c3"), "cervix") | dict.fromkeys(("c4", "c5", "c6"), "rectum")


def test_every_measure_of_the_scores_has_a_heading_and_a_definition():
    attributes = set(StructureScores.__dataclass_fields__) - {"outcome"}
    assert set(MEASURES) == attributes
    assert all(measure.definition.endswith(".") for measure in MEASURES.values())


def test_all_cases_and_every_cohort_are_summarized():
    results = summarize(Comparison({"model": MODEL}, COHORTS))
    assert results.summary("model", "Bladder").measures["dice"].n == 6
    cervix = results.summary("model", "Bladder", "cervix")
    assert cervix.measures["dice"].median == 0.9
    assert cervix.outcomes == {"compared": 3, "missed": 0, "false organ": 0, "both empty": 0, "not contoured": 0}


def test_each_outcome_is_counted_and_a_missed_organ_lowers_the_dice_only():
    cases = {"c1": {"Bladder": compared(0.9)}, "c2": {"Bladder": MISSED}, "c3": {"Bladder": UNKNOWN}}
    summary = summarize(Comparison({"model": cases})).summary("model", "Bladder")
    assert (summary.measures["dice"].mean, summary.measures["dice"].n) == (0.45, 2)
    assert summary.measures["hd95_mm"].n == 1
    assert [summary.outcomes[outcome] for outcome in ("compared", "missed", "not contoured")] == [1, 1, 1]


def test_the_first_method_is_tested_against_every_other_case_by_case():
    comparison = Comparison({"model": MODEL, "reader": dict(reversed(READER.items())), "same": MODEL})
    results = summarize(comparison)
    model, reader = zip(*DICES.values(), strict=True)
    test = results.test("reader", "Bladder", "dice")
    assert test.test == wilcoxon(model, reader) and test.left_out == 0
    assert results.test("same", "Bladder", "dice").test.p == 1
    assert results.test("reader", "Bladder", "volume_cc") is None  # volumes are neither good nor bad


def test_p_values_are_adjusted_among_the_structures_of_one_measure():
    model = {case: {**found, "Rectum": found["Bladder"]} for case, found in MODEL.items()}
    reader = {case: {**found, "Rectum": found["Bladder"]} for case, found in READER.items()}
    test = summarize(Comparison({"model": model, "reader": reader})).test("reader", "Rectum", "dice")
    assert test.adjusted_p == pytest.approx(2 * test.test.p)


def test_a_case_that_only_one_method_has_a_value_for_is_counted_as_left_out():
    missed = {**READER, "c1": {"Bladder": MISSED}}
    results = summarize(Comparison({"model": MODEL, "reader": missed}))
    assert (
        results.test("reader", "Bladder", "hd95_mm").test.n,
        results.test("reader", "Bladder", "hd95_mm").left_out,
    ) == (5, 1)
    assert (results.test("reader", "Bladder", "dice").test.n, results.test("reader", "Bladder", "dice").left_out) == (
        6,
        0,
    )


def test_pass_rates_are_those_of_the_structures_limits(tmp_path):
    path = tmp_path / "limits.json"
    path.write_text('{"*": {"dice": {"at_least": 0.85}}}')
    results = summarize(Comparison({"model": MODEL, "reader": READER}), read_tolerances(path))
    (rate,) = results.pass_rates["model", "Bladder"]
    assert (rate.passed, rate.n, rate.failed) == (4, 6, ("c4", "c5"))
    assert summarize(Comparison({"model": MODEL})).pass_rates == {}


def test_volumes_agree_as_bland_and_altman_say():
    results = summarize(Comparison({"model": MODEL, "reader": READER}))
    assert results.volumes["reader", "Bladder"].bias == pytest.approx(2.0)
    assert results.volumes["model", "Bladder"].bias == 0


def test_nothing_scored_has_no_results():
    results = summarize(Comparison({"model": {}}))
    assert results.summaries == () and results.tests == () and results.volumes == {}


def test_errors_with_a_sign_are_compared_by_their_size():
    """One method 20 % too small, the other 20 % too large: neither is better."""

    def of(error):
        return {f"c{n}": {"Bladder": StructureScores("compared", 8.0, 10.0, volume_error=error)} for n in range(8)}

    test = summarize(Comparison({"small": of(-0.2), "large": of(0.2)})).test("large", "Bladder", "volume_error")
    assert test.test.p == 1
