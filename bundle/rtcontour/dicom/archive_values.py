"""Single values of headers as an archive has them: dates of several forms, who a patient is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pydicom.dataset import Dataset

from rtcontour.dicom.archive_patient_id import canonical_patient_id, tells_patients_apart
from rtcontour.dicom.dicom_file import text

DATE = re.compile(r"(?:1[89]|2\d)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
TIME = re.compile(r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d)?)?")
NOBODY_S_BIRTHDAYS = frozenset({"18000101", "18900101", "19000101", "19010101", "19700101"})  # what anonymisers write


@dataclass(frozen=True)
class Person:
    """Whom a header is about; to be compared, never to be shown.

    Attributes:
        patient_id: as written, without padding.
        sex: "M", "F", "O" or "".
        birth_date: "YYYYMMDD", "" where there is none or one that stands for nobody's.
    """

    patient_id: str
    sex: str
    birth_date: str

    @property
    def known_id(self) -> str:
        """The patient ID in the form in which IDs of one patient are equal; "" where it tells nobody apart."""
        return canonical_patient_id(self.patient_id) if tells_patients_apart(self.patient_id) else ""


def person_of(header: Dataset) -> Person:
    """The patient of a header."""
    sex, (born, _) = text(header, "PatientSex").upper()[:1], moment(text(header, "PatientBirthDate"))
    return Person(
        patient_id=" ".join(text(header, "PatientID").split()),
        sex=sex if sex in ("M", "F", "O") else "",
        birth_date="" if born in NOBODY_S_BIRTHDAYS else born,
    )


@lru_cache(maxsize=4096)
def moment(date: str, time: str = "") -> tuple[str, str]:
    """A date and a time as ("YYYYMMDD", "HHMMSS"), which compare as text; "" for what is none.

    Source: DICOM PS3.5 6.2, DA and TM; the forms with points and colons are those of ACR-NEMA.
    """
    day = date.strip().replace(".", "").replace("-", "")
    if not DATE.fullmatch(day):
        return "", ""
    clock = TIME.fullmatch(time.strip().replace(":", "").split(".")[0])
    return day, clock[0].ljust(6, "0") if clock else ""
