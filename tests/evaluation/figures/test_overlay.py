import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from rtcontour.errors import GeometryError
from rtcontour.evaluation.figures import draw_overlay
from rtcontour.evaluation.figures.overlay import PREDICTED, TRUTH, draw_both, plane_index
from rtcontour.evaluation.figures.panel import show_ct
from rtcontour.evaluation.figures.views import cut_planes
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def empty(grid):
    return Mask(grid, (0, 0, 0), np.zeros((0, 0, 0), bool))


def boxed(grid, i, j, k):
    array = np.zeros(grid.shape, bool)
    array[slice(*i), slice(*j), slice(*k)] = True
    return Mask.from_array(array, grid)


def test_three_planes_show_both_outlines_and_the_patients_sides(tmp_path, ct):
    text = draw_overlay(*ct, tmp_path / "o", structure="Bladder", title="c1")["svg"].read_text()
    assert text.count('id="predicted"') == text.count('id="truth"') == 3
    assert sorted(re.findall("<!-- ([RLAPHF]) -->", text)) == sorted("RLAPRLHFAPHF")
    assert "<!-- Bladder  c1 -->" in text and "slice 6 of 12" in text


def test_a_prone_patient_has_other_letters(ct):
    _, grid, *_ = ct
    prone = Grid(grid.shape, grid.spacing_mm, grid.origin_mm, ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    axial, coronal, sagittal = cut_planes(prone, [], (1, 2, 3))
    assert [view.letters for view in (axial, coronal, sagittal)] == [tuple("LRAP"), tuple("LRFH"), tuple("PAFH")]


def test_planes_go_through_most_voxels_or_through_most_disagreement(ct):
    _, grid, predicted, truth = ct
    assert plane_index(grid, predicted, truth, "largest") == (15, 12, 5)  # middle of 10..19, 8..15 and 3..7
    assert plane_index(grid, predicted, truth, "worst") == (20, 12, 5)  # column 20 is only predicted
    assert plane_index(grid, truth, truth, "worst") == (15, 12, 5)
    assert plane_index(grid, empty(grid), empty(grid), "worst") == (20, 15, 6)


def test_a_small_structure_is_cropped_closer_than_a_large_one(ct):
    _, grid, *_ = ct
    lens = boxed(grid, (20, 22), (10, 12), (5, 6))  # 4 x 6 x 5 mm: 10 mm around it
    assert cut_planes(grid, [lens], (20, 10, 5))[0].size_mm == ((2 + 2 * 5) * 2.0, (2 + 2 * 3) * 3.0)


def test_the_scale_bar_has_its_length_in_the_panels_mm(tmp_path, ct):
    text = draw_overlay(*ct, tmp_path / "o", structure="Bladder")["svg"].read_text()
    ends = re.search(r'id="scale-bar">\s*<path d="M ([\d.]+) [\d.]+\s*L ([\d.]+) ', text)
    panel = re.search(r'<image [^>]*width="([\d.]+)"', text)
    # The axial panel shows 11 + 2 * 5 columns of 2 mm (10 mm around the boxes): 42 mm, of which 40 % hold 10 mm.
    length = (float(ends[2]) - float(ends[1])) / float(panel[1]) * 42
    assert length == pytest.approx(10.0, rel=0.02)
    assert "<!-- 1 cm -->" in text


def test_prediction_and_truth_differ_in_grey_too():
    dark, light = sorted(np.array(to_rgb(color)) ** 2.2 @ [0.2126, 0.7152, 0.0722] for color in (PREDICTED, TRUTH))
    assert (light + 0.05) / (dark + 0.05) > 2  # contrast ratio of WCAG; orange and sky blue have 1.0


def test_outlines_do_not_widen_the_view(ct):
    hu, grid, predicted, truth = ct
    for view in cut_planes(grid, [predicted, truth], (15, 12, 5)):
        axes = Figure().add_axes((0, 0, 1, 1))
        show_ct(axes, view, view.cut(hu))
        draw_both(axes, view, view.cut_mask(predicted), view.cut_mask(truth))
        assert (*axes.get_xlim(), *axes.get_ylim()) == view.extent_mm


def test_missed_false_and_both_empty_are_drawn(tmp_path, ct):
    hu, grid, predicted, truth = ct
    for name, masks in {"missed": (empty(grid), truth), "false": (predicted, empty(grid))}.items():
        text = draw_overlay(hu, grid, *masks, tmp_path / name, structure="B", at="worst")["svg"].read_text()
        assert text.count("(empty)") == 1
    text = draw_overlay(hu, grid, empty(grid), empty(grid), tmp_path / "none", structure="B")["svg"].read_text()
    assert text.count("(empty)") == 2


def test_oblique_grids_and_single_slices_are_drawn(tmp_path):
    turned = ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
    for shape in ((20, 30, 6), (20, 30, 1), (1, 30, 6)):
        grid = Grid(shape, (2.0, 3.0, 5.0), (5.0, 6.0, 7.0), turned)
        mask = boxed(grid, (0, 12), (5, 15), (0, 3))
        drawn = draw_overlay(np.zeros(shape, np.int16), grid, mask, mask, tmp_path / f"{shape}", structure="B")
        text = drawn["svg"].read_text()
        assert text.count('id="predicted"') == text.count('id="truth"') == 3


def test_another_grid_is_refused_by_name(tmp_path, ct):
    hu, grid, predicted, _ = ct
    elsewhere = empty(Grid(grid.shape, grid.spacing_mm, (9.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match=r"Bladder \(truth\)"):
        draw_overlay(hu, grid, predicted, elsewhere, tmp_path / "o", structure="Bladder")
