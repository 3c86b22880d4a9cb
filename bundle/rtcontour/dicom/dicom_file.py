"""Open one DICOM file, or say in one line why it cannot be opened."""

from __future__ import annotations

import logging
import mmap
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from rtcontour.errors import InputFileError

PREFIX = b"DICM"
PREAMBLE_BYTES = 128
FIRST_GROUPS_WITHOUT_PREAMBLE = (b"\x02\x00", b"\x08\x00")
FILE_META_BYTES = 2048
META_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"  # File Meta Information Group Length, without its value
MOST_INFLATED_BYTES = 512 << 20
INFLATED_AT_ONCE = 1 << 20
UNDEFINED_LENGTH = 0xFFFFFFFF
ESCAPE = b"\x1b"  # begins a change of character set (ISO 2022), after which bytes below 128 are other letters

# What pydicom raises when the bytes contradict the encoding; a broken file may fail anywhere in its parser.
BROKEN_BYTES = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    BytesLengthException,
    struct.error,
    zlib.error,
)


class NotUnderstood(ValueError):
    """A value that is not what it should be; `understood` tells its message and the file."""


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
    return looks_like_dicom(start)


def looks_like_dicom(start: bytes) -> bool:
    """The same of the first bytes of a file, 132 or more where it has them."""
    return start[PREAMBLE_BYTES:][: len(PREFIX)] == PREFIX or start[:2] in FIRST_GROUPS_WITHOUT_PREAMBLE


def read_dicom(path: str | Path, *, pixels: bool = True, only: list[str] | None = None) -> FileDataset:
    """The data set of one file, complete to its last byte.

    Args:
        path: the file.
        pixels: whether to read them; without, the data set ends before them.
        only: keywords of the attributes to keep; None for all.

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
    with understood(path), _mapped(path) as content:
        dataset = pydicom.dcmread(content, force=True, stop_before_pixels=not pixels, specific_tags=only)
        check_complete(dataset)
        name_the_encoding(dataset)
    return dataset


def announced_sop_class(path: Path) -> str | None:
    """The SOP class that the file meta information names, which is legible even where the data set is broken."""
    try:
        with path.open("rb") as file:
            head = BytesIO(file.read(FILE_META_BYTES))
        return read_partial(head, stop_when=lambda *_: True).file_meta.get("MediaStorageSOPClassUID")
    except (InvalidDicomError, *BROKEN_BYTES):
        return None


def read_patient_id(path: Path) -> str:
    """Patient ID (0010,0020) of a file, "" where it has none; to be compared, never to be shown.

    Raises:
        InputFileError: what `read_dicom` raises.
    """
    with quiet_pydicom(), understood(path):
        return text(read_dicom(path, pixels=False, only=["SpecificCharacterSet", "PatientID"]), "PatientID")


def text(dataset: Dataset, keyword: str) -> str:
    """A value as one string without padding, "" where there is none, or a sequence in its place."""
    stored = stored_bytes(dataset, keyword)
    if stored is not None and stored.isascii() and ESCAPE not in stored:  # pydicom would make the same of it, slowly
        return stored.decode("ascii").strip(" \0")
    value = dataset.get(keyword)
    if isinstance(value, Sequence):  # from a damaged file; as text, one that is nested would fill the memory
        return ""
    parts: Iterable[object] = value if isinstance(value, MultiValue) else [value]
    return "" if value is None else "\\".join(str(part) for part in parts).strip(" \0")


def stored_bytes(dataset: Dataset, keyword: str) -> bytes | None:
    """The value of an element as it stands in the file, b"" where it is absent; None once pydicom has decoded it."""
    tag = _tag_of(keyword)
    if tag not in dataset:
        return b""
    element = dataset.get_item(tag)
    return element.value or b"" if isinstance(element, RawDataElement) else None


@cache
def _tag_of(keyword: str) -> BaseTag:
    return Tag(keyword)


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; [] where it is absent or empty.

    Raises:
        NotUnderstood: the element is no sequence.
    """
    value = dataset.get(keyword)
    if not isinstance(value, Sequence | None):
        raise NotUnderstood(f"{keyword} is no sequence")
    return list(value or ())


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """A whole number (US, SS, IS); None where it is absent or something else."""
    value = dataset.get(keyword)
    return int(value) if isinstance(value, int) else None


@contextmanager
def _mapped(path: Path) -> Iterator[Any]:
    """A file's content to be read from memory, where a length that lies cannot ask for more than there is."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        _refuse_endless(path, content)
        yield content


def _refuse_endless(path: Path, content: Any) -> None:
    """Refuse a deflated file that is far larger than it looks.

    Raises:
        InputFileError: it inflates to more than MOST_INFLATED_BYTES.
    """
    if DeflatedExplicitVRLittleEndian.encode() not in content[:FILE_META_BYTES]:
        return
    start = PREAMBLE_BYTES + len(PREFIX)
    if content[start : start + 8] != META_LENGTH:
        return
    inflater, inflated = zlib.decompressobj(-zlib.MAX_WBITS), 0
    data = content[start + 12 + int.from_bytes(content[start + 8 : start + 12], "little") :]
    while data and inflated <= MOST_INFLATED_BYTES:
        inflated += len(inflater.decompress(data, INFLATED_AT_ONCE))
        data = inflater.unconsumed_tail
    if inflated > MOST_INFLATED_BYTES:
        raise InputFileError(f"{path}: inflates to over {MOST_INFLATED_BYTES >> 20} MiB; export it uncompressed")


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn whatever breaks inside, while values of this file are decoded, into one line about the file."""
    try:
        yield
    except NotUnderstood as error:
        raise InputFileError(f"{path}: {error}; export it again") from error
    except BROKEN_BYTES as error:
        converted = "its line endings were converted, as by a text-mode transfer"
        cause = converted if _has_converted_lines(path) else "cut short?"
        raise InputFileError(f"{path}: is broken DICOM ({cause}); export or copy the file again, as binary") from error


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Hold back pydicom's warnings: what matters is checked by the readers, and a warning may quote the patient.

    pydicom gives most of them twice, as warnings and to its logger. To be entered in the calling thread, around the
    pool: warning filters and loggers are shared by all threads.
    """
    logger = logging.getLogger("pydicom")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\.")
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logger.setLevel(level)


def check_complete(dataset: Dataset) -> None:
    """Refuse a value shorter than its length says: pydicom takes what there is, and contours would vanish.

    Raises:
        EOFError: a value is.
    """
    for tag in dataset.keys():  # noqa: SIM118 (iterating a Dataset decodes every value)
        element = dataset.get_item(tag)
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        if len(element.value or b"") < element.length:
            raise EOFError(f"element {tag} ends early")


def name_the_encoding(dataset: FileDataset) -> None:
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
