"""Read an RTSTRUCT: understand it, or refuse it with the reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from rtcontour.contours import Roi
from rtcontour.dicom.dicom_file import items_of, quiet_pydicom, read_dicom, text, understood
from rtcontour.dicom.roi_read import read_rois
from rtcontour.dicom.structure_set import StructureSet
from rtcontour.dicom.uids import uid_or_nothing
from rtcontour.errors import Finding, InputFileError


@quiet_pydicom()
def read_structure_set(path: str | Path) -> StructureSet:
    """Read one RTSTRUCT of any maker: with or without file meta, in any transfer syntax.

    Nothing is left out but contours of an ROI that the file does not define; they, and whatever else is odd,
    are findings.

    Raises:
        InputFileError: the file is missing, broken, not an RTSTRUCT, or its numbers cannot be understood.

    Source: DICOM PS3.3 A.19.3, RT Structure Set IOD.
    """
    return parse_structure_set(read_dicom(path), Path(path))


def parse_structure_set(dataset: Dataset, path: Path) -> StructureSet:
    """The same from a data set; `path` is for messages."""
    with understood(path):
        found = _check_kind(dataset, path)
        rois = read_rois(dataset, path, found)
        frame_of_reference_uid, elsewhere = _frame_of_reference(dataset, rois, path, found)
        series_uids = _series_uids(dataset, path, found)
        return StructureSet(
            rois=rois,
            label=text(dataset, "StructureSetLabel"),
            frame_of_reference_uid=frame_of_reference_uid,
            series_uid=series_uids[0] if series_uids else None,
            sop_instance_uid=text(dataset, "SOPInstanceUID"),
            approval=text(dataset, "ApprovalStatus"),
            findings=tuple(found),
            study_uid=text(dataset, "StudyInstanceUID") or None,
            rois_elsewhere=elsewhere,
            series_uids=series_uids,
            file_name=path.name,
        )


def _check_kind(dataset: Dataset, path: Path) -> list[Finding]:
    """Tell an RTSTRUCT by its SOP class, or by its modality where an anonymiser spoilt the class."""
    sop_class, modality = text(dataset, "SOPClassUID"), text(dataset, "Modality")
    if sop_class != RTStructureSetStorage and modality != "RTSTRUCT":
        kind = f"is an {modality}" if modality.startswith("RT") else f"is of modality {modality or 'unknown'}"
        raise InputFileError(f"{path}: {kind}, not an RTSTRUCT; give the structure set of this patient")
    if sop_class != RTStructureSetStorage:
        return [Finding("sop-class-odd", f"SOP class is {sop_class!r}, modality RTSTRUCT", "note", path.name)]
    if modality != "RTSTRUCT":
        return [Finding("modality-odd", f"modality is {modality!r}, SOP class RT Structure Set", "note", path.name)]
    return []


def _frame_of_reference(
    dataset: Dataset, rois: tuple[Roi, ...], path: Path, found: list[Finding]
) -> tuple[str | None, tuple[str, ...]]:
    """The frame that most ROIs name, else the file; and the names of ROIs that name another one."""
    definitions = items_of(dataset, "StructureSetROISequence")
    references = items_of(dataset, "ReferencedFrameOfReferenceSequence")
    if not references:
        message = "has no ReferencedFrameOfReferenceSequence: neither images nor series are named"
        found.append(Finding("reference-missing", message, subject=path.name))
    by_roi = [uid_or_nothing(text(item, "ReferencedFrameOfReferenceUID")) for item in definitions]
    by_file = [uid_or_nothing(text(item, "FrameOfReferenceUID")) for item in (*references, dataset)]
    named = [uid for uid in by_roi if uid] or [uid for uid in by_file if uid]
    if not named:
        found.append(Finding("frame-of-reference-missing", "names no frame of reference", subject=path.name))
        return None, ()
    usual = Counter(named).most_common(1)[0][0]
    elsewhere = tuple(roi.name for roi, uid in zip(rois, by_roi, strict=True) if uid not in ("", usual))
    if elsewhere:
        message = f"{len(elsewhere)} ROIs lie in another frame of reference than the rest: {', '.join(elsewhere)}"
        found.append(Finding("frames-of-reference-differ", message, subject=path.name))
    return usual, elsewhere


def _series_uids(dataset: Dataset, path: Path, found: list[Finding]) -> tuple[str, ...]:
    """The image series that the structure set names; the first is taken for the one it was drawn on."""
    frames = items_of(dataset, "ReferencedFrameOfReferenceSequence")
    studies = [study for frame in frames for study in items_of(frame, "RTReferencedStudySequence")]
    series = [item for study in studies for item in items_of(study, "RTReferencedSeriesSequence")]
    uids = list(dict.fromkeys(uid for item in series if (uid := text(item, "SeriesInstanceUID"))))
    if frames and not uids:
        found.append(Finding("reference-missing", "names no image series", subject=path.name))
    if len(uids) > 1:
        message = f"names {len(uids)} image series; the first is taken for the one it was drawn on"
        found.append(Finding("series-several", message, subject=path.name))
    return tuple(uids)
