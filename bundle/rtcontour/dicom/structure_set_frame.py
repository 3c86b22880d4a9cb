"""A structure set before its ROIs: new on a CT, or an existing one to which ROIs are appended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

import rtcontour
from rtcontour.dicom.character_set import character_set_for, check_spelling
from rtcontour.dicom.contour_items import image_sequence
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.dicom_file import items_of, read_dicom, text, understood
from rtcontour.dicom.frame_of_reference import check_frame_of_reference
from rtcontour.dicom.structure_set_read import parse_structure_set
from rtcontour.dicom.uids import new_uid
from rtcontour.errors import Finding, InputFileError

DETACHED_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"  # retired, and still what planning systems expect here
SEQUENCES = ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence")
GIVE_ITS_CT = "give the CT that this structure set was drawn on"
REVIEW = ("ReviewDate", "ReviewTime", "ReviewerName")


def frame_uid_of(ct: CtGeometry, found: list[Finding]) -> str:
    """The frame of reference to write; a CT without one gets one made from its series, always the same."""
    if ct.frame_of_reference_uid is not None:
        return ct.frame_of_reference_uid
    message = "the CT names no frame of reference, the structure set must; one is made from the series"
    found.append(Finding("frame-of-reference-made", message, subject=ct.series_uid))
    return new_uid("frame of reference", ct.series_uid) if ct.series_uid else new_uid()


def new_structure_set(ct: CtGeometry, frame_uid: str, texts: Iterable[str]) -> Dataset:
    """An empty structure set that belongs to the patient and study of the CT and refers to all its images.

    Raises:
        InputFileError: the CT lacks the UIDs by which a structure set refers to it.

    Source: DICOM PS3.3 A.19.3.
    """
    if not (ct.study_uid and ct.series_uid and any(ct.image_uids)):
        raise InputFileError(
            f"{ct.paths[0].parent}: the CT has no study, series or image UIDs, so no structure set can refer to it; "
            "export it again"
        )
    dataset = Dataset()
    _copy_patient_and_study(dataset, ct)
    dataset.SpecificCharacterSet = character_set_for([*texts, *(str(element.value) for element in ct.study)])
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = new_uid()
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "rtcontour"
    dataset.OperatorsName = ""
    dataset.Manufacturer = "rtcontour"
    dataset.ManufacturerModelName = "rtcontour"
    dataset.SoftwareVersions = rtcontour.__version__
    dataset.FrameOfReferenceUID = frame_uid
    dataset.PositionReferenceIndicator = text(ct.study, "PositionReferenceIndicator")
    dataset.ReferencedFrameOfReferenceSequence = [_references(ct, frame_uid)]
    for keyword in SEQUENCES:
        setattr(dataset, keyword, [])
    return dataset


def structure_set_to_extend(
    path: str | Path, ct: CtGeometry, texts: Iterable[str], found: list[Finding]
) -> tuple[Dataset, str]:
    """An existing structure set, its ROIs as they are, about to become a new, unapproved instance; and its frame.

    Raises:
        InputFileError: it cannot be read.
        GeometryError: it lies in another frame of reference than the CT.
        StructureNameError: its character set cannot spell one of the texts to be added.
    """
    path = Path(path)
    dataset = read_dicom(path)
    existing = parse_structure_set(dataset, path)
    found += [*existing.findings, *check_frame_of_reference(existing, ct, remedy=GIVE_ITS_CT)]
    check_spelling(dataset, texts, path)
    frame_uid = existing.frame_of_reference_uid or frame_uid_of(ct, found)
    with understood(path):
        for keyword in SEQUENCES:
            setattr(dataset, keyword, items_of(dataset, keyword))
        if not dataset.get("ReferencedFrameOfReferenceSequence"):
            dataset.ReferencedFrameOfReferenceSequence = [_references(ct, frame_uid)]
        for keyword in REVIEW:
            if keyword in dataset:
                delattr(dataset, keyword)
    if existing.approval not in ("", "UNAPPROVED"):
        message = f"was {existing.approval}; with the new ROIs it is UNAPPROVED"
        found.append(Finding("approval-withdrawn", message, subject=path.name))
    return dataset, frame_uid


def make_new_instance(dataset: Dataset, label: str) -> None:
    """Identity, date and approval of a structure set that nobody has seen yet."""
    now = datetime.now()
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = new_uid()
    dataset.StructureSetLabel = label
    dataset.StructureSetDate = now.strftime("%Y%m%d")
    dataset.StructureSetTime = now.strftime("%H%M%S")
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def _copy_patient_and_study(dataset: Dataset, ct: CtGeometry) -> None:
    """Type 2 attributes must be there even where the CT lacks them."""
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        setattr(dataset, keyword, text(ct.study, keyword))
    for keyword in ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"):
        setattr(dataset, keyword, text(ct.study, keyword))
    dataset.StudyInstanceUID = ct.study_uid


def _references(ct: CtGeometry, frame_uid: str) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = ct.series_uid
    series.add(image_sequence(ct, range(len(ct.image_uids))))
    study = Dataset()
    study.ReferencedSOPClassUID = DETACHED_STUDY_MANAGEMENT
    study.ReferencedSOPInstanceUID = ct.study_uid
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = frame_uid
    frame.RTReferencedStudySequence = [study]
    return frame
