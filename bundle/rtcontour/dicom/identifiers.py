"""What the header of a DICOM file says of persons and places, to be taken out of texts that leave the clinic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

from rtcontour.dicom.dicom_file import items_of, quiet_pydicom, read_dicom, text, understood

# Of the attributes that DICOM PS3.15 Annex E (Basic Profile) removes or replaces, those that hold words or numbers of
# a person, a place or an order. Persons' names are found by their value representation.
IDENTIFYING = frozenset(
    {
        "PatientID", "IssuerOfPatientID", "OtherPatientIDs", "PatientBirthDate", "PatientBirthTime", "PatientAddress",
        "PatientTelephoneNumbers", "MedicalRecordLocator", "MilitaryRank", "EthnicGroup", "Occupation",
        "CountryOfResidence", "RegionOfResidence", "PatientComments",
        "AccessionNumber", "StudyID", "AdmissionID", "RequestedProcedureID", "ScheduledProcedureStepID",
        "PerformedProcedureStepID", "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
        "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName", "DeviceSerialNumber",
        "PerformedStationName", "PerformedStationAETitle", "ScheduledStationName", "DeviceUID",
        "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers", "PatientMotherBirthName",
    }
)  # fmt: skip
CONTOURS = "ROIContourSequence"  # long, and holds numbers only
MOST_DEEP = 8  # sequences in sequences; a damaged file may have thousands


@quiet_pydicom()
def read_identifiers(path: Path) -> tuple[str, ...]:
    """Every value of a file's header that names a person, a place, an order or a device, each once.

    Raises:
        InputFileError: what `read_dicom` raises.
    """
    dataset = read_dicom(path, pixels=False)
    with understood(path):
        return tuple(dict.fromkeys(value for value in _identifiers(dataset, 0) if value))


def _identifiers(dataset: Dataset, depth: int) -> Iterator[str]:
    for tag in sorted(dataset.keys()):
        keyword = "" if tag.is_private else keyword_for_tag(tag)
        if not keyword or keyword == CONTOURS:
            continue
        kind = dictionary_VR(tag)
        if kind == "PN" or keyword in IDENTIFYING:
            yield from text(dataset, keyword).split("\\")
        if kind == "SQ" and depth < MOST_DEEP:
            for item in items_of(dataset, keyword):
                yield from _identifiers(item, depth + 1)
