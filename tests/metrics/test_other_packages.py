"""Where another package defines a score as we do, it gives the same number; docs/metrics.md has the table."""

import numpy as np
import pytest

from rtcontour.metrics import compare_labels

SPACING_MM = (0.9, 1.2, 3.0)
SHAPE = (31, 27, 17)


def rough_blob(seed, centre, radii):
    index = np.indices(SHAPE).reshape(3, -1).T
    rough = np.random.default_rng(seed).normal(1, 0.2, len(index))
    return (np.square((index - centre) / radii).sum(axis=1) < rough).reshape(SHAPE)


TRUTH = rough_blob(1, (14, 13, 8), (9, 8, 5))
PREDICTED = rough_blob(2, (16, 12, 9), (9, 7, 5))


@pytest.fixture(scope="module")
def scores():
    return compare_labels({"A": PREDICTED}, {"A": TRUTH}, SPACING_MM, {"A": 1})["A"]


def test_medpy(scores):
    binary = pytest.importorskip("medpy.metric.binary")
    pair = PREDICTED, TRUTH
    assert binary.dc(*pair) == pytest.approx(scores.dice)
    assert binary.sensitivity(*pair) == pytest.approx(scores.sensitivity)
    assert binary.specificity(*pair) == pytest.approx(scores.specificity)
    assert binary.precision(*pair) == pytest.approx(scores.precision)
    assert binary.hd(*pair, voxelspacing=SPACING_MM) == pytest.approx(scores.hd_mm)
    assert binary.hd95(*pair, voxelspacing=SPACING_MM) == pytest.approx(scores.hd95_pooled_mm)
    assert binary.ravd(*pair) == pytest.approx(scores.volume_error)
    there, back = (binary.asd(*p, voxelspacing=SPACING_MM) for p in (pair, pair[::-1]))
    assert (there + back) / 2 == pytest.approx(scores.msd_mm)


def test_simpleitk(scores):
    sitk = pytest.importorskip("SimpleITK")
    images, contours = [], []
    for mask in (PREDICTED, TRUTH):
        image = sitk.GetImageFromArray(np.pad(mask, 1).transpose(2, 1, 0).astype(np.uint8))
        image.SetSpacing(SPACING_MM)
        images.append(image)
        contours.append(sitk.LabelContour(image, fullyConnected=False))
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert overlap.GetDiceCoefficient() == pytest.approx(scores.dice)
    assert 1 - overlap.GetFalseNegativeError() == pytest.approx(scores.sensitivity)
    hausdorff = sitk.HausdorffDistanceImageFilter()
    hausdorff.Execute(*contours)
    assert hausdorff.GetHausdorffDistance() == pytest.approx(scores.hd_mm, abs=1e-5)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(images[0])
    assert shape.GetPhysicalSize(1) / 1000 == pytest.approx(scores.volume_cc)
    predicted_centre = np.array(shape.GetCentroid(1))
    shape.Execute(images[1])
    assert shape.GetPhysicalSize(1) / 1000 == pytest.approx(scores.truth_volume_cc)
    biases = (scores.lateral_bias_mm, scores.ap_bias_mm, scores.si_bias_mm)
    assert predicted_centre - shape.GetCentroid(1) == pytest.approx(biases)


def test_simpleitk_distance_maps_of_contours(scores):
    sitk = pytest.importorskip("SimpleITK")
    maps, on = [], []
    for mask in (PREDICTED, TRUTH):
        image = sitk.GetImageFromArray(np.pad(mask, 1).transpose(2, 1, 0).astype(np.uint8))
        image.SetSpacing(SPACING_MM)
        contour = sitk.LabelContour(image, fullyConnected=False)
        on.append(sitk.GetArrayFromImage(contour) != 0)
        maps.append(sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(contour, False, False, True)))
    sets = [np.maximum(maps[1 - n][on[n]], 0).astype(float) for n in (0, 1)]
    assert (sets[0].mean() + sets[1].mean()) / 2 == pytest.approx(scores.msd_mm, abs=1e-5)
    assert max(np.percentile(s, 95) for s in sets) == pytest.approx(scores.hd95_mm, abs=1e-5)
    assert np.percentile(np.concatenate(sets), 95) == pytest.approx(scores.hd95_pooled_mm, abs=1e-5)


def test_surface_distance(scores):
    package = pytest.importorskip("surface_distance")
    sets = package.compute_surface_distances(TRUTH, PREDICTED, SPACING_MM)
    assert package.compute_dice_coefficient(TRUTH, PREDICTED) == pytest.approx(scores.dice)
    within = package.compute_surface_dice_at_tolerance(sets, 3.0 + 1e-9)
    assert within == pytest.approx(scores.surface_dice)
    # Elements lie between voxels and weigh by area, so these are other numbers.
    assert package.compute_robust_hausdorff(sets, 95) != pytest.approx(scores.hd95_mm, rel=1e-3)


def test_monai(scores):
    torch = pytest.importorskip("torch")
    monai = pytest.importorskip("monai.metrics")
    p, t = (torch.as_tensor(np.stack([~mask, mask])[None]).float() for mask in (PREDICTED, TRUTH))
    spacing = list(SPACING_MM)
    table = monai.get_confusion_matrix(p, t, include_background=False)
    for name in ("sensitivity", "specificity", "precision"):
        value = monai.compute_confusion_matrix_metric(name, table)
        assert float(value) == pytest.approx(getattr(scores, name), abs=1e-6)
    assert float(monai.compute_dice(p, t, include_background=False)) == pytest.approx(scores.dice, abs=1e-6)
    assert float(monai.compute_hausdorff_distance(p, t, spacing=spacing)) == pytest.approx(scores.hd_mm, abs=1e-5)
    hd95 = monai.compute_hausdorff_distance(p, t, percentile=95, spacing=spacing)
    assert float(hd95) == pytest.approx(scores.hd95_mm, abs=1e-5)
    there, back = (float(monai.compute_average_surface_distance(*x, spacing=spacing)) for x in ((p, t), (t, p)))
    assert (there + back) / 2 == pytest.approx(scores.msd_mm, abs=1e-5)
    within = monai.compute_surface_dice(p, t, [3.0], spacing=spacing, use_subvoxels=True)
    assert float(within) == pytest.approx(scores.surface_dice, abs=1e-5)


def test_what_the_packages_call_alike_and_define_otherwise(scores):
    binary = pytest.importorskip("medpy.metric.binary")
    pooled = binary.assd(PREDICTED, TRUTH, voxelspacing=SPACING_MM)
    assert pooled != pytest.approx(scores.msd_mm, rel=1e-4)  # of both sets together
