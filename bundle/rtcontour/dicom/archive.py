"""What a folder of DICOM exports holds: patients, their CT series and structure sets, told from headers alone.

The records are small, can be pickled, and hold what a header says; pixels and contours stay in the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rtcontour.errors import Finding

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class CtFound:
    """A CT series; where a series holds several stacks of slices, one of them. Localizers are left out.

    Attributes:
        patient_id: as written, without padding.
        study_uid: Study Instance UID, like all UIDs here "" where the headers have none, or a word in its place.
        series_uid: Series Instance UID.
        frame_of_reference_uid: Frame of Reference UID.
        paths: its files, by ascending position along the normal; an image that is in the archive twice comes once.
        image_uids: SOP Instance UID of each file.
        date: newest content, acquisition, series or study date of a slice, "YYYYMMDD"; "" where there is none.
        time: the time that belongs to it, "HHMMSS".
        sex: Patient's Sex ("M", "F", "O").
        manufacturer: of the scanner.
        model: of the scanner.
        contrast: whether a contrast agent is named; None where the headers have no such element.
        burnt_in: whether a slice says that its pixels hold text about the patient.
        axes: unit vectors along a row, along a column and along the slice normal, in LPS.
        low_mm: the smallest projections of voxel centres on the three axes.
        high_mm: the largest.
        depths_mm: position of each slice along the normal, ascending; in a multi-frame file, of each frame.
    """

    patient_id: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    paths: tuple[Path, ...] = field(repr=False)
    image_uids: tuple[str, ...] = field(repr=False)
    date: str
    time: str
    sex: str
    manufacturer: str
    model: str
    contrast: bool | None
    burnt_in: bool
    axes: tuple[Vector, Vector, Vector] = field(repr=False)
    low_mm: Vector = field(repr=False)
    high_mm: Vector = field(repr=False)
    depths_mm: tuple[float, ...] = field(repr=False)

    @property
    def spacing_mm(self) -> float:
        """The usual step between slices; 0 where there is only one position."""
        steps = [high - low for low, high in zip(self.depths_mm, self.depths_mm[1:], strict=False) if high > low]
        return median(steps) if steps else 0.0


@dataclass(frozen=True)
class StructureSetFound:
    """An RTSTRUCT.

    Attributes:
        patient_id: as written, without padding.
        study_uid: Study Instance UID; like all UIDs here "" where the file has none, or a word in its place.
        path: its file.
        sop_instance_uid: SOP Instance UID.
        frame_of_reference_uid: the frame that most of its ROIs name, else the file.
        series_uids: the image series that it names.
        image_uids: the images that it names, of all series.
        approval: Approval Status: "APPROVED", "UNAPPROVED", "REJECTED", or "" where the file has none.
        date: Structure Set Date, else that of review, creation, series or study, "YYYYMMDD"; "" where there is none.
        time: the time that belongs to it, "HHMMSS".
        manufacturer: of the planning system.
        model: of the planning system.
        label: Structure Set Label.
    """

    patient_id: str
    study_uid: str
    path: Path
    sop_instance_uid: str
    frame_of_reference_uid: str
    series_uids: tuple[str, ...] = field(repr=False)
    image_uids: frozenset[str] = field(repr=False)
    approval: str
    date: str
    time: str
    manufacturer: str
    model: str
    label: str


@dataclass(frozen=True)
class PatientFound:
    """What an archive has of one patient.

    Attributes:
        patient_id: in capitals and without padding; "" where none of the files has one that tells patients apart.
        ct: ordered by their UIDs.
        structure_sets: ordered by their UIDs.
        findings: what is odd about the files; no path, UID or name of the patient is in them.
    """

    patient_id: str
    ct: tuple[CtFound, ...]
    structure_sets: tuple[StructureSetFound, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def identity(self) -> str:
        """What tells this patient from others, also in a later scan: the patient ID, else a study or image UID."""
        studies = sorted(
            filter(None, [ct.study_uid for ct in self.ct] + [one.study_uid for one in self.structure_sets])
        )
        images = sorted(uid for ct in self.ct for uid in ct.image_uids if uid)
        files = [str(path) for ct in self.ct for path in ct.paths[:1]]
        others = [one.sop_instance_uid or str(one.path) for one in self.structure_sets]
        return self.patient_id or next(f"without ID {first}" for first in (*studies, *images, *files, *others))


@dataclass(frozen=True)
class Problem:
    """A file or folder that cannot be read.

    Attributes:
        path: where it is.
        message: one line that says why; it names the file.
        patient_id: of the patient (as in PatientFound) that the file belongs to, by its header or else by its folder;
            "" where that cannot be told.
    """

    path: Path
    message: str
    patient_id: str = ""


@dataclass(frozen=True)
class Archive:
    """What a scan found.

    Attributes:
        folder: that was scanned.
        patients: ordered by patient ID; those without come last.
        problems: files and folders that cannot be read.
        skipped: what else lies there, as a modality, "CT localizer", "empty file" or "not DICOM" -> how many.
    """

    folder: Path
    patients: tuple[PatientFound, ...]
    problems: tuple[Problem, ...]
    skipped: Mapping[str, int]
