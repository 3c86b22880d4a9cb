import base64
import io
import re

import numpy as np
import pytest

from rtcontour.datasets.audit.case_finding import CaseFinding, Place
from rtcontour.datasets.audit.pictures import _Plane, _resized, draw_finding
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@pytest.fixture
def pixels():
    """The grey values (row, column) of a view."""
    from matplotlib.image import imread

    def read(view):
        assert view.image.startswith("data:image/jpeg;base64,")
        return imread(io.BytesIO(base64.b64decode(view.image.partition(",")[2])), format="jpeg")[:, :, 0]

    return read


def finding(place, structure="A"):
    return CaseFinding("c1", structure, "islands", "warning", "", place)


def corners(outline):
    """(n, 2) points of an outline in millimetres."""
    return np.array([list(map(float, pair)) for pair in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", outline.path)])


def test_nothing_to_see_has_no_views(body_hu, audit_grid, block):
    assert draw_finding(finding(None), body_hu, audit_grid, {"A": block(((20, 29), (10, 13), (5, 7)))}) == ()


def test_a_finding_has_its_slice_and_a_coronal_plane(body_hu, audit_grid, block):
    views = draw_finding(finding(Place((24, 11, 6))), body_hu, audit_grid, {"A": block(((20, 29), (10, 13), (5, 7)))})
    assert [one.caption for one in views] == ["slice 7 of 20", "coronal, row 12 of 40"]
    assert (views[0].left, views[0].right) == ("R", "L")


def test_slices_that_are_named_are_shown_in_their_order(body_hu, audit_grid, block):
    place = Place((24, 11, 6), slices=(5, 6, 8, 99))
    views = draw_finding(finding(place), body_hu, audit_grid, {"A": block(((20, 29), (10, 13), (5, 7)))})
    assert [one.caption for one in views] == [*(f"slice {n} of 20" for n in (6, 7, 9)), "coronal, row 12 of 40"]


def test_contours_lie_on_the_voxels_they_are_of(audit_grid, block, pixels):
    mask = block(((20, 29), (10, 13), (5, 7)))
    hu = np.full(audit_grid.shape, -1000, np.int16, order="F")
    hu[mask.box] = 240
    views = draw_finding(finding(Place((24, 11, 6))), hu, audit_grid, {"A": mask})
    for view, size_mm in zip(views, ((10 * 2.0, 4 * 2.5), (10 * 2.0, 3 * 4.0)), strict=True):
        (outline,) = view.outlines
        points, grey = corners(outline), pixels(view)
        scale = np.array([view.width_mm / grey.shape[1], view.height_mm / grey.shape[0]])
        assert np.ptp(points, axis=0) == pytest.approx(size_mm, abs=0.2)
        rows, columns = np.nonzero(grey > 128)
        bright = np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]]) * scale
        assert bright == pytest.approx(np.array([points.min(axis=0), points.max(axis=0)]), abs=2.1)


def test_the_structure_of_the_finding_is_drawn_last(body_hu, audit_grid, block):
    masks = {"A": block(((20, 29), (10, 13), (5, 7))), "B": block(((31, 35), (10, 13), (5, 7)))}
    view = draw_finding(finding(Place((24, 11, 6), extent="body")), body_hu, audit_grid, masks)[0]
    assert [(one.name, one.is_subject) for one in view.outlines] == [("B", False), ("A", True)]


def test_a_view_of_the_body_shows_all_of_it(body_hu, audit_grid, block):
    mask = block(((20, 29), (10, 13), (5, 7)))
    axial, coronal = draw_finding(finding(Place((24, 11, 6), extent="body")), body_hu, audit_grid, {"A": mask})
    assert axial.width_mm >= 40 * 2.0 and axial.height_mm >= 30 * 2.5
    assert coronal.height_mm == 20 * 4.0


def test_an_image_of_which_nothing_is_dense_is_shown_whole(audit_grid):
    hu = np.full(audit_grid.shape, -1000, np.int16, order="F")
    axial, _ = draw_finding(finding(Place((24, 11, 6), extent="body"), ""), hu, audit_grid, {})
    assert (axial.width_mm, axial.height_mm) == (96.0, 100.0) and axial.outlines == ()


def test_slices_go_up_and_rows_go_down(audit_grid, pixels):
    hu = np.full(audit_grid.shape, -160, np.int16, order="F")
    hu[:, :20], hu[:, :, 15:] = 40, 240  # the front half grey, the upper slices white
    axial, coronal = draw_finding(finding(Place((24, 30, 3), extent="body"), ""), hu, audit_grid, {})
    assert pixels(axial)[5, 20] > 100 > 20 > pixels(axial)[-5, 20]
    assert pixels(coronal)[4, 20] > 200 > 20 > pixels(coronal)[-4, 20]


@pytest.mark.parametrize(("n", "count"), [(12, 4), (12, 12), (12, 5), (5, 11)])
def test_resizing_keeps_even_values_and_slopes(n, count):
    assert _resized(np.full((n, 2), 7.0, np.float32), 0, count) == pytest.approx(7.0)
    slope = _resized(np.arange(n, dtype=np.float32)[:, None], 0, count)[:, 0]
    expected = (np.arange(count) + 0.5) * n / count - 0.5
    inner = (expected > 0.5) & (expected < n - 1.5)
    assert slope[inner] == pytest.approx(expected[inner], abs=0.1)


def test_a_plane_cuts_masks_that_reach_beyond_it():
    grid = Grid((9, 8, 7), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    full = np.random.default_rng(3).random(grid.shape) < 0.4
    mask = Mask.from_array(full, grid)
    for plane in (_Plane(grid, 2, 3, (2, 6), (1, 8)), _Plane(grid, 1, 4, (0, 9), (3, 5))):
        assert np.array_equal(plane.cut_mask(mask), plane.cut(full))
    assert not _Plane(grid, 2, 3, (0, 2), (0, 2)).cut_mask(Mask.from_array(np.zeros(grid.shape), grid)).any()
