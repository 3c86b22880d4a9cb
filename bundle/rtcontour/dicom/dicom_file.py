"""Open one DICOM file, or say in one line why it cannot be opened."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from rtcontour.errors import InputFileError

PREFIX = b"DICM"
PREAMBLE_BYTES = 128
FIRST_GROUPS_WITHOUT_PREAMBLE = (b"\x02\x00", b"\x08\x00")
UNDEFINED_LENGTH = 0xFFFFFFFF

# What pydicom raises when the bytes contradict the encoding; a broken file may fail anywhere in its parser.
BROKEN_BYTES = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    BytesLengthException,
    struct.error,
    zlib.error,
)


def is_dicom(path: Path) -> bool:
    """Whether the first bytes look like DICOM, with the preamble or, as in some exports, without it.

    Raises:
        InputFileError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(PREAMBLE_BYTES + len(PREFIX))
    except OSError as error:
        raise InputFileError(f"{path}: cannot be opened ({error.strerror}); check the path and its rights") from error
    return start[PREAMBLE_BYTES:] == PREFIX or start[:2] in FIRST_GROUPS_WITHOUT_PREAMBLE


def read_dicom(path: str | Path, *, pixels: bool = True) -> FileDataset:
    """The data set of one file, complete to its last byte; without pixels it ends before them.

    Raises:
        InputFileError: the file is missing, empty, not DICOM, cut short or otherwise broken.
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise InputFileError(f"{path}: {found}; give the path of one DICOM file")
    if not is_dicom(path):
        found = "is empty (0 bytes)" if path.stat().st_size == 0 else "is not DICOM"
        raise InputFileError(f"{path}: {found}; export or copy the file again")
    with understood(path):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=not pixels)
        _check_complete(dataset)
        _name_the_encoding(dataset)
    return dataset


def announced_sop_class(path: Path) -> str | None:
    """The SOP class that the file meta information names, which is legible even where the data set is broken."""
    try:
        return read_file_meta_info(path).get("MediaStorageSOPClassUID")
    except (InvalidDicomError, *BROKEN_BYTES):
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """A value as one string without padding, "" where there is none."""
    value = dataset.get(keyword)
    parts: Iterable[object] = value if isinstance(value, MultiValue) else [value]
    return "" if value is None else "\\".join(str(part) for part in parts).strip(" \0")


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn whatever breaks inside, while values of this file are decoded, into one line about the file."""
    try:
        yield
    except BROKEN_BYTES as error:
        converted = "its line endings were converted, as by a text-mode transfer"
        cause = converted if _has_converted_lines(path) else "cut short?"
        raise InputFileError(f"{path}: is broken DICOM ({cause}); export or copy the file again, as binary") from error


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Hold back pydicom's warnings: what matters is checked by the readers, and a warning may quote the patient.

    To be entered in the calling thread, around the pool: warning filters are shared by all threads.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\.")
        yield


def _check_complete(dataset: Dataset) -> None:
    """Refuse a value shorter than its length says: pydicom takes what there is, and contours would vanish."""
    for tag in dataset.keys():  # noqa: SIM118 (iterating a Dataset decodes every value)
        element = dataset.get_item(tag)
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        if len(element.value or b"") < element.length:
            raise EOFError(f"element {tag} ends early")


def _name_the_encoding(dataset: FileDataset) -> None:
    """Say in the file meta how a file without one was in fact encoded: pixel decoding asks for it."""
    if "TransferSyntaxUID" in dataset.file_meta:
        return
    implicit, little_endian = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _has_converted_lines(path: Path) -> bool:
    """Whether every line feed follows a carriage return, which binary data do not do by chance."""
    content = path.read_bytes()
    line_feeds = content.count(b"\n")
    return line_feeds > 1 and line_feeds == content.count(b"\r\n")
