"""The headers of the CT files below a folder: read by many threads, parsed one by one, pixels left where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.uid import LegacyConvertedEnhancedCTImageStorage as LegacyEnhancedCTImageStorage

from rtcontour.dicom.dicom_file import (
    BROKEN_BYTES,
    announced_sop_class,
    check_complete,
    integer_of,
    looks_like_dicom,
    name_the_encoding,
    read_dicom,
    text,
    understood,
)
from rtcontour.errors import InputFileError

READING_THREADS = 8  # archives lie on network disks: waiting overlaps
FILES_AT_ONCE = 256  # whose first bytes wait to be parsed
HEAD_BYTES = 16384  # more than most CT headers take; a longer one is read again, whole
PIXEL_DATA = b"\xe0\x7f\x10\x00"
CT_CLASSES = frozenset({CTImageStorage, EnhancedCTImageStorage, LegacyEnhancedCTImageStorage})

STUDY_ATTRIBUTES = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "PositionReferenceIndicator",
)
IMAGE_ATTRIBUTES = (
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    "SliceThickness",
    "SeriesInstanceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
    "SamplesPerPixel",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
WANTED = [*STUDY_ATTRIBUTES, *IMAGE_ATTRIBUTES]


@dataclass(frozen=True, eq=False)
class CtFile:
    """A file of the folder that holds CT.

    Attributes:
        path: the file.
        header: the attributes of STUDY_ATTRIBUTES and IMAGE_ATTRIBUTES that it has.
        pixels_at: where 16-bit pixel values begin in the file; None where they are packed in another way.
    """

    path: Path
    header: Dataset = field(repr=False)
    pixels_at: int | None = None

    @property
    def is_enhanced(self) -> bool:
        """Whether its frames are described by functional groups."""
        return "PerFrameFunctionalGroupsSequence" in self.header

    @property
    def is_localizer(self) -> bool:
        """Whether it is a scout view."""
        return "LOCALIZER" in text(self.header, "ImageType").split("\\")


def read_headers(files: Iterable[Path]) -> Iterator[CtFile | str]:
    """Each file in turn: its CT header, or for anything else its modality, "" where it is no DICOM.

    Raises:
        InputFileError: a file that cannot be opened, or a broken one that may be a slice.
    """
    files = list(files)
    with ThreadPoolExecutor(READING_THREADS) as pool:
        for start in range(0, len(files), FILES_AT_ONCE):
            some = files[start : start + FILES_AT_ONCE]
            for path, head in zip(some, pool.map(_read_head, some), strict=True):
                yield _parse(path, head) if looks_like_dicom(head) else ""


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise InputFileError(f"{path}: cannot be opened ({error.strerror}); check the path and its rights") from error


def _parse(path: Path, head: bytes) -> CtFile | str:
    stream = BytesIO(head)
    header = _parse_head(stream)
    if header is None:
        return _parse_whole(path)
    with understood(path):
        if "SOPClassUID" in header and not is_ct(header):
            return _modality(header)
        at = stream.tell()
        if head[at : at + 4] == PIXEL_DATA:
            return CtFile(path, header, _plain_pixels_at(header, head, at)) if is_ct(header) else _modality(header)
    return _parse_whole(path)


def _parse_head(stream: BytesIO) -> FileDataset | None:
    """What the first bytes of a file say, up to the pixels; None where they break off or are broken."""
    try:
        header = pydicom.dcmread(stream, force=True, stop_before_pixels=True, specific_tags=WANTED)
        check_complete(header)
    except BROKEN_BYTES:
        return None
    name_the_encoding(header)
    header.buffer = None  # else every header keeps the bytes that it was read from
    return header


def _parse_whole(path: Path) -> CtFile | str:
    """The slow way, for a header longer than HEAD_BYTES, a file without pixels, and one that is broken."""
    try:
        header = read_dicom(path, pixels=False, only=WANTED)
    except InputFileError:
        if announced_sop_class(path) in (None, *CT_CLASSES):
            raise
        return "unknown"
    return CtFile(path, header) if is_ct(header) else _modality(header)


def _modality(header: Dataset) -> str:
    return text(header, "Modality") or "unknown"


def is_ct(header: Dataset) -> bool:
    """By its SOP class, or by its modality where there is none or an anonymiser spoilt it."""
    sop_class = UID(text(header, "SOPClassUID"))
    return sop_class in CT_CLASSES or (sop_class.name == sop_class and text(header, "Modality") == "CT")


def _plain_pixels_at(header: FileDataset, head: bytes, at: int) -> int | None:
    """Where the values of Pixel Data begin whose element begins at `at`, if they are plain 16-bit numbers.

    Source: DICOM PS3.5 7.1.2, 7.1.3.
    """
    syntax = header.file_meta.TransferSyntaxUID
    if syntax not in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        return None
    begins = at + (8 if syntax == ImplicitVRLittleEndian else 12)
    length = int.from_bytes(head[begins - 4 : begins], "little")
    rows, columns = integer_of(header, "Rows") or 0, integer_of(header, "Columns") or 0
    frames = integer_of(header, "NumberOfFrames") or 1
    if integer_of(header, "BitsAllocated") != 16 or integer_of(header, "SamplesPerPixel") != 1:
        return None
    return begins if length == 2 * rows * columns * frames else None
