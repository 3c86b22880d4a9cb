"""Tang 2019: what its printed numbers allow to be checked; where they disagree, both numbers stand here."""

import pytest

from rtcontour.evaluation.statistics import describe, paired_t, percent_change, wilcoxon


def test_the_paired_t_of_table_6_follows_from_its_ten_rows(tang):
    table = tang["table_6"]
    found = paired_t(table["by_hand_min"], table["assisted_min"])
    assert (found.n, found.degrees_of_freedom, found.mean_difference) == (10, 9, 20.5)
    assert round(found.t, 2) == table["t"] == 21.68
    assert float(f"{found.p:.1e}") == table["p"] == 4.5e-9


def test_means_and_sds_of_table_6_follow_from_its_ten_rows(tang):
    table = tang["table_6"]
    for side in ("by_hand", "assisted"):
        found = describe(table[f"{side}_min"])
        assert [round(found.mean, 2), round(found.sd, 2)] == table[f"{side}_mean_sd"]  # SD with n - 1
    assert round(describe(table["by_hand_min"]).mean) == tang["text"]["by_hand_min_rounded"]


def test_the_saving_is_61_per_cent_and_not_two_thirds(tang):
    before, after = (tang["table_6"][f"{side}_mean_sd"][0] for side in ("by_hand", "assisted"))
    assert percent_change(before, after) == pytest.approx(-61.01, abs=0.005)
    assert tang["text"]["saving_percent"] == 61
    assert tang["text"]["saving_in_the_summary"] == "about two thirds"  # not this


def test_a_signed_rank_test_of_table_6_agrees_with_the_t_test(tang):
    found = wilcoxon(tang["table_6"]["by_hand_min"], tang["table_6"]["assisted_min"])
    assert (found.p, found.exact, found.effect_size) == (2 / 2**10, True, 1.0)  # by hand was slower in all ten


def test_the_legend_of_table_6_lacks_a_tumour_of_its_rows(tang):
    used, explained = set(tang["table_6"]["tumours"]), set(tang["table_6"]["legend"])
    assert used - explained == {"BM"} and explained - used == {"MD"}


def test_cases_add_up(tang):
    cases = tang["cases"]
    sources = [cases[name] for name in ("Dataset 1", "HNC", "HNPETCT")]
    for split in ("training", "test"):
        ours = sum(source[split] for source in sources)
        assert ours == cases["text"][split]
        assert ours + cases["Dataset 3"][split] == cases["table_1_total"][split]
    assert cases["Dataset 1"]["training"] + cases["Dataset 1"]["test"] == cases["Dataset 1"]["all"]
    assert sum(source[split] for source in sources[1:] for split in ("training", "test")) == cases["Dataset 2"]["all"]
    for split, group in tang["table_2"].items():
        assert group["n"] == group["men"] + group["women"] == sum(group["sites"]) == cases["Dataset 1"][split]


def test_the_gain_over_anatomynet_does_not_follow_from_its_two_parts(tang):
    """Weighted 30 to 70, 4.24 and 5.7 give 5.26; 5.18 cannot be reached however the parts were rounded."""
    gains = tang["text"]["gain_over_anatomynet"]
    first, second = gains["Dataset 1"], gains["Dataset 2"]
    assert 0.3 * first + 0.7 * second == pytest.approx(5.262)
    least, most = 0.3 * (first - 0.005) + 0.7 * (second - 0.05), 0.3 * (first + 0.005) + 0.7 * (second + 0.05)
    assert (round(least, 4), round(most, 4)) == (5.2255, 5.2985)
    assert gains["all"] == 5.18 < least - 0.005
    assert (first + second) / 2 == pytest.approx(4.97)  # nor from both alike


def test_the_gain_over_the_human_reader_has_two_values(tang):
    text = tang["text"]
    assert text["gain_over_human"] == {"abstract": 10.05, "results": 10.15, "discussion": 10.15}
    # The reader contoured Dataset 1 alone, so neither goes with the mean of all 100 cases that the abstract names.
    assert text["dice_percent"] - text["human_dice_percent"]["CT"] == pytest.approx(7.96)


def test_means_that_are_not_printed_follow_from_the_gains(tang):
    """With 10.15; nothing that is printed says whether it is this or 10.05."""
    text = tang["text"]
    anatomynet, mas = text["gain_over_anatomynet"], text["gain_over_mas"]
    first = text["human_dice_percent"]["CT"] + text["gain_over_human"]["results"]
    second = (text["dice_percent"] - 0.3 * first) / 0.7
    assert (round(first, 2), round(second, 2)) == (80.53, 77.40)
    assert round(first - anatomynet["Dataset 1"], 2) == 76.29
    assert round(second - anatomynet["Dataset 2"], 2) == 71.70
    assert round(first - mas["Dataset 1"], 2) == 64.97
    assert round(second - mas["Dataset 2"], 2) == 54.24


def test_two_mean_distances_of_the_model_fit_one_of_two_statements_each(tang):
    text = tang["text"]
    human, beside_anatomynet, beside_human = (
        text["hd95_mm"][name] for name in ("human", "Ua-Net beside AnatomyNet", "Ua-Net beside human")
    )
    assert (beside_anatomynet, beside_human) == (6.21, 6.28)
    assert human - beside_anatomynet == pytest.approx(text["hd95_reduction_mm"])  # 1.80 mm; 6.28 gives 1.73
    assert percent_change(human, beside_human) == pytest.approx(-21.6, abs=0.05)  # cut to 21 %, rounded 22
    assert percent_change(human, beside_anatomynet) == pytest.approx(-22.5, abs=0.05)
    assert text["hd95_reduction_percent"] == 21


def test_the_best_of_each_visible_row_is_the_one_marked(tang):
    for table, best in (("table_3_dice_percent", max), ("table_4_hd95_mm", min)):
        means = [[mean for mean, _ in row] for row in tang[table].values()]
        marked = tang[table.replace("_dice_percent", "_best").replace("_hd95_mm", "_best")]
        assert [tang["methods"][row.index(best(row))] for row in means] == marked


def test_five_of_28_rows_cannot_give_the_average_gain(tang):
    gains = [model[0] - anatomynet[0] for _, anatomynet, model, *_ in tang["table_3_dice_percent"].values()]
    assert [round(gain, 2) for gain in gains] == [5.74, 3.62, 1.78, 0.6, -0.13]  # worse for the right ear alone
    assert sum(gains) / 5 == pytest.approx(2.322)  # of all 28: 4.24
