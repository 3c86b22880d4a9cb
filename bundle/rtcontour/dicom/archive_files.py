"""What some files of an archive are, each told by its first bytes: run for chunks of files, in any process."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, MediaStorageDirectoryStorage, RTStructureSetStorage

from rtcontour.dicom.archive_head import parse_head
from rtcontour.dicom.archive_slices import WANTED, Known, SliceHeader, parse_slice
from rtcontour.dicom.archive_structure_set import StructureSetHeader, read_structure_set_header
from rtcontour.dicom.archive_values import person_of
from rtcontour.dicom.ct_headers import CT_CLASSES, HEAD_BYTES, READING_THREADS, is_ct
from rtcontour.dicom.dicom_file import (
    BROKEN_BYTES,
    NotUnderstood,
    announced_sop_class,
    looks_like_dicom,
    quiet_pydicom,
    read_dicom,
    text,
    understood,
)
from rtcontour.errors import InputFileError

NOT_DICOM, EMPTY, UNKNOWN, DIRECTORY = "not DICOM", "empty file", "unknown", "DICOMDIR"
FILES_AT_ONCE = 16  # that a thread reads before it hands them over
WANTED_TAGS = [Tag(keyword) for keyword in WANTED]
LAST_TAG = max(WANTED_TAGS)
PERSON_TAGS = [Tag(keyword) for keyword in ("PatientID", "PatientBirthDate", "PatientSex")]
USED_CLASSES = frozenset({*CT_CLASSES, RTStructureSetStorage})
MODALITY = re.compile(r"[A-Z0-9_ ]{1,16}")


@dataclass(frozen=True)
class Unreadable:
    """A file that may be a CT slice or a structure set and cannot be read.

    Attributes:
        path: the file.
        message: why, in one line.
        patient_id: the patient's as far as it can be read, in capitals; "" where it cannot.
    """

    path: str
    message: str
    patient_id: str


FileHeader = SliceHeader | StructureSetHeader | Unreadable | str  # str: the kind of a file that is neither


def read_files(paths: Sequence[str]) -> list[FileHeader]:
    """What each file is, in the order given; never fails for what is in a file."""
    known: Known = {}
    some = [paths[start : start + FILES_AT_ONCE] for start in range(0, len(paths), FILES_AT_ONCE)]
    with quiet_pydicom(), ThreadPoolExecutor(READING_THREADS) as pool:
        starts = (start for read in pool.map(_read_starts, some) for start in read)
        return [_tell(path, start, known) for path, start in zip(paths, starts, strict=True)]


def _read_starts(paths: Sequence[str]) -> list[tuple[bytes, int] | OSError]:
    """The first bytes of each file and its size."""
    return [_read_start(path) for path in paths]


def _read_start(path: str) -> tuple[bytes, int] | OSError:
    try:
        with Path(path).open("rb", buffering=0) as file:
            return file.read(HEAD_BYTES), os.fstat(file.fileno()).st_size
    except OSError as error:
        return error


def _tell(path: str, start: tuple[bytes, int] | OSError, known: Known) -> FileHeader:
    if isinstance(start, OSError):
        return Unreadable(path, f"{path}: cannot be opened ({start.strerror}); check the path and its rights", "")
    head, size = start
    if not looks_like_dicom(head):
        return NOT_DICOM if size else EMPTY
    try:
        with understood(Path(path)):
            return _tell_dicom(path, head, size, known)
    except InputFileError as error:
        announced = announced_sop_class(Path(path))
        if announced not in (None, *USED_CLASSES):
            return DIRECTORY if announced == MediaStorageDirectoryStorage else UNKNOWN
        return Unreadable(path, str(error), _patient_id(head))


def _tell_dicom(path: str, head: bytes, size: int, known: Known) -> FileHeader:
    elements = parse_head(head, WANTED_TAGS, LAST_TAG)
    if elements is None:
        elements = dict(read_dicom(path, pixels=False, only=WANTED).items())
    header = Dataset(dict(elements))
    if is_ct(header):
        return parse_slice(path, size, elements, known)
    sop_class, modality = text(header, "SOPClassUID"), text(header, "Modality")
    if sop_class == RTStructureSetStorage or modality == "RTSTRUCT":
        return read_structure_set_header(Path(path), size)
    if not (sop_class or modality):
        raise NotUnderstood("is damaged, or of no kind: it names no SOP class and no modality")
    if modality == "CT":
        return f"CT ({UID(sop_class).name})"
    return modality if MODALITY.fullmatch(modality) else UNKNOWN


def _patient_id(head: bytes) -> str:
    """The patient ID in the first bytes of a file that is broken somewhere."""
    elements = parse_head(head, PERSON_TAGS, PERSON_TAGS[-1])
    try:
        return person_of(Dataset(dict(elements))).known_id if elements else ""
    except BROKEN_BYTES:
        return ""
