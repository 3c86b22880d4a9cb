import re
from html import unescape

import pytest

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures import draw_method_comparison
from rtcontour.evaluation.figures.method_comparison import significance_mark


@pytest.mark.parametrize(
    ("p", "mark"), [(0.0009, "***"), (0.001, "**"), (0.0099, "**"), (0.01, "*"), (0.05, "n.s."), (1.0, "n.s.")]
)
def test_marks_follow_the_levels(p, mark):
    assert significance_mark(p) == mark


def test_brackets_bear_the_marks_and_the_levels_are_explained(tmp_path, comparison):
    p_values = {("dice", "atlas"): 0.004, ("hd95_mm", "atlas"): 0.3, ("sensitivity", "atlas"): None}
    text = draw_method_comparison(comparison, "Bladder", tmp_path / "m", p_values=p_values)["svg"].read_text()
    assert text.count('id="mark-') == 2
    assert re.search(r'id="mark-dice-atlas">\s*<!-- (\S+) -->', text)[1] == "**"
    assert re.search(r'id="mark-hd95-mm-atlas">\s*<!-- (\S+) -->', text)[1] == "n.s."
    assert unescape(re.search(r"<!-- (.*not significant) -->", text)[1]) == (
        "* p < 0.05   ** p < 0.01   *** p < 0.001   n.s. not significant"
    )


def test_without_a_test_there_is_no_bracket_and_no_key(tmp_path, comparison):
    text = draw_method_comparison(comparison, "Bladder", tmp_path / "m", p_values={})["svg"].read_text()
    assert 'id="mark-' not in text and "not significant" not in text


def test_the_same_case_is_joined_where_both_methods_have_a_value(tmp_path, comparison, marks_in):
    drawn = draw_method_comparison(comparison, "Bladder", tmp_path / "m", measures=["hd95_mm"], p_values={})
    assert drawn["svg"].read_text().count('id="pair"') == 5
    assert marks_in(drawn["svg"], "dots-hd95-mm-model") == 5
    assert marks_in(drawn["svg"], "dots-hd95-mm-atlas") == 7


def test_a_method_without_values_and_one_with_few_are_drawn(tmp_path, one_value, nothing, marks_in):
    three = Comparison({"a": one_value.methods["model"], "b": {}, "c": nothing.methods["model"]})
    p_values = {("dice", "b"): None}
    svg = draw_method_comparison(three, "Bladder", tmp_path / "m", p_values=p_values)["svg"]
    assert marks_in(svg, "dots-dice-a") == 1 and "dots-dice-b" not in svg.read_text()
    assert draw_method_comparison(nothing, "Bladder", tmp_path / "none", p_values={}) is None


def test_five_methods_are_laid_out_in_two_rows(tmp_path, comparison):
    five = Comparison({f"method number {n}": comparison.methods["model"] for n in range(5)})
    p_values = {("dice", f"method number {n}"): 0.5 for n in range(1, 5)}
    text = draw_method_comparison(five, "Bladder", tmp_path / "m", p_values=p_values)["svg"].read_text()
    assert text.count('id="mark-') == 4
