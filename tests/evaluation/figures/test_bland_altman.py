import pytest

from rtcontour.errors import DataSetError
from rtcontour.evaluation.figures import draw_bland_altman
from rtcontour.evaluation.statistics.agreement import BlandAltman


def draw(tmp_path, measured, reference, result):
    return draw_bland_altman(measured, reference, tmp_path / "b", structure="Rectum", method="model", result=result)


def test_every_pair_is_a_dot_and_the_lines_are_named(tmp_path, marks_in):
    result = BlandAltman(3, False, -2.0, 4.0, -9.84, 5.84, (-6.0, 2.0), (-15.0, -5.0), (1.0, 11.0))
    drawn = draw(tmp_path, [90.0, 50.0, 30.0], [96.0, 54.0, 26.0], result)
    text = drawn["svg"].read_text()
    assert marks_in(drawn["svg"], "cases") == 3
    for words in ("bias −2.0 cc", "(−6.0 to +2.0)", "+1.96 SD +5.8 cc", "−1.96 SD −9.8 cc"):
        assert f"<!-- {words} -->" in text


def test_one_pair_has_a_bias_and_no_limits(tmp_path):
    text = draw(tmp_path, [9.0], [8.0], BlandAltman(1, False, 1.0))["svg"].read_text()
    assert "<!-- bias +1.0 cc -->" in text and "1.96 SD" not in text


def test_perfect_agreement_is_drawn(tmp_path):
    zero = (0.0, 0.0)
    same = BlandAltman(2, False, 0.0, 0.0, 0.0, 0.0, zero, zero, zero)
    assert "<!-- bias 0.0 cc -->" in draw(tmp_path, [9.0, 8.0], [9.0, 8.0], same)["svg"].read_text()


def test_no_pairs_draw_nothing_and_unequal_ones_are_refused(tmp_path):
    assert draw(tmp_path, [], [], BlandAltman(0, False)) is None
    with pytest.raises(DataSetError, match="2 measured and 1 reference"):
        draw(tmp_path, [1.0, 2.0], [1.0], BlandAltman(0, False))
