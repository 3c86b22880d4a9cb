from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.errors import ConfigError, GeometryError
from rtcontour.grid import Grid
from rtcontour.metrics import compare_labels
from rtcontour.structures import resolve_structure

SPACING_MM = (1.5, 0.5, 3.0)
BIASES = ("lateral_bias_mm", "ap_bias_mm", "si_bias_mm")
DISTANCES = ("msd_mm", "hd_mm", "hd95_mm", "hd95_pooled_mm", "centroid_shift_mm")
OBLIQUE = ((0.8, 0.6, 0.0), (-0.48, 0.64, 0.6), (0.36, -0.48, 0.8))
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
    for bias in BIASES if there.outcome == "compared" else ():
        assert getattr(there, bias) == pytest.approx(-getattr(back, bias), abs=1e-12)
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


def test_biases_point_to_the_patients_left_back_and_head():
    truth = block((9, 8, 7), (1, 4), (1, 4), (1, 4))
    predicted = block((9, 8, 7), (3, 6), (2, 5), (1, 4))
    scores = compare(predicted, truth, (1.0, 2.0, 3.0))
    assert [getattr(scores, bias) for bias in BIASES] == pytest.approx([2, 2, 0])
    # Head first on the belly: i runs to the right, j to the front.
    prone = compare_labels(
        {"A": predicted}, {"A": truth}, (1, 2, 3), {"A": 1}, direction=((-1, 0, 0), (0, -1, 0), (0, 0, 1))
    )
    assert [getattr(prone["A"], bias) for bias in BIASES] == pytest.approx([-2, -2, 0])


@settings(max_examples=60, deadline=None)
@given(st.data(), VOLUMES)
def test_biases_on_an_oblique_grid_are_the_shift_of_the_mean_position(data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    predicted[0, 0, 0] = truth[-1, -1, -1] = True
    grid = Grid(predicted.shape, SPACING_MM, (5.0, -7.0, 11.0), OBLIQUE)
    there, back = (grid.to_mm(np.argwhere(mask)).mean(axis=0) for mask in (predicted, truth))
    scores = compare_labels({"A": predicted}, {"A": truth}, SPACING_MM, {"A": 1}, direction=OBLIQUE)["A"]
    assert [getattr(scores, bias) for bias in BIASES] == pytest.approx(list(there - back), abs=1e-9)
    assert scores.centroid_shift_mm == pytest.approx(np.linalg.norm(there - back), abs=1e-9)


def boundary_pixels(mask):
    """Pixel by pixel: inside, and one of four neighbours in the slice is outside or beyond."""
    steps = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)]
    inside = {tuple(voxel) for voxel in np.argwhere(mask)}
    return {v for v in inside if any(tuple(np.add(v, step)) not in inside for step in steps)}


@pytest.mark.parametrize("order", ["C", "F"])
@settings(max_examples=60, deadline=None)
@given(st.data(), VOLUMES)
def test_added_path_length_equals_a_count_pixel_by_pixel(order, data, predicted):
    truth = data.draw(arrays(np.bool_, predicted.shape))
    expected = len(boundary_pixels(truth) - boundary_pixels(predicted)) * 1.0 if truth.any() else None
    scores = compare(np.asarray(predicted, order=order), np.asarray(truth, order=order))
    assert scores.added_path_length_mm == (expected if truth.any() else 0 if predicted.any() else None)


def test_a_mask_compared_with_itself_is_perfect():
    mask = block((6, 5, 4), (0, 4), (1, 5), (0, 2))
    scores = compare(mask, mask)
    assert (scores.dice, scores.surface_dice, scores.specificity, scores.volume_error) == (1, 1, 1, 0)
    assert [getattr(scores, measure) for measure in (*DISTANCES, *BIASES)] == [0] * 8
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
    assert [getattr(scores, measure) for measure in (*DISTANCES, *BIASES)] == [None] * 8
    assert scores.added_path_length_mm == 2 * 8


def test_a_false_organ_has_dice_zero_and_no_distances():
    predicted = block((6, 5, 4), (1, 4), (1, 4), (1, 3))
    scores = compare(predicted, np.zeros_like(predicted))
    assert (scores.outcome, scores.dice, scores.precision, scores.surface_dice) == ("false organ", 0, 0, 0)
    assert (scores.sensitivity, scores.volume_error, scores.truth_volume_cc) == (None, None, 0)
    assert [getattr(scores, measure) for measure in (*DISTANCES, *BIASES)] == [None] * 8


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


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64, ">i2"])
@pytest.mark.parametrize("orders", ["CC", "FF", "CF", "FC"])
def test_type_and_memory_order_change_no_score(orders, dtype):
    predicted, truth = np.random.default_rng(8).integers(0, 4, (2, 9, 7, 5))
    names = {"A": 1, "B": 2, "C": 3, "Absent": 200}
    expected = {name: compare(predicted == v, truth == v, name=name) for name, v in names.items()}
    labels = [np.asarray(a, dtype, order=o) for a, o in zip((predicted, truth), orders, strict=True)]
    scores = compare_labels(*labels, SPACING_MM, names)
    for name, one in asdict_all(scores).items():
        assert one == pytest.approx(asdict(expected[name])), name


def asdict_all(scores):
    return {name: asdict(one) for name, one in scores.items()}


def test_views_of_a_larger_array_are_scored_as_their_copies():
    labels = np.random.default_rng(3).integers(0, 3, (2, 14, 20, 9)).astype(np.uint8)
    views = [volume[1:13:2, ::-3, 2:8] for volume in labels]
    names = {"A": 1, "B": 2}
    scores = compare_labels(*views, SPACING_MM, names)
    expected = compare_labels(*(np.array(view) for view in views), SPACING_MM, names)
    assert {n: pytest.approx(s) for n, s in asdict_all(scores).items()} == asdict_all(expected)


def test_any_integer_may_be_a_label():
    values = {"Background": 0, "Negative": -3, "Small": 1, "Large": 70_000, "Huge": 2**40, "Absent": 2**62}
    predicted, truth = np.random.default_rng(1).choice(list(values.values())[:5], (2, 8, 7, 6))
    scores = compare_labels(predicted, truth, SPACING_MM, values)
    for name, value in values.items():
        expected = compare(predicted == value, truth == value, name=name)
        assert asdict(scores[name]) == pytest.approx(asdict(expected)), name


def test_two_names_of_one_value_score_alike():
    labels = np.random.default_rng(1).integers(0, 3, (2, 8, 7, 6))
    scores = compare_labels(*labels, SPACING_MM, {"A": 2, "B": 2})
    assert scores["A"] == scores["B"]


def test_more_labels_than_a_word_has_bits_are_all_found():
    truth = np.zeros((150, 4, 3), np.uint16)
    truth[:, 1:3, 1] = np.arange(150)[:, None] * 7
    names = {str(value): value * 7 for value in range(1, 150)}
    scores = compare_labels(truth, truth, SPACING_MM, names)
    assert [s.dice for s in scores.values()] == [1.0] * 149
    assert all(s.volume_cc == pytest.approx(2 * 2.25 / 1000) for s in scores.values())


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
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), (1.0, float("nan"), 1.0), "spacing is .*nan"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), (1.0, 1.0, -2.0), "spacing"),
        (np.zeros((4, 0, 2), int), np.zeros((4, 0, 2), int), SPACING_MM, r"\(4, 0, 2\)"),
        ({"A": np.zeros((4, 3, 2), int)}, np.zeros((4, 3, 2), int), SPACING_MM, "mask of A is int64"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), (1.0, 0.0, 1.0), "spacing"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), None, "spacing is None"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), 1.0, "spacing is 1.0"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), "123", "spacing is 123"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), ("1", "1", "1"), "spacing"),
        (np.zeros((4, 3, 2), int), np.zeros((4, 3, 2), int), np.ones((3, 2)), "spacing"),
    ],
)
def test_arrays_that_cannot_be_compared_are_refused(predicted, truth, spacing_mm, found):
    with pytest.raises(GeometryError, match=found):
        compare_labels(predicted, truth, spacing_mm, {"A": 1})


def test_directions_that_are_not_perpendicular_are_refused():
    labels = np.zeros((4, 3, 2), int)
    with pytest.raises(GeometryError, match="direction"):
        compare_labels(labels, labels, SPACING_MM, {"A": 1}, direction=((1, 0, 0), (1, 0, 0), (0, 0, 1)))


def test_where_there_is_no_array_at_all_everything_is_empty():
    assert compare_labels({}, {}, SPACING_MM, {"A": 1}, annotated=["A"])["A"].outcome == "both empty"
    assert compare_labels({}, {}, SPACING_MM, {}) == {}


@pytest.mark.parametrize("value", ["1", 1.5, 1.0, None])
def test_label_values_that_are_no_integers_are_refused(value):
    labels = np.ones((4, 3, 2), np.uint8)
    with pytest.raises(ConfigError, match=r"label value of Bladder is .*; expected an integer"):
        compare_labels(labels, labels, SPACING_MM, {"Bladder": value})


@pytest.mark.parametrize("value", [1, np.uint8(1), np.int64(1)])
def test_integers_of_any_kind_are_label_values(value):
    labels = np.ones((4, 3, 2), np.uint8)
    assert compare_labels(labels, labels, SPACING_MM, {"Bladder": value})["Bladder"].dice == 1


def test_a_text_in_place_of_the_annotated_names_is_refused():
    labels = np.ones((4, 3, 2), np.uint8)
    with pytest.raises(ConfigError, match=r"annotated is 'Bladder_Wall'; expected names in a list"):
        compare_labels(labels, labels, SPACING_MM, {"Bladder": 1}, annotated="Bladder_Wall")


def test_annotated_names_may_come_one_by_one():
    labels = np.random.default_rng(4).integers(0, 3, (5, 4, 3))
    names = {"A": 1, "B": 2}
    scores = compare_labels(labels, labels, SPACING_MM, names, annotated=iter(["B", "A"]))
    assert [one.outcome for one in scores.values()] == ["compared", "compared"]


@pytest.mark.parametrize("spacing_mm", [[1, 2, 3], np.array([1.0, 2.0, 3.0], np.float32)])
def test_spacing_may_be_any_three_numbers(spacing_mm):
    labels = np.ones((4, 3, 2), np.uint8)
    assert compare_labels(labels, labels, spacing_mm, {"A": 1})["A"].volume_cc == pytest.approx(0.144)
