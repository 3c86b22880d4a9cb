"""The header of an RTSTRUCT: what it refers to, who approved it and when, without its contours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from rtcontour.dicom.archive import StructureSetFound
from rtcontour.dicom.archive_values import Person, moment, person_of
from rtcontour.dicom.dicom_file import items_of, read_dicom, text, understood
from rtcontour.dicom.structure_set_read import parse_structure_set, read_structure_set
from rtcontour.dicom.uids import uid_or_nothing

MOMENTS = ("StructureSet", "Review", "InstanceCreation", "Series", "Study")  # each a Date and a Time, best first
ATTRIBUTES = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    *(f"{what}{part}" for what in MOMENTS for part in ("Date", "Time")),
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "StructureSetLabel",
    "ReferencedFrameOfReferenceSequence",
    "StructureSetROISequence",
    "ApprovalStatus",
]


@dataclass(frozen=True)
class StructureSetHeader:
    """An RTSTRUCT and the person that it says it is about."""

    found: StructureSetFound
    person: Person
    size: int


def read_structure_set_header(path: Path, size: int) -> StructureSetHeader:
    """The header of an RTSTRUCT; its contours are read only if nothing before them names an image.

    Raises:
        InputFileError: it is cut short or otherwise broken, or defines no ROI.
    """
    header = read_dicom(path, pixels=False, only=ATTRIBUTES)
    structures = parse_structure_set(header, path)
    with understood(path):
        person = person_of(header)
        images = frozenset(_images_named(header)) or frozenset(_images_of_contours(path))
        date, time = _newest_statement(header)
        found = StructureSetFound(
            patient_id=person.patient_id,
            study_uid=uid_or_nothing(structures.study_uid or ""),
            path=path,
            sop_instance_uid=uid_or_nothing(structures.sop_instance_uid),
            frame_of_reference_uid=structures.frame_of_reference_uid or "",
            series_uids=tuple(filter(uid_or_nothing, structures.series_uids)),
            image_uids=images,
            approval=structures.approval.upper(),
            date=date,
            time=time,
            manufacturer=text(header, "Manufacturer"),
            model=text(header, "ManufacturerModelName"),
            label=structures.label,
        )
    return StructureSetHeader(found, person, size)


def _images_named(header: Dataset) -> Iterator[str]:
    """The images that the series of the structure set list. Source: DICOM PS3.3 C.8.8.5."""
    for frame in items_of(header, "ReferencedFrameOfReferenceSequence"):
        for study in items_of(frame, "RTReferencedStudySequence"):
            for series in items_of(study, "RTReferencedSeriesSequence"):
                for image in items_of(series, "ContourImageSequence"):
                    if uid := uid_or_nothing(text(image, "ReferencedSOPInstanceUID")):
                        yield uid


def _images_of_contours(path: Path) -> Iterator[str]:
    for roi in read_structure_set(path).rois:
        for contour in roi.contours:
            if uid := uid_or_nothing(contour.image_uid or ""):
                yield uid


def _newest_statement(header: Dataset) -> tuple[str, str]:
    """When it was drawn, or the next best that the header knows."""
    moments = (moment(text(header, f"{what}Date"), text(header, f"{what}Time")) for what in MOMENTS)
    return next((found for found in moments if found[0]), ("", ""))
