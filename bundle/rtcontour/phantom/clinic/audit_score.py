"""score_audit: what the import and audit of a synthetic clinic made of its planted defects and its clean patients."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcontour.datasets.cohort.cohort_file import read_cohort
from rtcontour.datasets.cohort.pseudonyms import Pseudonyms, default_key_folder, open_pseudonyms
from rtcontour.datasets.record import read_record
from rtcontour.dicom.archive_patient_id import canonical_patient_id
from rtcontour.errors import InputFileError
from rtcontour.phantom.clinic.clinic import PLANTED

FOUND, REFUSED, HANDLED, MISSED = "found", "refused", "handled", "missed"


@dataclass(frozen=True)
class DefectScore:
    """What became of one planted defect.

    Attributes:
        kind: of the defect.
        case: the patient's name in the data set.
        structure: that it is about; "" for none.
        outcome: "found" by a finding of its code about its structure; "refused", as not to be imported; "handled",
            where no finding is due and the right files are used; else "missed".
        told: the findings that count, or what is there instead.
    """

    kind: str
    case: str
    structure: str
    outcome: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class Alarm:
    """A finding above a note, or a refusal, where nothing was planted.

    Attributes:
        case: the patient's name in the data set.
        code: of the finding; "patient-not-imported" for a refusal.
        structure: that it is about; "" for none.
        message: in words.
    """

    case: str
    code: str
    structure: str
    message: str


@dataclass(frozen=True)
class AuditScore:
    """A clinic's planted defects and clean patients after an import.

    Attributes:
        defects: one by one.
        clean: how many patients have no defect.
        false_alarms: of clean patients.
        beside: of patients with a defect, alarms that are about something else; consequences of the defect, too.
    """

    defects: tuple[DefectScore, ...]
    clean: int
    false_alarms: tuple[Alarm, ...]
    beside: tuple[Alarm, ...]

    @property
    def missed(self) -> tuple[DefectScore, ...]:
        """The defects that nobody was told of."""
        return tuple(one for one in self.defects if one.outcome == MISSED)

    @property
    def alarmed(self) -> int:
        """How many clean patients have a false alarm."""
        return len({one.case for one in self.false_alarms})

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> how many defects."""
        counts = Counter(one.outcome for one in self.defects)
        return {outcome: counts[outcome] for outcome in (FOUND, REFUSED, HANDLED, MISSED)}


@dataclass(frozen=True)
class _Imported:
    """What an import says of one patient."""

    case: str
    record: Mapping[str, Any] | None
    refused: str
    findings: Sequence[Mapping[str, Any]]


def score_audit(clinic_dir: str | Path, dataset_dir: str | Path, *, key: str | Path | None = None) -> AuditScore:
    """Compare planted.json of a clinic with what its import wrote.

    Args:
        clinic_dir: as `write_clinic` left it.
        dataset_dir: the data set that was imported from its export.
        key: the key folder; beside the data set by default.

    Raises:
        InputFileError: no planted.json, or no audited import.
    """
    planted, facts = _read(Path(clinic_dir) / PLANTED), _read(Path(dataset_dir) / "audit" / "audit.json")
    key_folder = default_key_folder(dataset_dir) if key is None else Path(key)
    pseudonyms = open_pseudonyms(key_folder, dataset_dir)
    patients = {one: _imported(one, Path(dataset_dir), facts, pseudonyms) for one in planted["patients"]}
    defects, beside = [], []
    for defect in planted["defects"]:
        patient = patients[defect["patient_id"]]
        defects.append(_score(defect, patient, pseudonyms))
        if not defect["not_imported"]:
            beside += [
                one for one in _alarms(patient) if not (one.code == defect["finding"] and _is_about(one, defect))
            ]
    false_alarms = [one for patient_id in planted["clean"] for one in _alarms(patients[patient_id])]
    return AuditScore(tuple(defects), len(planted["clean"]), tuple(false_alarms), tuple(beside))


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(
            f"{path}: cannot be read ({error}); draw the clinic and import its export first"
        ) from error
    return content


def _imported(patient_id: str, dataset_dir: Path, facts: Mapping[str, Any], pseudonyms: Pseudonyms) -> _Imported:
    case = pseudonyms.of_patient(canonical_patient_id(patient_id))
    cohort = read_cohort(dataset_dir)
    refused = cohort.not_imported.get(case, "") if cohort else ""
    findings = [one for one in facts["findings"] if one["case"] == case]
    return _Imported(case, read_record(dataset_dir, case), refused, findings)


def _score(defect: Mapping[str, Any], patient: _Imported, pseudonyms: Pseudonyms) -> DefectScore:
    code = defect["finding"]
    if defect["not_imported"]:
        refused = patient.record is None and patient.refused
        outcome, told = (REFUSED if refused else MISSED), [patient.refused or "was imported"]
    elif patient.record is None:
        outcome, told = MISSED, [f"was not imported: {patient.refused or 'nothing is known of the patient'}"]
    elif code is not None:
        about = [one for one in patient.findings if one["code"] == code and _is_about(_alarm(one), defect)]
        outcome, told = (FOUND if about else MISSED), [f"{one['severity']}: {one['message']}" for one in about]
    else:
        wrong = _wrong_files(defect["where"], patient.record["source"], pseudonyms)
        outcome, told = (MISSED if wrong else HANDLED), wrong
    return DefectScore(defect["kind"], patient.case, defect["structure"] or "", outcome, tuple(told))


def _wrong_files(where: Mapping[str, Any], source: Mapping[str, Any], pseudonyms: Pseudonyms) -> list[str]:
    """The CT or the structure set, if another one than the right one is used."""
    return [
        f"another {there} is used"
        for planted, there in (("use_ct", "ct_series"), ("use_structure_set", "structure_set"))
        if planted in where and pseudonyms.of_uid(where[planted]) != source[there]
    ]


def _is_about(alarm: Alarm, defect: Mapping[str, Any]) -> bool:
    """Whether a finding is about a defect's structure, by its name or as the clinic wrote it."""
    where = defect["where"]
    names = {defect["structure"], where.get("roi_name"), *where.get("structures", ())} - {None}
    return not names or alarm.structure in names


def _alarms(patient: _Imported) -> list[Alarm]:
    if patient.record is None:
        return [Alarm(patient.case, "patient-not-imported", "", patient.refused)]
    return [_alarm(one) for one in patient.findings if one["severity"] != "note"]


def _alarm(finding: Mapping[str, Any]) -> Alarm:
    return Alarm(finding["case"], finding["code"], finding["structure"], finding["message"])
