import math
from dataclasses import replace
from statistics import median

import pytest

from rtcontour.datasets.audit.cohort_statistics import (
    describe_cohort,
    pair_offsets_mm,
    partner_of,
    size_of,
    without_wrong_middles,
)
from rtcontour.datasets.audit.structure_measures import FIRST_SLICE, LAST_SLICE

NAMES = ["Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"]


@pytest.fixture(scope="module")
def cases(cohort_of):
    return cohort_of(30, seed=4)


def test_structures_are_counted_where_they_have_voxels(cases, edit):
    with_structure, _ = edit
    first = next(n for n, one in enumerate(cases) if "Bladder" in one.measures.structures)
    emptied = [*cases]
    emptied[first] = with_structure(cases[first], "Bladder", box=None, volume_cc=0.0, centroid_mm=None)
    counts = [describe_cohort(some, NAMES).structures["Bladder"].count for some in (cases, emptied)]
    assert counts[0] == sum("Bladder" in one.measures.structures for one in cases) == counts[1] + 1


def test_partners_come_from_the_structure_table():
    assert partner_of("Femur_Head_L", NAMES) == "Femur_Head_R"
    assert partner_of("Femur_Head_L", ["Bladder"]) == partner_of("Bladder", NAMES) == partner_of("zRing", NAMES) == ""


def test_heights_are_medians_over_the_other_structures(cases):
    usual = describe_cohort(cases, NAMES).structures
    z = {
        name: {one.case: found[name].centroid_mm[2] for one in cases if name in (found := one.measures.structures)}
        for name in NAMES
    }
    for name in NAMES:
        for case, height in usual[name].heights_mm.items():
            against = []
            for other in NAMES:
                both = z[name].keys() & z[other].keys()
                if other != name and case in z[other]:
                    usually = median(z[name][one] - z[other][one] for one in both)
                    against.append(z[name][case] - z[other][case] - usually)
            assert height == pytest.approx(median(against))


def test_one_moved_structure_is_told_from_those_that_stayed(cases, edit):
    with_structure, _ = edit
    case = next(one for one in cases if len(one.measures.structures) == 5)
    x, y, z = case.measures.structures["Bladder"].centroid_mm
    moved = [with_structure(one, "Bladder", centroid_mm=(x, y, z + 90)) if one is case else one for one in cases]
    before, after = describe_cohort(cases, NAMES).structures, describe_cohort(moved, NAMES).structures
    shifts = {name: after[name].heights_mm[case.case] - before[name].heights_mm[case.case] for name in NAMES}
    assert shifts["Bladder"] == pytest.approx(90, abs=6)
    assert all(abs(shift) < 20 for name, shift in shifts.items() if name != "Bladder")


def test_what_leaves_most_scans_is_sized_by_its_section_and_has_no_height(cases, edit):
    with_structure, _ = edit
    having = [one for one in cases if "CTVn" in one.measures.structures]
    cut = [with_structure(one, "CTVn", borders=(LAST_SLICE,)) for one in having]
    usual = describe_cohort(cut, NAMES).structures["CTVn"]
    assert usual.by_section and usual.heights_mm == {}
    assert LAST_SLICE in usual.common and FIRST_SLICE not in usual.common
    one = cut[0].measures.structures["CTVn"]
    assert size_of(one, True) == pytest.approx(math.log(one.volume_cc / 6.3))  # 63 mm long
    assert size_of(one, False) == pytest.approx(math.log(one.volume_cc))


def test_slices_left_out_do_not_thin_a_section(cases):
    one = next(one for one in cases if "CTVn" in one.measures.structures).measures.structures["CTVn"]
    every_second = replace(one, slices=11, volume_cc=one.volume_cc * 11 / 21)
    assert size_of(every_second, True) == pytest.approx(size_of(one, True))


def test_a_pair_that_is_alike_on_both_sides_has_no_offset(cases):
    left = next(one for one in cases if "Femur_Head_L" in one.measures.structures).measures.structures["Femur_Head_L"]
    x, y = left.body_offset_mm
    right = replace(left, body_offset_mm=(-x, y))
    assert pair_offsets_mm(left, right) == (0, 0, 0)
    assert pair_offsets_mm(left, replace(right, body_offset_mm=(-x - 7, y - 2))) == pytest.approx((-7, 2, 0))
    assert pair_offsets_mm(left, replace(right, body_offset_mm=None)) is None


def test_an_empty_cohort_says_nothing():
    cohort = describe_cohort([], NAMES)
    assert not cohort.speaks and cohort.structures["Bladder"].count == 0


def test_a_body_that_is_cut_has_no_middle_unless_most_are_cut(cohort_of, edit):
    _, with_image = edit
    cases = cohort_of(20, 4, left_out=0)
    cut = [with_image(cases[0], cut_share=1.0), *cases[1:]]
    seen = without_wrong_middles(cut)
    assert [one.measures.structures["Bladder"].body_offset_mm is None for one in seen] == [True] + [False] * 19
    assert describe_cohort(seen, ["Bladder"]).structures["Bladder"].offset_mm[0].n == 19
    all_cut = [with_image(one, cut_share=1.0) for one in cases]
    assert without_wrong_middles(all_cut) == all_cut
