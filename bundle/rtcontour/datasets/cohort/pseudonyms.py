"""Pseudonyms: what stands in a data set for a patient, a UID or a date. Who has the secret can make them again.

The secret and the list of patients lie in a key folder beside the data set, never in it.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtcontour.errors import InputFileError, OutputError
from rtcontour.files import whole_file

SECRET, PATIENTS = "secret", "patients.csv"
SECRET_BYTES = 32
PATIENT_DIGITS, UID_DIGITS = 12, 20
MOST_DAYS = 3650


@dataclass(frozen=True)
class Pseudonyms:
    """Keyed hashes (HMAC-SHA256): the same secret gives the same pseudonym, and without it none can be traced back.

    Attributes:
        secret: 32 random bytes.
    """

    secret: bytes = field(repr=False)

    def of_patient(self, identity: str) -> str:
        """The name of a patient in the data set, fit for file names."""
        return f"p{self._hash('patient', identity)[:PATIENT_DIGITS]}"

    def of_uid(self, uid: str) -> str:
        """What stands for a UID; "" stays ""."""
        return self._hash("uid", uid)[:UID_DIGITS] if uid else ""

    def of_date(self, date: str, identity: str) -> str:
        """A DICOM date ("20240131") moved into the past by days of the patient's own, as "YYYY-MM-DD".

        All dates of a patient move by the same 1 to 3650 days, so times between them stay. "" where it is no date.
        """
        try:
            day = datetime.datetime.strptime(date, "%Y%m%d").date()
            return (day - datetime.timedelta(1 + int(self._hash("days", identity), 16) % MOST_DAYS)).isoformat()
        except (ValueError, OverflowError):
            return ""

    def _hash(self, kind: str, text: str) -> str:
        return hmac.new(self.secret, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()


def default_key_folder(dataset_dir: str | Path) -> Path:
    """Where the key of a data set lies unless said otherwise: beside it, as NAME.key."""
    dataset_dir = Path(dataset_dir).resolve()
    return dataset_dir.with_name(f"{dataset_dir.name}.key")


def open_pseudonyms(key_folder: str | Path, dataset_dir: str | Path) -> Pseudonyms:
    """The pseudonyms of a key folder, whose secret is drawn where there is none yet.

    Raises:
        OutputError: the key would lie in the data set, or cannot be written.
        InputFileError: the secret is there and is none.
    """
    folder, data = Path(key_folder).resolve(), Path(dataset_dir).resolve()
    if folder.is_relative_to(data):
        raise OutputError(f"{folder}: the key would lie in the data set {data}; choose a folder outside of it (--key)")
    path = folder / SECRET
    if not path.exists():
        _private_folder(folder)
        with whole_file(path) as partial:
            partial.touch(mode=0o600)
            partial.write_text(secrets.token_hex(SECRET_BYTES) + "\n")
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: holds no secret ({error}); restore it, or start a new data set") from error
    if len(secret) != SECRET_BYTES:
        raise InputFileError(f"{path}: holds {len(secret)} bytes, expected {SECRET_BYTES}; restore it")
    return Pseudonyms(secret)


def write_patients(key_folder: str | Path, patients: Mapping[str, str]) -> Path:
    """Add pseudonym -> patient ID to patients.csv of a key folder, which keeps those of earlier imports.

    Raises:
        OutputError: it cannot be written.
    """
    path = Path(key_folder) / PATIENTS
    known = {**_read_patients(path), **patients}
    with whole_file(path, replace=True) as partial:
        partial.touch(mode=0o600)
        with partial.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("pseudonym", "patient_id"), *sorted(known.items())])
    return path


def _read_patients(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["pseudonym"]: row["patient_id"] for row in csv.DictReader(file)}


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another folder (--key)") from error
