"""The files of one patient, as a planning system's export leaves them: CT, structure set, plan, dose."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RTDoseStorage, RTPlanStorage

from rtcontour.dicom import CtSeries, write_ct_series
from rtcontour.dicom.structure_set_write import compose_structure_set
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.headers import (
    describe_plan,
    describe_scan,
    describe_structure_set,
    dicom_date,
    identify,
    uid_of,
)
from rtcontour.phantom.clinic.persons import Hospital

DAYS_TO_CONTOURS, DAYS_TO_PLAN = 2, 5


@dataclass(frozen=True, eq=False)
class Export:
    """What was written of one patient.

    Attributes:
        root: the whole export.
        folder: of this patient, in it.
        case: the patient.
        hospital: the clinic.
        ct: the series, with the paths of its files.
        structure_set: path of the file.
    """

    root: Path
    folder: Path
    case: Case
    hospital: Hospital
    ct: CtSeries
    structure_set: Path

    def relative(self, path: Path) -> str:
        """A path as planted.json names it."""
        return path.relative_to(self.root).as_posix()


def write_export(root: Path, case: Case, hospital: Hospital) -> Export:
    """Write a patient's folder: flat, as ARIA does, or with the CT in a folder of its own; a plan for every third."""
    folder = root / case.person.folder
    beside = case.seed % 4 == 0
    ct = write_ct(folder / f"CT_{dicom_date(case.date)}" if beside else folder, case, hospital)
    export = Export(root, folder, case, hospital, ct, write_contours(folder, case, hospital, ct))
    if case.seed % 3 == 0:
        write_plan(export)
    return export


def write_ct(folder: Path, case: Case, hospital: Hospital, *, scan: int = 0) -> CtSeries:
    """Write the CT of a case as files CT.UID.dcm; every `scan` of a patient has its own study, series and frame."""
    plain = folder / ".plain"
    series = write_ct_series(plain, case.hu, case.grid, seed=10 * case.seed + scan)
    paths = tuple(folder / path.name for path in series.paths)
    for written, path in zip(series.paths, paths, strict=True):
        image = dcmread(written)
        identify(image, case, hospital)
        describe_scan(image, case)
        image.save_as(path, enforce_file_format=True)
    shutil.rmtree(plain)
    return replace(series, paths=paths)


def write_contours(
    folder: Path, case: Case, hospital: Hospital, ct: CtSeries, *, version: int = 0, later_days: int = 0
) -> Path:
    """Write the ROIs of a case as a file RS.UID.dcm that refers to `ct`; every `version` is an instance of its own."""
    dataset, _ = compose_structure_set(case.rois, ct, label="clinic")
    date = case.date + datetime.timedelta(DAYS_TO_CONTOURS + later_days)
    identify(dataset, case, hospital)
    describe_plan(dataset, case, hospital, "Contours", date)
    describe_structure_set(dataset, case, hospital, date)
    dataset.SeriesInstanceUID = uid_of(case, "contours", version)
    return _write(dataset, folder, "RS", uid_of(case, "structure set", version))


def write_plan(export: Export) -> tuple[Path, Path]:
    """Write an RT Plan and an RT Dose, without beams and with hardly any dose."""
    date = export.case.date + datetime.timedelta(DAYS_TO_PLAN)
    plan = _plan_file(export, RTPlanStorage, "RTPLAN", "Plan", date)
    plan.RTPlanLabel = export.case.person.study_id
    plan.RTPlanName = f"Pelvis {export.case.person.family}"
    plan.RTPlanDate, plan.RTPlanTime, plan.RTPlanGeometry = dicom_date(date), "141500", "PATIENT"
    dose = _plan_file(export, RTDoseStorage, "RTDOSE", "Dose", date)
    dose.DoseUnits, dose.DoseType, dose.DoseSummationType, dose.DoseGridScaling = "GY", "PHYSICAL", "PLAN", "0.001"
    dose.ImagePositionPatient = [f"{c:.1f}" for c in export.case.grid.origin_mm]
    dose.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dose.PixelSpacing, dose.GridFrameOffsetVector = ["40", "40"], ["0", "40"]
    dose.Columns, dose.Rows, dose.NumberOfFrames = 6, 4, 2
    dose.SamplesPerPixel, dose.PhotometricInterpretation, dose.PixelRepresentation = 1, "MONOCHROME2", 0
    dose.BitsAllocated = dose.BitsStored = 16
    dose.HighBit, dose.FrameIncrementPointer = 15, 0x3004000C
    dose.PixelData = np.arange(48, dtype="<u2").tobytes()
    plan_path = _write(plan, export.folder, "RP", plan.SOPInstanceUID)
    return plan_path, _write(dose, export.folder, "RD", dose.SOPInstanceUID)


def change_file(path: Path, change: Callable[[Dataset], None]) -> None:
    """Change the header of a file where it lies."""
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)


def _plan_file(export: Export, sop_class: str, modality: str, what: str, date: datetime.date) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid_of(export.case, what)
    dataset.Modality = modality
    dataset.StudyInstanceUID = export.ct.study_uid
    dataset.SeriesInstanceUID = uid_of(export.case, what, "series")
    dataset.FrameOfReferenceUID = export.ct.frame_of_reference_uid
    identify(dataset, export.case, export.hospital)
    describe_plan(dataset, export.case, export.hospital, what, date)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _write(dataset: Dataset, folder: Path, prefix: str, uid: str) -> Path:
    dataset.SOPInstanceUID = uid
    path = folder / f"{prefix}.{uid}.dcm"
    implicit = dataset.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    dcmwrite(path, dataset, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
    return path
