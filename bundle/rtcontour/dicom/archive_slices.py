"""The header of a CT file of an archive as a small record; slices of one series share what is the same in all."""

from __future__ import annotations

import math
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtcontour.dicom.archive import Vector
from rtcontour.dicom.archive_head import Elements
from rtcontour.dicom.archive_values import Person, moment, person_of
from rtcontour.dicom.ct_enhanced import parse_frames
from rtcontour.dicom.ct_headers import IMAGE_ATTRIBUTES
from rtcontour.dicom.ct_image import matrix_of, numbers, perpendicular
from rtcontour.dicom.dicom_file import read_dicom, text
from rtcontour.dicom.uids import uid_or_nothing

LOCALIZER = "CT localizer"
MOMENTS = ("Content", "Acquisition", "Series", "Study")  # each a Date and a Time
NO_AGENT = frozenset({"NONE", "NO", "N", "0", "WITHOUT", "NATIVE"})  # typed into Contrast/Bolus Agent

SHARED_ATTRIBUTES = (
    "SpecificCharacterSet",
    "ImageType",
    "Manufacturer",
    "ManufacturerModelName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ContrastBolusAgent",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "AcquisitionNumber",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BurnedInAnnotation",
)
OWN_ATTRIBUTES = (
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    *(f"{what}{part}" for what in MOMENTS for part in ("Date", "Time")),
    "ImagePositionPatient",
    "NumberOfFrames",
)
WANTED = [*SHARED_ATTRIBUTES, *OWN_ATTRIBUTES]
SHARED_TAGS = tuple(map(Tag, SHARED_ATTRIBUTES))
MOMENT_TAGS = tuple((Tag(f"{what}Date"), Tag(f"{what}Time")) for what in MOMENTS)
SOP_INSTANCE_UID, NUMBER_OF_FRAMES = Tag("SOPInstanceUID"), Tag("NumberOfFrames")
POSITION, SHARED_GROUPS = Tag("ImagePositionPatient"), Tag("SharedFunctionalGroupsSequence")


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """What the slices of a series have in common; lengths in mm, directions in LPS."""

    person: Person
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    acquisition: str
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    row: Vector
    column: Vector
    manufacturer: str
    model: str
    contrast: bool | None
    burnt_in: bool


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """A CT file.

    Attributes:
        path: as text, which takes the least memory.
        size: of the file, in bytes.
        uid: SOP Instance UID, "" where it is none.
        positions_mm: Image Position (Patient), in a multi-frame file of each frame.
        moment: newest of its dates, with its time.
        series: what it shares with other slices.
    """

    path: str
    size: int
    uid: str
    positions_mm: tuple[Vector, ...]
    moment: tuple[str, str]
    series: SeriesHeader


Known = dict[Hashable, "SeriesHeader | None"]  # stored values of SHARED_ATTRIBUTES -> what they say; None: a localizer


def parse_slice(path: str, size: int, elements: Elements, known: Known) -> SliceHeader | str:
    """The record of a plain or enhanced CT file, LOCALIZER for a scout view.

    Args:
        path: the file.
        size: in bytes.
        elements: the attributes WANTED that it has, as they stand in it: most slices of a series say the same, and
            decoding it takes longer than looking it up.
        known: what earlier slices shared; grows.

    Raises:
        InputFileError: an attribute that places the slice is missing or no number.
    """
    if SHARED_GROUPS in elements or _stored_text(elements, NUMBER_OF_FRAMES) not in ("", "1"):
        return _parse_enhanced(path, size)
    values = [element.value if (element := elements.get(tag)) is not None else None for tag in SHARED_TAGS]
    key = tuple(value if isinstance(value, bytes | None) else str(value) for value in values)
    if key not in known:
        header = Dataset(dict(elements))
        known[key] = None if _is_localizer(header) else _series_header(Path(path), header)
    series = known[key]
    if series is None:
        return LOCALIZER
    uid = uid_or_nothing(_stored_text(elements, SOP_INSTANCE_UID))
    newest = max(moment(_stored_text(elements, date), _stored_text(elements, time)) for date, time in MOMENT_TAGS)
    return SliceHeader(path, size, uid, (_position_mm(path, elements),), newest, series)


def _stored_text(elements: Elements, tag: BaseTag) -> str:
    """A value of digits and letters without accents; "" where it is absent or something else."""
    element = elements.get(tag)
    value = b"" if element is None else element.value
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip(" \0")
    return "" if value is None else str(value)


def _position_mm(path: str, elements: Elements) -> Vector:
    stored = _stored_text(elements, POSITION).split("\\")
    with suppress(ValueError):
        x, y, z = map(float, stored)
        if math.isfinite(x + y + z):
            return x, y, z
    return _vector(numbers(Path(path), Dataset(dict(elements)), "ImagePositionPatient", 3))  # which says what is wrong


def _is_localizer(header: Dataset) -> bool:
    return "LOCALIZER" in text(header, "ImageType").split("\\")


def _parse_enhanced(path: str, size: int) -> SliceHeader | str:
    header = read_dicom(Path(path), pixels=False, only=[*WANTED, *IMAGE_ATTRIBUTES])
    images = [] if _is_localizer(header) else parse_frames(Path(path), header, None)
    if not images:
        return LOCALIZER
    first = images[0]
    positions = tuple(_vector(image.position_mm) for image in images)
    series = _series_header(Path(path), header, first.axes, first.spacing_mm)
    newest = max(moment(text(header, f"{what}Date"), text(header, f"{what}Time")) for what in MOMENTS)
    return SliceHeader(path, size, uid_or_nothing(first.uid), positions, newest, series)


def _series_header(
    path: Path, header: Dataset, axes: np.ndarray | None = None, spacing_mm: np.ndarray | None = None
) -> SeriesHeader:
    if axes is None or spacing_mm is None:
        axes = perpendicular(numbers(path, header, "ImageOrientationPatient", 6).reshape(2, 3))
        spacing_mm = numbers(path, header, "PixelSpacing", 2)[::-1]
    between_columns, between_rows = spacing_mm.tolist()
    return SeriesHeader(
        person=person_of(header),
        study_uid=uid_or_nothing(text(header, "StudyInstanceUID")),
        series_uid=uid_or_nothing(text(header, "SeriesInstanceUID")),
        frame_of_reference_uid=uid_or_nothing(text(header, "FrameOfReferenceUID")),
        acquisition=text(header, "AcquisitionNumber"),
        shape=matrix_of(path, header),
        spacing_mm=(between_columns, between_rows),
        row=_vector(axes[0]),
        column=_vector(axes[1]),
        manufacturer=text(header, "Manufacturer"),
        model=text(header, "ManufacturerModelName"),
        contrast=_contrast(header),
        burnt_in=text(header, "BurnedInAnnotation").upper() == "YES",
    )


def _contrast(header: Dataset) -> bool | None:
    agent = text(header, "ContrastBolusAgent").upper()
    return agent not in NO_AGENT and agent != "" if "ContrastBolusAgent" in header else None


def _vector(values: np.ndarray) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
