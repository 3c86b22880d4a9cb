from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures import draw_volumes
from rtcontour.metrics import StructureScores


def test_every_case_has_its_truth_its_volumes_and_its_errors(tmp_path, comparison, marks_in):
    svg = draw_volumes(comparison, "Bladder", tmp_path / "v")["svg"]
    text = svg.read_text()
    assert marks_in(svg, "truth") == marks_in(svg, "volume-model") == marks_in(svg, "volume-atlas") == 7
    assert text.count('id="error-model-') == 6  # the false organ has no relative error
    assert marks_in(svg, "false-model") == 1
    assert "<!-- false organ: no relative error -->" in text


def test_legends_say_mean_and_standard_deviation(tmp_path):
    volumes = {"c1": (90.0, 100.0), "c2": (132.0, 120.0)}  # -10 % and +10 %
    scores = {c: {"Bladder": StructureScores("compared", p, t, p / t - 1)} for c, (p, t) in volumes.items()}
    text = draw_volumes(Comparison({"model": scores}), "Bladder", tmp_path / "v")["svg"].read_text()
    assert "<!-- truth 110.0 ± 14.1 cc -->" in text
    assert "<!-- model 111.0 ± 29.7 cc -->" in text
    assert "<!-- model 0.0 ± 14.1 % -->" in text


def test_cases_are_named_up_to_thirty_and_then_numbered(tmp_path, one_value):
    score = one_value.methods["model"]["c0"]

    def text(count):
        cases = {f"patient {n}": score for n in range(count)}
        return draw_volumes(Comparison({"m": cases}), "Bladder", tmp_path / f"v{count}")["svg"].read_text()

    assert "<!-- patient 29 -->" in text(30)
    numbered = text(31)
    assert "<!-- patient" not in numbered and "<!-- 30 -->" in numbered


def test_without_a_true_volume_nothing_is_drawn(tmp_path, nothing, comparison):
    assert draw_volumes(nothing, "Bladder", tmp_path / "v") is None
    assert draw_volumes(comparison, "Prostate", tmp_path / "v") is None
    assert draw_volumes(comparison, "Bladder", tmp_path / "v", cohort="lung") is None


def test_empty_truths_alone_are_drawn(tmp_path, marks_in):
    empty = {"c1": {"Bladder": StructureScores("both empty", 0.0, 0.0)}}
    svg = draw_volumes(Comparison({"m": empty}), "Bladder", tmp_path / "v")["svg"]
    assert marks_in(svg, "truth") == marks_in(svg, "volume-m") == 1
    assert "<!-- m no values -->" in svg.read_text()  # of errors
