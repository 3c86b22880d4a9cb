"""What the checks say of measures: every defect planted in them, and hardly anything of clean ones."""

import inspect
from dataclasses import replace

import pytest

from rtcontour.datasets.audit.case_finding import CaseFinding
from rtcontour.datasets.audit.checks import CHECKS, check_case, check_cohort, worst_first
from rtcontour.datasets.audit.cohort_statistics import describe_cohort
from rtcontour.datasets.audit.pieces import Gap, Piece
from rtcontour.datasets.audit.structure_measures import FIRST_SLICE, LAST_SLICE

NAMES = ["Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"]
ISLAND, CRUMB = Piece(1.5, 500, (40, 40, 5), 30.0), Piece(0.01, 3, (40, 40, 5), 4.0)
GAP = Gap(25, 26, True, 0.4)


def found_in(cases, number):
    """(code, structure) -> severity of case `number`."""
    findings = check_case(cases[number], describe_cohort(cases, NAMES))
    return {(one.code, one.structure): one.severity for one in findings}


def above_note(cases):
    cohort = describe_cohort(cases, NAMES)
    return [one for case in cases for one in check_case(case, cohort) if one.weight]


@pytest.mark.parametrize("count", [8, 20, 250])
def test_clean_patients_raise_one_false_alarm_in_twenty_at_most(cohort_of, count):
    alarms = patients = 0
    for seed in range(max(1, 500 // count)):
        cases = cohort_of(count, seed)
        alarms, patients = alarms + len({one.case for one in above_note(cases)}), patients + len(cases)
    assert patients >= 250 and alarms <= patients / 20


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_clean_patients_raise_no_alarm(cohort_of, count):
    assert [one for seed in range(40) for one in above_note(cohort_of(count, seed))] == []


def moved(measures, by_mm):
    (x, y), (px, py, pz) = measures.body_offset_mm, measures.centroid_mm
    dx, dy, dz = by_mm
    return {"body_offset_mm": (x + dx, y + dy), "centroid_mm": (px + dx, py + dy, pz + dz)}


PLANTED = {
    "head too large": ("Femur_Head_L", lambda m: {"volume_cc": 2.5 * m.volume_cc}, "volume-unlikely"),
    "head too small": ("Femur_Head_R", lambda m: {"volume_cc": m.volume_cc / 3}, "volume-unlikely"),
    "tiny bladder": ("Bladder", lambda m: {"volume_cc": 3.0}, "volume-unlikely"),
    "head aside": ("Femur_Head_L", lambda m: moved(m, (-52, 0, 0)), "position-unlikely"),
    "head moved askew": ("Femur_Head_R", lambda m: moved(m, (30, 30, 30)), "position-unlikely"),
    "head higher": ("Femur_Head_R", lambda m: moved(m, (0, 0, 52)), "position-unlikely"),
    "bladder behind": ("Bladder", lambda m: moved(m, (0, 80, 0)), "position-unlikely"),
    "island": ("Bladder", lambda m: {"pieces": (ISLAND,), "piece_count": 2}, "islands"),
    "large island": ("Femur_Head_L", lambda m: {"pieces": (replace(ISLAND, volume_cc=5.0),)}, "islands"),
    "far speck": ("Bladder", lambda m: {"pieces": (replace(CRUMB, voxels=4, distance_mm=40.0),)}, "islands"),
    "hole": ("Bladder", lambda m: {"holes_cc": 1.0, "hole_index": (5, 5, 5)}, "holes"),
    "gap": ("CTVn", lambda m: {"gaps": (GAP,)}, "slices-left-out"),
    "outside": ("Bag_Bowel", lambda m: {"outside_cc": 5.0, "outside_index": (5, 5, 5)}, "outside-body"),
    "cut below": ("Femur_Head_L", lambda m: {"borders": (FIRST_SLICE,)}, "cut-at-border"),
    "cut aside": ("Bag_Bowel", lambda m: {"borders": ("last column",)}, "cut-at-border"),
    "empty": ("CTVn", lambda m: {"box": None, "volume_cc": 0.0, "centroid_mm": None}, "roi-empty"),
}
NEEDS_A_COHORT = {"tiny bladder", "bladder behind", "head aside", "head moved askew"}


def plant(cases, name, edit):
    structure, change, code = PLANTED[name]
    with_structure, _ = edit
    number = next(n for n, one in enumerate(cases) if len(one.measures.structures) == 5)
    cases = [*cases]
    cases[number] = with_structure(cases[number], structure, **change(cases[number].measures.structures[structure]))
    return cases, number, structure, code


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("count", [12, 20, 250])
def test_what_is_planted_is_found(cohort_of, edit, name, count):
    for seed in range(3 if count == 250 else 12):
        cases, number, structure, code = plant(cohort_of(count, seed), name, edit)
        assert found_in(cases, number).get((code, structure)) in ("warning", "error"), seed


@pytest.mark.parametrize("name", sorted(PLANTED.keys() - NEEDS_A_COHORT))
def test_fixed_rules_hold_in_a_cohort_of_three(cohort_of, edit, name):
    cases, number, structure, code = plant(cohort_of(3, 0, left_out=0), name, edit)
    assert found_in(cases, number).get((code, structure)) == "warning"


def test_exchanged_sides_are_an_error_of_both_and_nothing_else(cohort_of):
    cases = cohort_of(30, 1, left_out=0)
    structures = dict(cases[4].measures.structures)
    left, right = structures["Femur_Head_L"], structures["Femur_Head_R"]
    structures |= {"Femur_Head_L": right, "Femur_Head_R": left}
    cases[4] = replace(cases[4], measures=replace(cases[4].measures, structures=structures))
    assert found_in(cases, 4) == {
        ("sides-swapped", "Femur_Head_L"): "error",
        ("sides-swapped", "Femur_Head_R"): "error",
    }


def test_a_lone_structure_on_the_wrong_side_is_found(cohort_of):
    case = cohort_of(1, 1, left_out=0)[0]
    alone = {"Femur_Head_L": case.measures.structures["Femur_Head_R"]}
    case = replace(case, measures=replace(case.measures, structures=alone))
    assert found_in([case], 0)["sides-swapped", "Femur_Head_L"] == "error"


def test_copies_are_found_on_both(cohort_of, edit):
    with_structure, _ = edit
    cases = cohort_of(20, 3, left_out=0)
    cases[2] = with_structure(cases[2], "Bladder", fingerprint=cases[2].measures.structures["CTVn"].fingerprint)
    found = found_in(cases, 2)
    assert found["roi-duplicate", "Bladder"] == found["roi-duplicate", "CTVn"] == "warning"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({"soft_tissue_hu": 1040.0, "lowest_hu": -24}, "hu-scale-unlikely"),
        ({"lowest_hu": -24}, "hu-scale-unlikely"),
        ({"air_hu": -500.0}, "hu-scale-unlikely"),
        ({"fat_hu": -200.0}, "hu-scale-unlikely"),
        ({"dense_share": 0.8}, "hu-scale-unlikely"),
        ({"body_share": 0.0}, "hu-scale-unlikely"),
        ({"cut_share": 0.9}, "field-of-view-unusual"),
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_odd_images_are_found(cohort_of, edit, image, code, count):
    _, with_image = edit
    cases = cohort_of(count, 5)
    cases[0] = with_image(cases[0], **image)
    assert found_in(cases, 0).get((code, "")) in ("warning", "error")


def test_where_hu_are_none_nothing_is_said_of_the_body(cohort_of, edit):
    with_structure, with_image = edit
    cases = cohort_of(20, 5)
    n = next(n for n, one in enumerate(cases) if len(one.measures.structures) == 5)
    cases[n] = with_structure(
        cases[n], "Femur_Head_L", body_offset_mm=(20.0, 90.0), outside_cc=30.0, outside_index=(1, 2, 3)
    )
    assert {("position-unlikely", "Femur_Head_L"), ("outside-body", "Femur_Head_L")} <= found_in(cases, n).keys()
    cases[n] = with_image(cases[n], lowest_hu=-24)
    assert found_in(cases, n) == {("hu-scale-unlikely", ""): "error"}


def test_masked_air_and_missing_peaks_are_no_finding(cohort_of, edit):
    _, with_image = edit
    case = with_image(cohort_of(1, 5)[0], air_hu=None, fat_hu=None, soft_tissue_hu=None)
    assert found_in([case], 0) == {}


def test_metal_is_a_note(cohort_of, edit):
    _, with_image = edit
    cases = [with_image(one, metal_cc=3.0, highest_hu=3071) for one in cohort_of(5, 5)]
    assert found_in(cases, 0) == {("metal", ""): "note"}


def scanned(case, spacing_mm=(1.0, 1.0, 3.0), shape=(512, 512, 80)):
    return replace(case, measures=replace(case.measures, spacing_mm=spacing_mm, shape=shape))


def test_thick_slices_stand_out_and_a_second_protocol_does_not(cohort_of):
    cases = cohort_of(20, 6)
    thick = [scanned(cases[0], (1.0, 1.0, 8.0), (512, 512, 30)), *cases[1:]]
    assert found_in(thick, 0)["spacing-unusual", ""] == "warning"
    several = [scanned(one, (1.0, 1.0, 5.0), (512, 512, 48)) if n % 3 == 0 else one for n, one in enumerate(cases)]
    assert above_note(several) == [one for one in above_note(several) if one.code != "spacing-unusual"]
    assert ("spacing-unusual", "") in found_in([scanned(cases[0], (1.0, 1.0, 8.0))], 0)


def test_a_narrow_field_stands_out_and_a_wide_one_is_a_note(cohort_of):
    cases = cohort_of(20, 6)
    narrow = [scanned(cases[0], shape=(300, 300, 80)), *cases[1:]]
    assert found_in(narrow, 0)["field-of-view-unusual", ""] == "warning"
    wide = [scanned(cases[0], shape=(800, 800, 80)), *cases[1:]]
    assert found_in(wide, 0)["field-of-view-unusual", ""] == "note"


def test_crumbs_and_pinholes_are_notes(cohort_of, edit):
    with_structure, _ = edit
    cases = cohort_of(20, 7, left_out=0)
    cases[1] = with_structure(cases[1], "Bladder", pieces=(CRUMB,), holes_cc=0.02, hole_index=(5, 5, 5))
    assert found_in(cases, 1) == {("islands", "Bladder"): "note", ("holes", "Bladder"): "note"}


def test_what_most_cases_have_is_the_clinics_way(cohort_of, edit):
    with_structure, _ = edit
    usual = {
        "pieces": (replace(ISLAND, volume_cc=100.0), ISLAND),
        "holes_cc": 5.0,
        "hole_index": (5, 5, 5),
        "gaps": (GAP,),
        "borders": (LAST_SLICE,),
    }
    cases = [with_structure(one, "CTVn", **usual) for one in cohort_of(20, 8, left_out=0)]
    assert [one for one in above_note(cases) if one.structure == "CTVn"] == []


def test_two_sides_of_a_nodal_volume_are_no_islands(cohort_of, edit):
    with_structure, _ = edit
    two = {"pieces": (replace(ISLAND, volume_cc=120.0),), "piece_count": 2}
    for count in (4, 20):
        cases = [with_structure(one, "CTVn", **two) for one in cohort_of(count, 9, left_out=0)]
        assert not any(code == "islands" for code, _ in found_in(cases, 0))


@pytest.mark.parametrize("name", ["SpinalCord", "Bag_Bowel", "External", "Esophagus", "Bowel_Small", "CTVn"])
def test_long_structures_may_leave_few_scans_too(cohort_of, name):
    (case,) = cohort_of(1, 1, left_out=0)
    long = replace(case.measures.structures["CTVn"], borders=(FIRST_SLICE, LAST_SLICE))
    case = replace(case, measures=replace(case.measures, structures={name: long}))
    assert check_case(case, describe_cohort([case], [name])) == []


def test_the_imports_findings_stay_unless_a_check_says_them_anew(cohort_of, edit):
    with_structure, _ = edit
    old = CaseFinding("c000", "CTVn", "slices-left-out", "warning", "of the import")
    other = CaseFinding("c000", "zRing", "name-unresolved", "note", "of the import")
    case = replace(with_structure(cohort_of(1, 1, left_out=0)[0], "CTVn", gaps=(GAP,)), findings=(old, other))
    findings = check_case(case, describe_cohort([case], NAMES))
    assert {(one.code, one.message) for one in findings} == {
        ("slices-left-out", "2 slices between contours not contoured: 26 to 27"),
        ("name-unresolved", "of the import"),
    }


def test_a_structure_that_hardly_anybody_contoured_is_a_note_of_the_cohort(cohort_of):
    cohort = describe_cohort(cohort_of(20, 2), [*NAMES, "Rectum"])
    (finding,) = check_cohort(cohort)
    assert (finding.code, finding.case, finding.structure, finding.severity) == ("structure-rare", "", "Rectum", "note")
    assert check_cohort(describe_cohort(cohort_of(5, 2), ["Rectum"])) == []


def test_the_worst_come_first():
    severities = {"metal": "note", "islands": "warning", "other": "error", "sides-swapped": "error"}
    findings = [CaseFinding("c1", "A", code, severity, "") for code, severity in severities.items()]
    assert [one.code for one in worst_first(findings)] == ["sides-swapped", "other", "islands", "metal"]


def test_every_check_finds_its_own_code():
    for code, check in CHECKS.items():
        module = inspect.getsource(inspect.getmodule(check))
        assert f'Finding("{code}"' in module
