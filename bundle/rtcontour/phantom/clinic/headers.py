"""Headers as ARIA exports them, with the patient, the staff and the clinic in every place where they usually stand."""

from __future__ import annotations

import datetime

from pydicom.dataset import Dataset

from rtcontour.dicom.uids import new_uid
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.persons import TO_ASCII, Hospital

PLANNING_SYSTEM = ("Fictional Oncology Systems", "ARIA-like RadOnc", "13.6.23")
PRIVATE_GROUP, PRIVATE_CREATOR = 0x3253, "FICTIONAL EXTENDED"
LONGEST_SH = 16


def identify(dataset: Dataset, case: Case, hospital: Hospital) -> None:
    """Patient, study and equipment of any file of the export, and a private block that tells them again.

    The date is the scan's; what is made later changes it afterwards.
    """
    person, date = case.person, case.date
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = person.dicom_name
    dataset.PatientID = person.patient_id
    dataset.PatientBirthDate = person.birth_date
    dataset.PatientSex = person.sex
    dataset.OtherPatientIDs = person.other_id
    dataset.OtherPatientNames = f"{person.family}^{person.given}"
    dataset.PatientAddress = f"{person.street}, {person.town}"
    dataset.PatientTelephoneNumbers = person.phone
    dataset.PatientComments = person.remark
    dataset.PatientAge = f"{date.year - int(person.birth_date[:4]):03d}Y"
    dataset.StudyDate = dicom_date(date)
    dataset.StudyTime = "093000"
    dataset.StudyID = person.study_id
    dataset.StudyDescription = f"Pelvis {person.family}"
    dataset.AccessionNumber = person.accession
    dataset.ReferringPhysicianName = hospital.physicians[case.seed % len(hospital.physicians)]
    dataset.PhysiciansOfRecord = hospital.physicians[0]
    dataset.OperatorsName = hospital.planners[case.seed % len(hospital.planners)]
    dataset.InstitutionName = hospital.name
    dataset.InstitutionAddress = hospital.address
    dataset.InstitutionalDepartmentName = hospital.department
    dataset.StationName = hospital.station[:LONGEST_SH]
    dataset.DeviceSerialNumber = hospital.serial_number
    block = dataset.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    block.add_new(0x01, "LO", person.private)
    block.add_new(0x02, "PN", person.dicom_name)
    block.add_new(0x03, "LT", f"{person.remark}; {person.phone}")


def describe_scan(dataset: Dataset, case: Case) -> None:
    """What the scanner says of a CT image: machine, contrast, times, burnt-in text."""
    scanner = case.scanner
    dataset.Manufacturer = scanner.manufacturer
    dataset.ManufacturerModelName = scanner.model
    dataset.ProtocolName = scanner.description
    dataset.SeriesDescription = f"{scanner.description} {case.person.family}"
    dataset.KVP = "120"
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.StudyDate
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "093500"
    dataset.BurnedInAnnotation = "YES" if case.burnt_in else "NO"
    dataset.PerformingPhysicianName = dataset.ReferringPhysicianName
    if case.contrast:
        dataset.ContrastBolusAgent = "CONTRAST IV 100 ML"
    elif scanner.tells_plain:
        dataset.ContrastBolusAgent = ""


def describe_plan(dataset: Dataset, case: Case, hospital: Hospital, what: str, date: datetime.date) -> None:
    """What the planning system says of a file it made: itself, when, and by whom."""
    manufacturer, model, version = PLANNING_SYSTEM
    dataset.Manufacturer = manufacturer
    dataset.ManufacturerModelName = model
    dataset.SoftwareVersions = version
    dataset.SeriesDate = dataset.InstanceCreationDate = dicom_date(date)
    dataset.SeriesTime = dataset.InstanceCreationTime = "141500"
    dataset.SeriesDescription = f"{what} {case.person.family}"
    dataset.OperatorsName = hospital.planners[(case.seed + 1) % len(hospital.planners)]


def describe_structure_set(dataset: Dataset, case: Case, hospital: Hospital, date: datetime.date) -> None:
    """Label, description, approval and who drew: with the patient's name wherever it fits."""
    person, doctor = case.person, hospital.physicians[(case.seed + 1) % len(hospital.physicians)]
    dataset.StructureSetLabel = person.family[:LONGEST_SH]
    dataset.StructureSetName = f"{person.family} {person.study_id}"
    dataset.StructureSetDescription = f"Contours of {person.given} {person.family}, {person.remark}"
    dataset.StructureSetDate, dataset.StructureSetTime = dicom_date(date), "141200"
    approve(dataset, doctor if case.approved else None, date)
    for roi in dataset.StructureSetROISequence:
        roi.ROIGenerationAlgorithm = "MANUAL"
        roi.ROIGenerationDescription = f"drawn by {dataset.OperatorsName}"
    for observation in dataset.RTROIObservationsSequence:
        observation.ROIInterpreter = doctor
        if "RTROIIdentificationCodeSequence" in observation:
            del observation.RTROIIdentificationCodeSequence


def approve(dataset: Dataset, reviewer: str | None, date: datetime.date) -> None:
    """Approved by somebody on a day, or unapproved by None."""
    dataset.ApprovalStatus = "UNAPPROVED" if reviewer is None else "APPROVED"
    if reviewer is not None:
        dataset.ReviewDate, dataset.ReviewTime, dataset.ReviewerName = dicom_date(date), "160000", reviewer
        return
    for keyword in ("ReviewDate", "ReviewTime", "ReviewerName"):
        if keyword in dataset:
            delattr(dataset, keyword)


def dicom_date(date: datetime.date) -> str:
    """YYYYMMDD."""
    return date.strftime("%Y%m%d")


def uid_of(case: Case, *what: object) -> str:
    """A UID of this patient's export, the same at every run."""
    return new_uid("clinic", case.seed, *what)


def ascii_name(text: str) -> str:
    """A text for a file name, without letters beyond ASCII."""
    return text.translate(TO_ASCII)
