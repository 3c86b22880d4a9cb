import numpy as np
import pytest
from matplotlib.figure import Figure

from rtcontour.evaluation.figures.panel import bar_length_mm, draw_scale_bar, length_in_words


@pytest.mark.parametrize(("width_mm", "length_mm"), [(300, 100), (240, 50), (60, 20), (24, 5), (1, 1)])
def test_the_scale_bar_takes_less_than_half_the_panel(width_mm, length_mm):
    assert bar_length_mm(width_mm) == length_mm


@pytest.mark.parametrize(("length_mm", "words"), [(100, "10 cm"), (10, "1 cm"), (5, "5 mm")])
def test_lengths_are_said_in_cm_from_one_on(length_mm, words):
    assert length_in_words(length_mm) == words


def test_a_scale_bar_leaves_the_panel_as_it_is_and_may_have_an_edge():
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8), xlim=(3, 27), ylim=(0, 20))
    draw_scale_bar(axes, 4.0, 0.05, 5.0, "white", "black")
    edge, bar = axes.lines
    assert list(bar.get_xdata()) == list(edge.get_xdata()) == [4.0, 9.0]
    assert (bar.get_color(), edge.get_color()) == ("white", "black")
    assert [text.get_text() for text in axes.texts] == ["5 mm"]
    np.testing.assert_array_equal([axes.get_xlim(), axes.get_ylim()], [(3, 27), (0, 20)])
