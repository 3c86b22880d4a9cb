from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.errors import GeometryError
from rtcontour.metrics import compare_labels
from rtcontour.structures import resolve_structure

SPACING_MM = (1.5, 0.5, 3.0)
DISTANCES = ("msd_mm", "hd_mm", "hd95_mm", "hd95_pooled_mm", "centroid_shift_mm")
VOLUMES = arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3)))


def compare(predicted, truth, spacing_mm=SPACING_MM, name="Nothing_Known"):
    return compare_labels({name: predicted}, {name: truth}, spacing_mm, {name: 1})[name]


def block(shape, i, j, k):
    array = np.zeros(shape, bool)
    array[slice(*i), slice(*j), slice(*k)] = True
    return array


def surface_points_mm(mask, spacing_mm):
    """Voxel by voxel: inside, and one of six neighbours is outside or beyond the volume."""
    points = []
    for voxel in np.argwhere(mask):
        for step in np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)]):
            beside = voxel + step
            beyond = np.any(beside < 0) or np.any(beside >= mask.shape)
            if beyond or not mask[tuple(beside)]:
                points.append(voxel * np.array(spacing_mm))
                break
    return np.array(points)


def directed_sets_mm(predicted, truth, spacing_mm):
    one, other = surface_points_mm(predicted, spacing_mm), surface_points_mm(truth, spacing_mm)
    pairwise = np.linalg.norm(one[:, None] - other[None], axis=2)
    return pairwise.min(axis=1), pairwise.min(axis=0)


@settings(max_examples=150, deadline=None)
@given(st.data(), VOLUMES)
def test_distances_equal_those_of_all_pairs_of_surface_voxels(data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    predicted[0, 0, 0] = truth[-1, -1, -1] = True
    there, back = directed_sets_mm(predicted, truth, SPACING_MM)
    scores = compare(predicted, truth)
    assert scores.msd_mm == pytest.approx((there.mean() + back.mean()) / 2, abs=1e-5)
    assert scores.hd_mm == pytest.approx(max(there.max(), back.max()), abs=1e-5)
    assert scores.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), abs=1e-5)
    assert scores.hd95_pooled_mm == pytest.approx(np.percentile(np.concatenate([there, back]), 95), abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.data(), VOLUMES)
def test_overlap_scores_equal_those_of_sets_of_voxels(data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    one, other = ({tuple(v) for v in np.argwhere(mask)} for mask in (predicted, truth))
    neither = predicted.size - len(one | other)
    scores = compare(predicted, truth)
    assert scores.dice == (2 * len(one & other) / (len(one) + len(other)) if one or other else None)
    assert scores.sensitivity == (len(one & other) / len(other) if other else None)
    assert scores.precision == (len(one & other) / len(one) if one else None)
    assert scores.specificity == (neither / (predicted.size - len(other)) if len(other) < predicted.size else None)
    assert scores.volume_error == (pytest.approx(len(one) / len(other) - 1) if other else None)


@settings(max_examples=60, deadline=None)
@given(st.data(), VOLUMES)
def test_a_margin_of_background_around_the_volume_changes_no_distance(data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    tight, wide = compare(predicted, truth), compare(np.pad(predicted, 2), np.pad(truth, 2))
    for measure in (*DISTANCES, "dice", "surface_dice", "added_path_length_mm"):
        assert getattr(tight, measure) == pytest.approx(getattr(wide, measure)), measure


@settings(max_examples=60, deadline=None)
@given(st.data(), VOLUMES)
def test_scores_are_symmetric_where_their_definition_is(data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    there, back = compare(predicted, truth), compare(truth, predicted)
    for measure in (*DISTANCES, "dice", "surface_dice"):
        assert getattr(there, measure) == pytest.approx(getattr(back, measure)), measure
    assert (there.sensitivity, there.precision) == (back.precision, back.sensitivity)


def test_two_cubes_a_voxel_apart_score_as_computed_by_hand():
    truth = block((8, 6, 5), (1, 4), (1, 4), (1, 4))
    predicted = block((8, 6, 5), (2, 5), (1, 4), (1, 4))
    scores = compare(predicted, truth, (2.0, 1.0, 1.0))
    # Of 26 surface voxels each (27 less the centre), the 9 of the far face are one step of 2 mm from the other cube's
    # surface; the centre of the shared middle plane is inside the other cube and 1 mm from its surface; 16 coincide.
    assert scores.outcome == "compared"
    assert scores.dice == scores.sensitivity == scores.precision == pytest.approx(18 / 27)
    assert scores.specificity == pytest.approx((240 - 36) / (240 - 27))
    assert scores.msd_mm == pytest.approx((9 * 2 + 1 * 1) / 26)
    assert scores.hd_mm == scores.hd95_mm == scores.hd95_pooled_mm == pytest.approx(2.0)
    assert scores.volume_cc == scores.truth_volume_cc == pytest.approx(27 * 2 / 1000)
    assert scores.volume_error == 0
    assert scores.centroid_shift_mm == pytest.approx(2.0)
    # Each slice: 8 boundary pixels, of which 3 of the far side and the one next to the middle are not matched.
    assert scores.added_path_length_mm == pytest.approx(3 * 4 * 1.5)


def test_a_mask_compared_with_itself_is_perfect():
    mask = block((6, 5, 4), (0, 4), (1, 5), (0, 2))
    scores = compare(mask, mask)
    assert (scores.dice, scores.surface_dice, scores.specificity, scores.volume_error) == (1, 1, 1, 0)
    assert [getattr(scores, measure) for measure in DISTANCES] == [0] * 5
    assert scores.added_path_length_mm == 0


def test_a_mask_that_fills_the_volume_has_the_border_as_surface_and_no_specificity():
    full = np.ones((5, 4, 3), bool)
    core = block((5, 4, 3), (1, 4), (1, 3), (1, 2))
    scores = compare(core, full, (1.0, 1.0, 1.0))
    assert scores.specificity is None
    assert scores.hd_mm == pytest.approx(np.sqrt(3))


def test_a_missed_organ_has_dice_zero_no_distances_and_its_whole_path_to_draw():
    truth = block((6, 5, 4), (1, 4), (1, 4), (1, 3))
    scores = compare(np.zeros_like(truth), truth, (1.0, 1.0, 2.0))
    assert (scores.outcome, scores.dice, scores.sensitivity, scores.surface_dice) == ("missed", 0, 0, 0)
    assert (scores.precision, scores.volume_error, scores.volume_cc) == (None, -1, 0)
    assert [getattr(scores, measure) for measure in DISTANCES] == [None] * 5
    assert scores.added_path_length_mm == 2 * 8


def test_a_false_organ_has_dice_zero_and_no_distances():
    predicted = block((6, 5, 4), (1, 4), (1, 4), (1, 3))
    scores = compare(predicted, np.zeros_like(predicted))
    assert (scores.outcome, scores.dice, scores.precision, scores.surface_dice) == ("false organ", 0, 0, 0)
    assert (scores.sensitivity, scores.volume_error, scores.truth_volume_cc) == (None, None, 0)
    assert [getattr(scores, measure) for measure in DISTANCES] == [None] * 5


def test_where_both_are_empty_only_volumes_and_specificity_are_known():
    empty = np.zeros((3, 2, 4), bool)
    known = {key: value for key, value in asdict(compare(empty, empty)).items() if value is not None}
    assert known == {"outcome": "both empty", "volume_cc": 0, "truth_volume_cc": 0, "specificity": 1}


def test_of_a_structure_nobody_contoured_only_the_predicted_volume_is_known():
    labels = np.zeros((4, 3, 2), np.uint8)
    labels[1, 1] = 7
    scores = compare_labels(labels, labels, (1.0, 1.0, 5.0), {"Bladder": 7}, annotated=[])["Bladder"]
    known = {key: value for key, value in asdict(scores).items() if value is not None}
    assert known == {"outcome": "not contoured", "volume_cc": 0.01}


def test_names_that_are_annotated_but_not_asked_for_are_of_no_account():
    labels = np.ones((2, 3, 2), np.uint8)
    assert list(compare_labels(labels, labels, SPACING_MM, {"Bladder": 1}, annotated=["Bladder", "Rectum"])) == [
        "Bladder"
    ]


def test_label_maps_and_masks_score_alike_and_mix():
    rng = np.random.default_rng(5)
    predicted, truth = rng.integers(0, 3, (2, 6, 5, 4)).astype(np.int16)
    names = {"Bladder": 1, "Something else": 2}
    as_masks = [{name: labels == value for name, value in names.items()} for labels in (predicted, truth)]
    scores = compare_labels(predicted, truth, SPACING_MM, names)
    assert (
        scores
        == compare_labels(*as_masks, SPACING_MM, names)
        == compare_labels(predicted, as_masks[1], SPACING_MM, names)
    )


def test_overlapping_masks_are_scored_each_on_its_own():
    femur, both = block((6, 5, 3), (0, 2), (1, 4), (0, 2)), block((6, 5, 3), (0, 6), (1, 4), (0, 2))
    masks = {"Femur_Head_L": femur, "Femur_Heads": both}
    scores = compare_labels(masks, masks, SPACING_MM, {"Femur_Head_L": 1, "Femur_Heads": 2})
    assert [s.dice for s in scores.values()] == [1, 1]
    assert scores["Femur_Heads"].volume_cc == pytest.approx(3 * scores["Femur_Head_L"].volume_cc)


def test_a_mask_that_is_not_there_was_not_predicted_or_not_contoured():
    mask = block((6, 5, 3), (0, 2), (1, 4), (0, 2))
    scores = compare_labels({"Rectum": mask}, {"Bladder": mask}, SPACING_MM, {"Bladder": 1, "Rectum": 2})
    assert [s.outcome for s in scores.values()] == ["missed", "not contoured"]
    scores = compare_labels({"Rectum": mask}, {"Bladder": mask}, SPACING_MM, {"Rectum": 2}, annotated=["Rectum"])
    assert scores["Rectum"].outcome == "false organ"


@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_are_left_as_they_were_in_either_memory_order(order):
    labels = np.asarray(np.random.default_rng(2).integers(0, 2, (6, 5, 4)), np.uint8, order=order)
    masks = {"Bladder": np.asarray(labels == 0, order=order)}
    labels.flags.writeable = masks["Bladder"].flags.writeable = False
    assert compare_labels(labels, masks, SPACING_MM, {"Bladder": 1})["Bladder"].dice == 0


def test_the_surface_tolerance_is_the_structures_own():
    truth = block((20, 4, 3), (0, 4), (0, 4), (0, 3))
    step_mm = resolve_structure("Brainstem").tolerance_mm
    beyond, within = (
        compare(np.roll(truth, 1, axis=0), truth, (s, 5.0, 5.0), "Brainstem") for s in (step_mm + 0.01, step_mm)
    )
    assert within.surface_dice == 1 and beyond.surface_dice < 1
    assert compare(np.roll(truth, 1, axis=0), truth, (3.0, 5.0, 5.0), "Unheard_Of").surface_dice == 1
    assert compare(np.roll(truth, 1, axis=0), truth, (3.01, 5.0, 5.0), "Unheard_Of").surface_dice < 1


@pytest.mark.parametrize(
    ("predicted", "truth", "spacing_mm", "found"),
    [
        (np.zeros((4, 3, 2), int), np.zeros((3, 4, 2), int), SPACING_MM, r"\(3, 4, 2\)"),
        (np.zeros((4, 3, 2)), np.zeros((4, 3, 2), int), SPACING_MM, "float64"),
        (np.zeros((4, 3), int), np.zeros((4, 3), int), SPACING_MM, r"\(4, 3\)"),
        ({"A": np.zeros((4, 3, 2), int)}, np.zeros((4, 3, 2), int), SPACING_MM, "mask of A is int64"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), (1.0, 0.0, 1.0), "spacing"),
    ],
)
def test_arrays_that_cannot_be_compared_are_refused(predicted, truth, spacing_mm, found):
    with pytest.raises(GeometryError, match=found):
        compare_labels(predicted, truth, spacing_mm, {"A": 1})
