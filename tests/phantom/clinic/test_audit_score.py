"""What is said of an imported clinic: defects found and refused, and what is missed or a false alarm once it is so."""

import json
from collections import Counter

import pytest

from rtcontour.datasets.cohort import import_archive
from rtcontour.errors import InputFileError
from rtcontour.phantom.clinic import write_clinic
from rtcontour.phantom.clinic.audit_score import score_audit

TINY = {"spacing_mm": (5.0, 6.0, 6.0), "columns_rows": (90, 72), "slices": 36}
KINDS = ["roi-empty", "ct-missing", "newer-unapproved", "patient-id-spelling"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A clinic of six patients, four of them with a defect, and the data set made of it."""
    folder = tmp_path_factory.mktemp("clinic")
    clinic = write_clinic(folder / "clinic", patients=6, seed=2, defects=KINDS, **TINY)
    data_set = import_archive(clinic / "export", folder / "data", recipe="pelvis_fcn", workers=1, findings=[])
    return clinic, data_set


def changed(data_set, change):
    """The score after a change of audit.json, which is put back."""
    path = data_set[1] / "audit" / "audit.json"
    before = path.read_text(encoding="utf-8")
    facts = json.loads(before)
    change(facts)
    path.write_text(json.dumps(facts), encoding="utf-8")
    score = score_audit(*data_set)
    path.write_text(before, encoding="utf-8")
    return score


def test_what_is_planted_is_found_refused_or_handled(imported):
    score = score_audit(*imported)
    outcomes = {one.kind: one.outcome for one in score.defects}
    assert outcomes == dict(zip(KINDS, ("found", "refused", "handled", "found"), strict=True))
    assert score.missed == () and score.clean == 2 and score.alarmed == 0


def test_a_defect_of_which_nothing_is_told_is_missed(imported):
    score = changed(imported, lambda facts: facts["findings"].clear())
    assert {one.kind for one in score.missed} == {"roi-empty", "patient-id-spelling"}


def test_a_warning_about_a_clean_patient_is_a_false_alarm_and_a_note_is_none(imported):
    whole = score_audit(*imported)
    planted = {one.case for one in whole.defects}

    def warn(facts):
        clean = next(row["case"] for row in facts["cases"] if row["case"] not in planted)
        one = {"case": clean, "structure": "Bladder", "code": "holes", "message": "holes"}
        facts["findings"] += [{**one, "severity": "warning"}, {**one, "severity": "note"}]

    score = changed(imported, warn)
    assert [(one.code, one.structure) for one in score.false_alarms] == [("holes", "Bladder")] and score.alarmed == 1


def test_the_audit_counts_how_each_structure_is_written(imported):
    clinic, data_set = imported
    planted = json.loads((clinic / "planted.json").read_text(encoding="utf-8"))
    refused = {one["patient_id"] for one in planted["defects"] if one["not_imported"]}
    facts = json.loads((data_set / "audit" / "audit.json").read_text(encoding="utf-8"))
    for row in facts["structures"]:
        written = Counter(
            about["structures"][row["name"]]
            for patient_id, about in planted["patients"].items()
            if patient_id not in refused and row["name"] in about["structures"]
        )
        assert row["spellings"] == written


def test_no_clinic_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=r"planted\.json"):
        score_audit(tmp_path, tmp_path)
