"""A left organ that lies on the right is a finding; what merely lies near the middle is none."""

import json

import numpy as np
import pytest

from rtcontour.structures import check_sides


def found(centroids_mm, midline_x_mm=None):
    """Subject and message of every finding."""
    findings = check_sides(centroids_mm, midline_x_mm)
    assert all((finding.code, finding.severity) == ("side-unlikely", "warning") for finding in findings)
    return [(finding.subject, finding.message) for finding in findings]


def at(x):
    return (x, -120.0, 33.0)


def test_left_has_the_larger_x():
    assert found({"Parotid_L": at(52.4), "Parotid_R": at(-48.0)}) == []


def test_a_pair_that_is_exchanged_is_one_finding_that_names_both():
    ((subject, message),) = found({"Parotis re": at(52.4), "ltparotid": at(-47.6)})
    assert subject == "ltparotid"
    assert message == (
        "lies at x = -48 mm and 'Parotis re' at x = 52 mm, but x grows to the patient's left; "
        "the two names look exchanged"
    )


def test_a_pair_at_one_place_is_a_finding():
    assert len(found({"Kidney_L": at(10.0), "Kidney_R": at(10.0)})) == 1


def test_a_pair_is_compared_wherever_the_middle_is():
    assert found({"Femur_Head_L": at(300.0), "Femur_Head_R": at(100.0), "SpinalCord": at(0.0)}) == []


@pytest.mark.parametrize("name, x, sides", [("Kidney_L", -45.0, "right"), ("Kidney_R", 45.0, "left")])
def test_a_lone_organ_on_the_wrong_side_is_a_finding(name, x, sides):
    ((subject, message),) = found({name: at(x), "Myelon": at(0.2)})
    assert subject == name
    assert f"to the {sides} of the middle (x = 0 mm of 'Myelon')" in message


@pytest.mark.parametrize("x, findings", [(-9.9, 0), (-10.0, 0), (-10.1, 1), (45.0, 0)])
def test_ten_mm_beyond_the_middle_are_allowed(x, findings):
    assert len(found({"Kidney_L": at(x)}, midline_x_mm=0.0)) == findings


def test_the_given_middle_wins():
    ((_, message),) = found({"Kidney_L": at(20.0), "SpinalCord": at(0.0)}, midline_x_mm=50.4)
    assert message.startswith("lies 30 mm to the right of the middle (x = 50 mm); expected on the patient's left")


@pytest.mark.parametrize(
    "middles, used",
    [
        ({"External": 0.0, "Rectum": 1.0, "Bladder": 2.0, "Brainstem": 3.0, "SpinalCanal": 4.0, "SpinalCord": 5.0}, 5),
        ({"External": 0.0, "Rectum": 1.0, "Bladder": 2.0, "Brainstem": 3.0, "SpinalCanal": 4.0}, 4),
        ({"External": 0.0, "Rectum": 1.0, "Bladder": 2.0, "Brainstem": 3.0}, 3),
        ({"External": 0.0, "Rectum": 1.0, "Bladder": 2.0}, 2),
        ({"External": 0.0, "Rectum": 1.0}, 1),
        ({"External": 0.0}, 0),
    ],
)
def test_the_middle_is_that_of_the_organ_that_keeps_to_it_best(middles, used):
    ((_, message),) = found({**{name: at(x) for name, x in middles.items()}, "Femur_Head_R": at(90.0)})
    assert f"(x = {used} mm of " in message


def test_without_a_middle_a_lone_organ_goes_unchecked():
    assert found({"Kidney_L": at(-45.0), "Liver": at(-50.0)}) == []


def test_numbers_are_whole_mm_without_a_negative_zero():
    ((_, message),) = found({"Kidney_L": at(-0.4), "Kidney_R": at(0.4)})
    assert "at x = 0 mm and 'Kidney_R' at x = 0 mm" in message


def test_names_without_a_side_or_unknown_are_left_out():
    assert found({"SpinalCord": at(0.0), "Liver": at(-80.0), "Spleen": at(-80.0), "Kidney_L_PRV05": at(-80.0)}) == []


@pytest.mark.parametrize("name", ["Ventricle_R", "Atrium_R", "A_Coronary_R", "V_Brachioceph_R"])
def test_what_crosses_the_middle_in_health_is_compared_with_its_other_side_only(name):
    other = f"{name[:-1]}L"
    assert found({name: at(25.0), "SpinalCord": at(0.0)}) == []
    assert found({name: at(25.0), other: at(40.0), "SpinalCord": at(0.0)}) == []
    assert len(found({name: at(40.0), other: at(25.0), "SpinalCord": at(0.0)})) == 1


def test_an_empty_mask_has_no_side():
    nowhere = (float("nan"),) * 3
    assert found({"Kidney_L": nowhere, "SpinalCord": at(0.0)}) == []
    assert found({"Kidney_L": at(-45.0), "SpinalCord": nowhere}) == []
    assert len(found({"Kidney_L": at(-45.0), "Kidney_R": nowhere, "SpinalCord": at(0.0)})) == 1


def test_one_structure_under_two_names_is_looked_at_twice():
    subjects = [subject for subject, _ in found({"Lung_L": at(-70.0), "Lunge li": at(-71.0), "Lung_R": at(70.0)})]
    assert subjects == ["Lung_L", "Lunge li"]


def test_a_department_s_own_names_are_understood(tmp_path):
    centroids_mm = {"FK li": at(-90.0), "FK re": at(90.0)}
    aliases = {"FK li": "Femur_Head_L", "FK re": "Femur_Head_R"}
    path = tmp_path / "aliases.json"
    path.write_text(json.dumps(aliases), encoding="utf-8")
    assert check_sides(centroids_mm) == []
    assert [finding.subject for finding in check_sides(centroids_mm, aliases=aliases)] == ["FK li"]
    assert check_sides(centroids_mm, aliases=path) == check_sides(centroids_mm, aliases=aliases)


def test_arrays_and_nothing_are_fine():
    assert found({}) == []
    assert len(found({"Lens_L": np.array([-30.0, 0.0, 0.0]), "Lens_R": np.array([30.0, 0.0, 0.0])})) == 1
