import tracemalloc
from dataclasses import asdict

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, distance_transform_edt

from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import compare_labels, compare_masks, score_structure
from rtcontour.structures import tolerance_of

SPACING_MM = (0.9, 1.1, 2.5)


def blob(shape, centre, radii):
    """An ellipsoid with a rough surface."""
    index = np.indices(shape).reshape(3, -1).T
    rough = np.random.default_rng(sum(centre)).normal(1, 0.15, len(index))
    return (np.square((index - centre) / radii).sum(axis=1) < rough).reshape(shape)


def directed_mm(one, other, spacing_mm):
    """By another library's erosion and its transform, which is in float64."""
    surfaces = [mask & ~binary_erosion(mask) for mask in (one, other)]
    return distance_transform_edt(~surfaces[1], sampling=spacing_mm)[surfaces[0]]


def check_distances(predicted, truth, spacing_mm):
    grid = Grid(predicted.shape, spacing_mm, (0, 0, 0))
    scores = compare_masks(Mask.from_array(predicted, grid), Mask.from_array(truth, grid), tolerance_mm=3.0)
    there, back = directed_mm(predicted, truth, spacing_mm), directed_mm(truth, predicted, spacing_mm)
    assert scores.msd_mm == pytest.approx((there.mean() + back.mean()) / 2, abs=1e-9)
    assert scores.hd_mm == pytest.approx(max(there.max(), back.max()), abs=1e-9)
    assert scores.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), abs=1e-9)
    assert scores.hd95_pooled_mm == pytest.approx(np.percentile(np.concatenate([there, back]), 95), abs=1e-9)


@pytest.mark.parametrize(
    ("centre", "radii"),
    [
        ((30, 24, 15), (20, 12, 8)),  # near: the steps tried reach everything
        ((36, 30, 18), (12, 10, 5)),  # some places are further than the steps reach
        ((60, 50, 34), (7, 6, 5)),  # apart: all are; cut by the border of the volume
    ],
)
@pytest.mark.parametrize("spacing_mm", [SPACING_MM, (0.4, 0.4, 5.0), (7.0, 1.0, 1.0)])
def test_distances_of_large_masks_equal_those_of_a_transform_in_double_precision(centre, radii, spacing_mm):
    shape = (64, 56, 36)
    check_distances(blob(shape, centre, radii), blob(shape, (29, 25, 14), (19, 13, 8)), spacing_mm)


def test_a_stray_voxel_far_away_is_found():
    shape = (64, 56, 36)
    truth = blob(shape, (29, 25, 14), (19, 13, 8))
    predicted = truth.copy()
    predicted[63, 55, 35] = True
    check_distances(predicted, truth, SPACING_MM)


def test_masks_score_as_the_arrays_they_unfold_to():
    shape = (40, 30, 20)
    grid = Grid(shape, SPACING_MM, (-100.0, 20.0, 7.0), ((0.0, 1.0, 0.0), (-0.6, 0.0, 0.8), (0.8, 0.0, 0.6)))
    truth, predicted = blob(shape, (20, 15, 9), (12, 9, 5)), blob(shape, (22, 14, 10), (11, 9, 5))
    scores = compare_masks(Mask.from_array(predicted, grid), Mask.from_array(truth, grid), tolerance_mm=3.0)
    expected = compare_labels({"A": predicted}, {"A": truth}, SPACING_MM, {"A": 1}, direction=grid.direction)["A"]
    assert asdict(scores) == pytest.approx(asdict(expected))
    loose = [Mask(grid, (0, 0, 0), np.asarray(array, order="C")) for array in (predicted, truth)]
    assert asdict(compare_masks(*loose, tolerance_mm=3.0)) == pytest.approx(asdict(expected))


def test_empty_boxes_and_boxes_with_nothing_inside_are_the_same():
    grid = Grid((9, 8, 7), SPACING_MM, (0, 0, 0))
    nothing = [Mask(grid, (0, 0, 0), np.zeros((0, 0, 0), bool)), Mask(grid, (2, 2, 2), np.zeros((3, 4, 2), bool))]
    full = Mask(grid, (1, 1, 1), np.ones((2, 3, 4), bool))
    for empty in nothing:
        assert compare_masks(empty, full, tolerance_mm=3).outcome == "missed"
        assert compare_masks(full, empty, tolerance_mm=3).outcome == "false organ"
        for other in nothing:
            assert compare_masks(empty, other, tolerance_mm=3).outcome == "both empty"
    assert len({compare_masks(empty, full, tolerance_mm=3) for empty in nothing}) == 1


def test_small_masks_of_an_enormous_grid_take_little_memory():
    grid = Grid((2000, 2000, 2000), (1.0, 1.0, 1.0), (0, 0, 0))
    voxels = np.ones((30, 20, 10), bool, order="F")
    masks = Mask(grid, (1500, 100, 1800), voxels), Mask(grid, (1501, 101, 1801), voxels)
    tracemalloc.start()
    scores = compare_masks(*masks, tolerance_mm=3.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scores.specificity == pytest.approx(1 - (6000 - 29 * 19 * 9) / (2000**3 - 6000), abs=1e-15)
    assert peak < 20e6


def test_masks_of_different_grids_are_refused():
    voxels = np.ones((2, 3, 4), bool)
    one, other = (Mask(Grid((9, 8, 7), SPACING_MM, origin), (1, 1, 1), voxels) for origin in ((0, 0, 0), (0, 0, 5)))
    with pytest.raises(GeometryError, match="resample one to the grid of the other"):
        compare_masks(one, other, tolerance_mm=3.0)


def test_a_named_structure_has_the_tolerance_of_the_table_and_none_without_a_truth():
    grid = Grid((30, 8, 7), (1.0, 40.0, 50.0), (0, 0, 0))
    truth = Mask(grid, (4, 1, 1), np.ones((6, 5, 4), bool))
    predicted = Mask(grid, (6, 1, 1), np.ones((6, 5, 4), bool))
    scores = score_structure("SpinalCord", predicted, truth)
    assert scores == compare_masks(predicted, truth, tolerance_mm=tolerance_of("SpinalCord"))
    assert scores != compare_masks(predicted, truth, tolerance_mm=1.0)
    unknown = score_structure("SpinalCord", predicted, None)
    assert (unknown.outcome, unknown.volume_cc, unknown.dice) == ("not contoured", pytest.approx(120 * 2.0), None)
