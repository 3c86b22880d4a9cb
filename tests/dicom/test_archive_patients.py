"""From headers to patients: no order of files matters, and every file ends with one patient."""

import dataclasses
import random
from pathlib import Path

import pytest

from rtcontour.dicom.archive import StructureSetFound
from rtcontour.dicom.archive_patients import group_by_patient
from rtcontour.dicom.archive_slices import SeriesHeader, SliceHeader
from rtcontour.dicom.archive_stacks import stack_slices_found
from rtcontour.dicom.archive_structure_set import StructureSetHeader
from rtcontour.dicom.archive_values import Person, moment
from rtcontour.dicom.uids import uid_or_nothing

NOBODY = Person("", "", "")


def series(uid, person=NOBODY, *, study="", frame="", row=(1.0, 0.0, 0.0), depths=(0, 2, 4), folder="a", **changed):
    """Slices of one series, as a scan of their files gives them."""
    values = {
        "person": person,
        "study_uid": study,
        "series_uid": uid,
        "frame_of_reference_uid": frame,
        "acquisition": "1",
        "shape": (4, 3),
        "spacing_mm": (1.0, 2.0),
        "row": row,
        "column": (0.0, 1.0, 0.0),
        "manufacturer": "",
        "model": "",
        "contrast": None,
        "burnt_in": False,
    }
    header = SeriesHeader(**{**values, **changed})
    return [
        SliceHeader(f"{folder}/{uid}.{z}", 100, f"{uid}.{z}", ((0.0, 0.0, float(z)),), ("", ""), header) for z in depths
    ]


def drawn(uid, person=NOBODY, *, study="", frame="", images=(), series_uids=()):
    """A structure set, as a scan of its file gives it."""
    found = StructureSetFound(
        patient_id=person.patient_id,
        study_uid=study,
        path=Path(f"rs/{uid}"),
        sop_instance_uid=uid,
        frame_of_reference_uid=frame,
        series_uids=series_uids,
        image_uids=frozenset(images),
        approval="",
        date="",
        time="",
        manufacturer="",
        model="",
        label="",
    )
    return StructureSetHeader(found, person, 100)


def person(patient_id, sex="", born=""):
    return Person(patient_id, sex, born)


def grouped(slices, sets=()):
    """Patient ID, series and structure sets of each patient."""
    patients = group_by_patient(stack_slices_found(slices), sets)
    return [
        (one.patient_id, [ct.series_uid for ct in one.ct], [rs.sop_instance_uid for rs in one.structure_sets])
        for one in patients
    ]


def test_no_order_of_files_matters():
    slices = [
        *series("1.1", person("A1"), study="1.9", frame="1.8"),
        *series("1.1", person("a1"), study="1.9", frame="1.8", folder="b"),  # copies, the ID in small letters
        *series("1.1", person("A1"), study="1.9", frame="1.8", row=(0.0, 0.0, 1.0), depths=(7, 9)),
        *series("1.2", person("A1"), study="1.9", depths=(0, 2), acquisition="1"),
        *series("1.2", person("A1"), study="1.9", depths=(0, 2), acquisition="2", folder="c"),
        *series("1.3", person("B2", "F"), study="1.7"),
        *series("1.4", person("B2", "M"), study="1.6"),
        *series("1.5", study="1.5", frame="1.51"),
        *series("1.6", study="1.61", frame="1.51"),
        *series("", person("C3"), folder="d"),
        *series("", person("C3"), folder="e"),
    ]
    sets = [
        drawn("2.1", person("Z9"), images=["1.1.0", "1.3.0", "1.3.2"]),
        drawn("2.2", study="1.61"),
        drawn("2.3", person("B2"), frame="1.8"),
        drawn("2.4", study="1.44"),
        drawn("2.5", frame="1.33"),
        drawn("2.6", study="1.44"),
    ]
    expected = group_by_patient(stack_slices_found(slices), sets)
    assert sum(len(one.structure_sets) for one in expected) == len(sets)
    for seed in range(30):
        random.Random(seed).shuffle(slices)
        random.Random(seed + 99).shuffle(sets)
        assert group_by_patient(stack_slices_found(slices), sets) == expected


def test_a_structure_set_stays_with_its_own_patient_if_it_names_an_image_of_hers():
    slices = series("1.1", person("A1")) + series("1.2", person("B2"))
    images = ["1.1.0", "1.2.0", "1.2.2"]
    assert grouped(slices, [drawn("2.1", person("A1"), images=images)])[0] == ("A1", ["1.1"], ["2.1"])
    assert grouped(slices, [drawn("2.1", person("C3"), images=images)])[1] == ("B2", ["1.2"], ["2.1"])


def test_a_series_named_counts_where_no_image_is_there():
    slices = series("1.1", person("A1")) + series("1.2", person("B2"))
    one = drawn("2.1", person("C3"), images=["9.9"], series_uids=("1.2",))
    assert grouped(slices, [one]) == [("A1", ["1.1"], []), ("B2", ["1.2"], ["2.1"])]


def test_a_structure_set_that_names_nothing_has_its_own_patient():
    slices = series("1.1", person("A1"), study="1.9", frame="1.8")
    assert grouped(slices, [drawn("2.1", person("B2"), study="1.9")]) == [("A1", ["1.1"], []), ("B2", [], ["2.1"])]
    assert grouped(slices, [drawn("2.1", study="1.9")]) == [("A1", ["1.1"], ["2.1"])]
    assert grouped(slices, [drawn("2.1", frame="1.8")]) == [("A1", ["1.1"], ["2.1"])]
    assert grouped(slices, [drawn("2.1")]) == [("A1", ["1.1"], []), ("", [], ["2.1"])]


def test_a_ct_that_two_patients_claim_belongs_to_neither():
    slices = series("1.1", study="1.9")
    claims = [drawn("2.1", person("A1"), study="1.9"), drawn("2.2", person("B2"), study="1.9")]
    assert grouped(slices, claims[:1]) == [("A1", ["1.1"], ["2.1"])]
    assert grouped(slices, claims) == [("A1", [], ["2.1"]), ("B2", [], ["2.2"]), ("", ["1.1"], [])]


def test_a_ct_without_id_goes_with_the_patient_of_its_study():
    slices = series("1.1", person("A1"), study="1.9") + series("1.2", study="1.9") + series("1.3", study="1.6")
    assert grouped(slices) == [("A1", ["1.1", "1.2"], []), ("", ["1.3"], [])]


@pytest.mark.parametrize(
    "one, other, apart",
    [
        (("F", ""), ("M", ""), True),
        (("", "19500101"), ("", "19500102"), True),
        (("F", "19500101"), ("", ""), False),
        (("F", "19500101"), ("F", "19500101"), False),
        (("F", ""), ("O", ""), False),
    ],
)
def test_people_of_one_id_are_told_apart_only_by_sex_or_birth_date(one, other, apart):
    slices = series("1.1", person("A1", *one), study="1.9") + series("1.2", person("A1", *other), study="1.6")
    assert len(grouped(slices)) == (2 if apart else 1)
    same_study = [dataclasses.replace(s, series=dataclasses.replace(s.series, study_uid="1.9")) for s in slices]
    assert len(grouped(same_study)) == 1  # one study is one person's; a header is wrong


@pytest.mark.parametrize(
    "date, time, expected",
    [
        ("20110302", "101500.25", ("20110302", "101500")),
        ("2011.03.02", "10:15", ("20110302", "101500")),
        ("20110302", "", ("20110302", "")),
        ("20110302", "25", ("20110302", "")),
        ("20111302", "101500", ("", "")),
        ("Anonymous", "101500", ("", "")),
        ("", "", ("", "")),
    ],
)
def test_dates_of_any_form_compare_as_text(date, time, expected):
    assert moment(date, time) == expected


@pytest.mark.parametrize("word", ["", "Anonymous", "1", "1.", ".1", "1.2a", "1..2", "1." + "2" * 63])
def test_what_is_no_uid_is_nothing(word):
    assert uid_or_nothing(word) == "" and uid_or_nothing("1.2.840") == "1.2.840"
