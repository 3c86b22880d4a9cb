import struct

import numpy as np
import pytest
from matplotlib.image import imread

from rtcontour.errors import GeometryError, OutputError
from rtcontour.evaluation import draw_contours
from rtcontour.evaluation.figures.views import axial_slices, cut_views
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.structures import color_of

GRID = Grid((24, 20, 30), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))


def mask(i, j, k, grid=GRID):
    array = np.zeros(grid.shape, bool)
    array[slice(*i), slice(*j), slice(*k)] = True
    return Mask.from_array(array, grid)


def near(pixels, color):
    return np.abs(pixels - np.array(color) / 255).max(axis=2) < 0.06


def test_the_slices_show_every_structure_and_are_spread():
    masks = [mask((1, 9), (1, 9), (n, n + 1)) for n in (3, 4, 20)]
    assert {3, 4, 20} <= set(axial_slices(GRID, [*masks, mask((1, 3), (1, 3), (0, 30))]))
    assert axial_slices(GRID, [mask((1, 3), (1, 3), (10, 15))], count=3) == [10, 12, 14]


def test_one_slice_is_enough_for_structures_that_lie_side_by_side():
    side_by_side = [mask((1, 9), (1, 9), (3, 9)), mask((12, 20), (1, 9), (8, 14))]
    assert axial_slices(GRID, side_by_side, count=1) == [8]


def test_without_structures_the_slices_are_spread_over_the_volume():
    slices = axial_slices(GRID, [])
    assert len(set(slices)) == 6 and min(np.diff(slices)) >= 3


def test_a_volume_of_few_slices_is_shown_with_what_it_has(tmp_path):
    flat = Grid((24, 20, 2), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    assert axial_slices(flat, []) == [0, 1]
    pixels = imread(draw_contours(np.zeros(flat.shape, np.int16), flat, {}, tmp_path / "flat.png"))
    grey = (0 - -160) / 400  # 0 HU in the soft-tissue window
    shown = (np.abs(pixels[..., :3] - grey).max(axis=2) < 0.01).sum()
    # Two axial panels of 48 x 60 mm, 48 x 10 and 60 x 10 mm, less what is written on them.
    assert shown / (2080 / 216) ** 2 == pytest.approx(2 * 48 * 60 + 48 * 10 + 60 * 10, rel=0.03)


def test_the_scale_bar_fits_a_panel_of_24_mm(tmp_path):
    small = Grid((12, 10, 8), (2.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    pixels = imread(draw_contours(np.full(small.shape, -1000, np.int16), small, {}, tmp_path / "small.png"))
    pale = np.abs(pixels[..., :3] - np.array([232, 234, 237]) / 255).max(axis=2) < 0.02
    longest = max(len(run) for row in pale for run in "".join("01"[int(lit)] for lit in row).split("0"))
    # Four panels of 24 mm and three gaps of 4 mm are 2080 pixels wide.
    assert longest == pytest.approx(5 * 2080 / (4 * 24 + 3 * 4), abs=3)


def test_letters_follow_the_direction_of_the_patient():
    axial, *_, coronal, sagittal = cut_views(GRID, [])
    assert (axial.letters, coronal.letters, sagittal.letters) == (tuple("RLPA"), tuple("RLFH"), tuple("APFH"))
    prone = Grid(GRID.shape, GRID.spacing_mm, (0.0, 0.0, 0.0), ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    assert cut_views(prone, [])[0].letters == tuple("LRAP")


def test_views_keep_true_proportions_and_hold_the_structures():
    views = cut_views(GRID, [mask((8, 12), (9, 11), (12, 18))])
    # 30 mm of margin are 6 slices, and more columns and rows than there are.
    assert views[0].size_mm == (24 * 2.0, 20 * 3.0)
    assert views[-2].size_mm == (24 * 2.0, (6 + 2 * 6) * 5.0)
    assert views[-2].box[1] in (slice(9, 10), slice(10, 11))


def test_a_cut_mask_equals_the_cut_of_the_full_array():
    one, other = mask((2, 9), (4, 11), (3, 8)), mask((8, 20), (9, 15), (5, 25))
    for view in cut_views(GRID, [one, other]):
        for structure in (one, other):
            np.testing.assert_array_equal(view.cut_mask(structure), view.cut(structure.full()))


def test_both_contours_appear_in_the_structures_colour(tmp_path):
    hu = np.full(GRID.shape, -1000, np.int16)
    bladder = mask((8, 16), (6, 14), (10, 18))
    path = draw_contours(hu, GRID, {"Bladder": bladder}, tmp_path / "p.png", title="T")
    pixels = imread(path)[..., :3]
    assert near(pixels, color_of("Bladder")).sum() > 500
    assert struct.unpack(">I", path.read_bytes()[16:20])[0] == 2080


def test_empty_masks_and_structures_at_the_border_are_drawn(tmp_path):
    hu = np.zeros(GRID.shape, np.int16)
    masks = {"Bladder": mask((0, 24), (0, 20), (0, 30)), "Rectum": mask((0, 0), (0, 0), (0, 0))}
    drawn = imread(draw_contours(hu, GRID, masks, tmp_path / "p.png", truth=masks))[..., :3]
    assert near(drawn, color_of("Bladder")).sum() > 500
    nothing = imread(draw_contours(hu, GRID, {}, tmp_path / "none.png"))[..., :3]
    assert not near(nothing, color_of("Bladder")).any()
    with pytest.raises(OutputError):
        draw_contours(hu, GRID, {}, tmp_path / "none.png")


def test_another_grid_is_refused_by_name(tmp_path):
    elsewhere = mask((0, 2), (0, 2), (0, 2), Grid(GRID.shape, GRID.spacing_mm, (9.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match="Rectum"):
        draw_contours(np.zeros(GRID.shape, np.int16), GRID, {"Rectum": elsewhere}, tmp_path / "p.png")
