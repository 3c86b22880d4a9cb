"""Geng 2024: what its printed numbers allow to be checked; where they disagree, both numbers stand here."""

from math import sqrt

import pytest

from rtcontour.evaluation.statistics import percent_change

SETS = ("ExVal", "GenEva")


def p_of(entry):
    """The printed p-value; 0.005 for "< 0.01"."""
    return 0.005 if entry["p"] == "< 0.01" else entry["p"]


def gain(organ, cohort, measure):
    """Percent change of the mean from the vendor's model to the fine-tuned one, from the printed means."""
    return percent_change(organ[cohort][measure]["VPM"][0], organ[cohort][measure]["LFT"][0])


def test_cohorts_add_up_and_their_sexes_contradict_the_text(geng):
    cohorts, text = geng["cohorts"].values(), geng["text"]
    assert sum(cohort["n"] for cohort in cohorts) == text["n"] == text["women"] + text["men"] == 120
    assert all(cohort["women"] + cohort["men"] == cohort["n"] for cohort in cohorts)
    women, men = (sum(cohort[sex] for cohort in cohorts) for sex in ("women", "men"))
    assert (women, men) == (40, 80)
    assert (text["women"], text["men"]) == (71, 49)  # not these


def test_ages_and_folds_agree(geng):
    ranges = [cohort["age_range"] for cohort in geng["cohorts"].values()]
    assert [min(low for low, _ in ranges), max(high for _, high in ranges)] == geng["text"]["age_range"]
    medians = [cohort["age_median"] for cohort in geng["cohorts"].values()]
    assert min(medians) <= geng["text"]["age_median"] <= max(medians)
    folds, training = geng["folds"], geng["cohorts"]["training"]["n"]
    assert (folds["fit"], folds["left_out"]) == (training - training / folds["n"], training / folds["n"])


def test_the_two_numbers_of_patients_for_pretraining_differ(geng):
    assert geng["pretraining_patients"] == {"methods": 122, "discussion": 135}


def unchanged_means(geng, cohort, decimals):
    """The vendor model's mean Dice that the printed gain leads to, from the least to the largest possible."""
    ctv = geng["ctv"][cohort]
    least, most = ctv["dice_of_LFT"] - 0.0005, ctv["dice_of_LFT"] + 0.0005
    factor = 1 + ctv["change_percent"]["dice"] / 100
    return round(least / factor, decimals), round(most / factor, decimals)


def test_the_gains_of_dice_fix_the_means_before_fine_tuning_that_are_not_printed(geng):
    assert unchanged_means(geng, "ExVal", 4) == (0.7886, 0.7895)
    assert unchanged_means(geng, "GenEva", 4) == (0.7989, 0.7998)


@pytest.mark.parametrize(
    ("cohort", "before", "from_rounded"), [("ExVal", 0.789, 11.407), ("GenEva", 0.799, 9.387), ("GenEva", 0.800, 9.250)]
)
def test_the_gains_were_not_made_from_means_of_three_decimals(geng, cohort, before, from_rounded):
    ctv = geng["ctv"][cohort]
    assert percent_change(before, ctv["dice_of_LFT"]) == pytest.approx(from_rounded, abs=0.0005)
    assert ctv["change_percent"]["dice"] == {"ExVal": 11.406, "GenEva": 9.340}[cohort] != from_rounded


@pytest.mark.parametrize(
    ("cohort", "model", "of_means", "printed"),
    [
        ("ExVal", "VPM", 16.577, 17.921),
        ("ExVal", "LFT", -1.851, -1.281),
        ("GenEva", "VPM", 16.766, 16.923),
        ("GenEva", "LFT", -3.096, -2.798),
    ],
)
def test_volume_errors_are_means_of_the_cases_and_not_errors_of_the_means(geng, cohort, model, of_means, printed):
    """No contradiction: a mean of ratios is no ratio of means, and the SD beside it is of the ratios."""
    ctv = geng["ctv"][cohort]
    found = percent_change(ctv["volume_cc"]["truth"][0], ctv["volume_cc"][model][0])
    assert found == pytest.approx(of_means, abs=0.0005)
    assert ctv["relative_error_percent"][model][0] == printed


def largest_possible_sd(mean, n, decimals=3):
    """SD (n - 1) of n values up to 1 whose rounded mean is `mean`: all that is missing to 1 is missing in one value."""
    missing = n * (1 - mean + 0.5 * 10**-decimals)
    return missing / sqrt(n)


def test_one_sd_of_specificity_is_impossible(geng):
    """Bladder, GenEva, vendor's model: 0.997 with SD 0.08, where 30 values up to 1 allow 0.019 at most."""
    impossible = [
        (name, cohort, model)
        for name, organ in geng["table_2"].items()
        for cohort in SETS
        for model in geng["models"]
        for mean, sd in [organ[cohort]["specificity"][model]]
        if sd - 0.0005 > largest_possible_sd(mean, geng["cohorts"][cohort]["n"])
    ]
    assert impossible == [("Bladder", "GenEva", "VPM")]
    assert geng["table_2"]["Bladder"]["GenEva"]["specificity"]["VPM"] == [0.997, 0.08]
    assert largest_possible_sd(0.997, 30) == pytest.approx(0.0192, abs=0.0001)
    assert largest_possible_sd(0.997, 30) > 0.008  # as meant, most likely


def test_small_bowel_is_better_in_the_text_than_in_half_of_its_rows(geng):
    """Results name the four significant gains of six; the discussion says so of all three measures."""
    bowel = geng["table_2"]["Bowel_Small"]
    significant = {
        (measure, cohort)
        for measure in ("dice", "hd95_pooled_mm", "sensitivity")
        for cohort in SETS
        if p_of(bowel[cohort][measure]) < 0.05
    }
    assert significant == {
        ("dice", "GenEva"),
        ("hd95_pooled_mm", "GenEva"),
        ("sensitivity", "ExVal"),
        ("sensitivity", "GenEva"),
    }
    assert (bowel["ExVal"]["dice"]["p"], bowel["ExVal"]["hd95_pooled_mm"]["p"]) == (0.13, 0.91)


def test_every_significant_change_of_the_bladder_is_for_the_worse(geng):
    bladder = geng["table_2"]["Bladder"]
    changed = {
        (measure, cohort): gain(bladder, cohort, measure)
        for cohort in SETS
        for measure in ("dice", "hd95_pooled_mm", "sensitivity", "specificity")
        if p_of(bladder[cohort][measure]) < 0.05
    }
    assert len(changed) == 6 and all(change < 0 for change in changed.values())
    assert changed["sensitivity", "GenEva"] == pytest.approx(-3.04, abs=0.005)


def test_small_bowel_is_worse_on_the_other_scanner_for_both_models(geng):
    """The abstract saw no degradation there. Other patients: the printed numbers allow no paired test."""
    bowel = geng["table_2"]["Bowel_Small"]
    change = {
        (model, measure): round(percent_change(*(bowel[cohort][measure][model][0] for cohort in SETS)), 1)
        for model in geng["models"]
        for measure in ("dice", "hd95_pooled_mm")
    }
    assert change == {
        ("VPM", "dice"): -3.8,
        ("VPM", "hd95_pooled_mm"): 39.6,
        ("LFT", "dice"): -2.2,
        ("LFT", "hd95_pooled_mm"): 32.8,
    }
