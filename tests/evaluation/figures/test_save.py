import matplotlib
import pytest
from matplotlib.figure import Figure

from rtcontour.errors import OutputError
from rtcontour.evaluation.figures import draw_distributions, save_figure


def test_both_forms_are_written_and_nothing_is_replaced_unasked(tmp_path):
    paths = save_figure(Figure(), tmp_path / "dice.v2")
    assert paths == {"svg": tmp_path / "dice.v2.svg", "png": tmp_path / "dice.v2.png"}
    assert b"<svg" in paths["svg"].read_bytes() and paths["png"].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError):
        save_figure(Figure(), tmp_path / "dice.v2")
    assert save_figure(Figure(), tmp_path / "dice.v2.png", replace=True) == paths


def test_the_same_figure_gives_the_same_bytes(tmp_path, comparison):
    one, two = (draw_distributions(comparison, "dice", tmp_path / name) for name in ("one", "two"))
    for kind in ("svg", "png"):
        assert one[kind].read_bytes() == two[kind].read_bytes()
    assert b"<dc:date>" not in one["svg"].read_bytes()


def test_the_users_settings_neither_matter_nor_change(tmp_path, comparison):
    plain = draw_distributions(comparison, "dice", tmp_path / "plain")
    with matplotlib.rc_context({"font.size": 30.0, "axes.facecolor": "red"}):
        own = draw_distributions(comparison, "dice", tmp_path / "own")
        assert matplotlib.rcParams["font.size"] == 30.0
    assert own["png"].read_bytes() == plain["png"].read_bytes()
