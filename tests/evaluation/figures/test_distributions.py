import pytest

from rtcontour.errors import ConfigError
from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures import draw_distributions


def test_every_case_is_a_dot_and_missed_and_false_organs_are_crosses(tmp_path, comparison, marks_in):
    svg = draw_distributions(comparison, "dice", tmp_path / "dice")["svg"]
    assert marks_in(svg, "dots-Bladder-model") == 5
    assert marks_in(svg, "missed-Bladder-model") == 1
    assert marks_in(svg, "false-Bladder-model") == 1
    assert marks_in(svg, "dots-Bladder-atlas") == 7
    assert marks_in(svg, "dots-Rectum-model") == 1
    assert "<!-- 7  1 missed, 1 false -->" in svg.read_text()


def test_a_distance_that_a_missed_organ_has_not_is_counted_in_words(tmp_path, comparison, marks_in):
    svg = draw_distributions(comparison, "hd95_mm", tmp_path / "hd95")["svg"]
    assert marks_in(svg, "dots-Bladder-model") == 5
    assert "missed-Bladder" not in svg.read_text()
    assert "<!-- 5  1 missed, 1 false -->" in svg.read_text()
    assert "<!-- HD95 (mm) -->" in svg.read_text()


def test_a_cohort_is_drawn_alone_and_named(tmp_path, comparison, marks_in):
    svg = draw_distributions(comparison, "dice", tmp_path / "dice", cohort="cervix")["svg"]
    assert marks_in(svg, "dots-Bladder-model") == 2
    assert "<!-- cervix -->" in svg.read_text()


def test_an_outlier_is_drawn_on_a_logarithmic_part_that_the_label_names(tmp_path, outlier, marks_in):
    svg = draw_distributions(outlier, "hd95_mm", tmp_path / "hd95")["svg"]
    assert marks_in(svg, "dots-Bladder-model") == 10
    assert "<!-- HD95 (mm); logarithmic beyond 10 -->" in svg.read_text()  # quartile 3.6 mm, twice it rounded up


def test_nothing_to_draw_writes_nothing(tmp_path, nothing):
    assert draw_distributions(nothing, "dice", tmp_path / "dice") is None
    assert draw_distributions(Comparison({}), "dice", tmp_path / "dice") is None
    assert not list(tmp_path.iterdir())


def test_a_missed_organ_does_not_press_the_other_values_together(tmp_path, comparison):
    text = draw_distributions(comparison, "dice", tmp_path / "dice")["svg"].read_text()
    assert "<!-- Dice; axis broken between 0 and 0.5 -->" in text
    assert text.count('id="break"') == 1


def test_volume_errors_are_shown_in_per_cent_as_elsewhere(tmp_path, comparison):
    text = draw_distributions(comparison, "volume_error", tmp_path / "error")["svg"].read_text()
    assert "<!-- Volume error (%)" in text and "<!-- −100 -->" in text  # of the missed organ


def test_names_may_hold_any_sign(tmp_path, one_value, marks_in):
    scores = {"c0": {"_膀胱 $x_1$": one_value.methods["model"]["c0"]["Bladder"]}}
    both = Comparison({"_model": scores, "a & <b>\n": scores})
    svg = draw_distributions(both, "dice", tmp_path / "dice", cohort="")["svg"]
    assert marks_in(svg, "dots------x-1---model") == marks_in(svg, "dots------x-1--a----b--") == 1
    labels = ("_?? $x_1$", "_model", "a &amp; &lt;b&gt;?")  # signs that the font lacks are question marks
    assert all(f"<!-- {label} -->" in svg.read_text() for label in labels)


@pytest.mark.parametrize("structures", [1, 28])
@pytest.mark.parametrize("measure", ["dice", "hd95_mm", "volume_error", "specificity", "si_bias_mm"])
def test_one_and_many_structures_with_equal_or_no_values_are_drawn(tmp_path, one_value, structures, measure):
    score = one_value.methods["model"]["c0"]["Bladder"]
    cases = {f"c{n}": {f"S{s}": score for s in range(structures)} for n in range(6)}
    drawn = draw_distributions(Comparison({"a": cases, "b": cases, "c": {}}), measure, tmp_path / measure)
    assert (drawn is None) == (measure == "si_bias_mm")


def test_an_unknown_measure_is_refused(tmp_path, one_value):
    with pytest.raises(ConfigError, match="dicee"):
        draw_distributions(one_value, "dicee", tmp_path / "x")
