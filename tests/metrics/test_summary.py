import json

from rtcontour.metrics import StructureScores, summarize_scores


def compared(dice, msd_mm, hd95_mm):
    return StructureScores("compared", 1.0, 1.0, dice=dice, msd_mm=msd_mm, hd95_mm=hd95_mm)


MISSED = StructureScores("missed", 0.0, 1.0, dice=0.0)
FALSE = StructureScores("false organ", 1.0, 0.0, dice=0.0)
EMPTY = StructureScores("both empty", 0.0, 0.0)
UNKNOWN = StructureScores("not contoured", 3.0)


def test_missed_and_false_organs_cost_dice_and_have_no_distances():
    cases = [{"Bladder": s} for s in (compared(0.9, 1.0, 4.0), compared(0.6, 3.0, 8.0), MISSED, FALSE)]
    bladder = summarize_scores(cases)["structures"]["Bladder"]
    assert bladder["dice"] == {"mean": 0.375, "median": 0.3, "n": 4}
    assert bladder["msd_mm"] == {"mean": 2.0, "median": 2.0, "n": 2}
    assert bladder["hd95_mm"] == {"mean": 6.0, "median": 6.0, "n": 2}
    assert (bladder["missed"], bladder["false_organs"]) == (1, 1)


def test_both_empty_and_not_contoured_are_left_out():
    cases = [{"Bladder": s} for s in (EMPTY, UNKNOWN, compared(0.5, 1.0, 1.0))]
    assert summarize_scores(cases)["structures"]["Bladder"]["dice"] == {"mean": 0.5, "median": 0.5, "n": 1}


def test_every_outcome_is_counted():
    cases = [{"Bladder": s} for s in (compared(0.9, 1, 4), MISSED, MISSED, FALSE, EMPTY, EMPTY, EMPTY, UNKNOWN)]
    bladder = summarize_scores(cases)["structures"]["Bladder"]
    assert [bladder[key] for key in ("missed", "false_organs", "both_empty", "not_contoured")] == [2, 1, 3, 1]


def test_mean_dice_is_the_mean_of_the_structures_means():
    cases = [{"A": compared(1.0, 0, 0), "B": compared(0.4, 0, 0)}, {"A": compared(0.5, 0, 0), "C": UNKNOWN}]
    assert summarize_scores(cases)["mean_dice"] == (0.75 + 0.4) / 2


def test_nothing_to_average_is_null_and_never_nan():
    summary = json.loads(json.dumps(summarize_scores([{"A": UNKNOWN}]), allow_nan=False))
    assert summary["structures"]["A"]["dice"] == {"mean": None, "median": None, "n": 0}
    assert summary["mean_dice"] is None
    assert summarize_scores([]) == {"structures": {}, "mean_dice": None}


def test_cases_may_come_one_by_one():
    cases = [{"A": compared(1.0, 0, 0)}, {"A": MISSED}]
    assert summarize_scores(case for case in cases) == summarize_scores(cases)
