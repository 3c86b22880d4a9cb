"""One patient of an archive as a case of a data set: CT, label map, masks and record."""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtcontour.datasets.cohort.pairing import Pair, choose_pair
from rtcontour.datasets.cohort.pseudonyms import Pseudonyms
from rtcontour.datasets.cohort.rois import DrawnRoi, draw_rois
from rtcontour.datasets.cohort.scrub import REMOVED, Scrubber
from rtcontour.datasets.label_map import merge_masks
from rtcontour.datasets.nifti import write_image, write_labels, write_mask
from rtcontour.datasets.record import (
    Record,
    as_entries,
    image_path,
    label_path,
    masks_folder,
    read_record,
    record_path,
    write_record,
)
from rtcontour.datasets.review import Review
from rtcontour.errors import DataSetError, Finding, RtContourError
from rtcontour.files import file_stems, whole_folder
from rtcontour.structures import find_structure, nearest_structures

if TYPE_CHECKING:
    from rtcontour.dicom import CtSeries, StructureSet
    from rtcontour.dicom.archive import PatientFound, StructureSetFound
    from rtcontour.mask import Mask

FORMAT = 2  # of a case; one of another format is imported anew: texts of format 1 may hold UIDs


@dataclass(frozen=True)
class ImportSettings:
    """What is the same for all patients of an import.

    Attributes:
        dataset_dir: the data set folder.
        labels: structure -> value in the label maps; what is wanted of each structure set.
        pseudonyms: names for patients and UIDs.
        aliases: the department's own names of structures.
        review: what a physicist decided.
        fill_gaps: interpolate slices left out between contours.
        ignore_frame_of_reference: go on where the frames of reference of CT and structure set differ.
    """

    dataset_dir: Path
    labels: Mapping[str, int]
    pseudonyms: Pseudonyms
    aliases: Mapping[str, str] | None = None
    review: Review = field(default_factory=Review)
    fill_gaps: bool = False
    ignore_frame_of_reference: bool = False


@dataclass(frozen=True)
class ImportedPatient:
    """What became of a patient.

    Attributes:
        pseudonym: the patient's, and the case's name.
        patient_id: as the archive has it.
        record: the case's; None where there is no case.
        reason: why not, without identifiers.
        details: the same with the real paths, for whoever has the archive.
        is_new: whether anything was written.
        is_excluded: whether the review leaves it out.
    """

    pseudonym: str
    patient_id: str
    record: Record | None = field(default=None, repr=False)
    reason: str = ""
    details: str = ""
    is_new: bool = False
    is_excluded: bool = False


def import_patient(settings: ImportSettings, patient: PatientFound) -> ImportedPatient:
    """Import one patient, unless its case is there already and would come out the same. Errors are returned."""
    identity = patient.identity
    pseudonym = settings.pseudonyms.of_patient(identity)
    if pseudonym in settings.review.excluded:
        remove_case(settings.dataset_dir, pseudonym)
        return ImportedPatient(pseudonym, identity, reason="excluded by review", is_excluded=True)
    files = [path for ct in patient.ct for path in ct.paths] + [found.path for found in patient.structure_sets]
    scrub = Scrubber([identity], files)
    try:
        pair = choose_pair(
            patient,
            names=lambda found: _count_wanted(found, settings),
            ignore_frame_of_reference=settings.ignore_frame_of_reference,
        )
        scrub = Scrubber([identity, *_identifiers(pair)], files)
        return _import_pair(settings, patient, pair, pseudonym, identity, scrub)
    except RtContourError as error:
        reason, details = scrub(str(error)), str(error)
    except Exception as error:  # one patient must not end the import of all others
        reason = f"{type(error).__name__}, a fault of this program; the key folder's problems.txt tells where"
        details = traceback.format_exc()
    remove_case(settings.dataset_dir, pseudonym)
    return ImportedPatient(pseudonym, identity, reason=reason, details=details)


def remove_case(dataset_dir: Path, case: str) -> None:
    """Take a case out of a data set; its record goes first, so that nothing half removed counts as a case."""
    record_path(dataset_dir, case).unlink(missing_ok=True)
    image_path(dataset_dir, case).unlink(missing_ok=True)
    label_path(dataset_dir, case).unlink(missing_ok=True)
    shutil.rmtree(masks_folder(dataset_dir, case), ignore_errors=True)


def _import_pair(
    settings: ImportSettings, patient: PatientFound, pair: Pair, pseudonym: str, identity: str, scrub: Scrubber
) -> ImportedPatient:
    fingerprint = _fingerprint(settings, pair, pseudonym)
    record = read_record(settings.dataset_dir, pseudonym)
    if record is not None and record["fingerprint"] == fingerprint and _is_whole(settings.dataset_dir, record):
        return ImportedPatient(pseudonym, identity, record)
    remove_case(settings.dataset_dir, pseudonym)
    record = _write_case(settings, patient, pair, pseudonym, identity, scrub)
    record["fingerprint"] = fingerprint
    write_record(settings.dataset_dir, record)
    return ImportedPatient(pseudonym, identity, record, is_new=True)


def _write_case(
    settings: ImportSettings, patient: PatientFound, pair: Pair, pseudonym: str, identity: str, scrub: Scrubber
) -> Record:
    from rtcontour.datasets.audit.measure import measure_case
    from rtcontour.dicom import check_frame_of_reference, read_structure_set
    from rtcontour.dicom.ct_read import read_ct_files

    if pair.ct.burnt_in:
        raise DataSetError("the CT has text burnt into its pixels (Burned In Annotation YES); export it without")
    structure_set = read_structure_set(pair.structure_set.path)
    ct = read_ct_files(pair.ct.paths)
    findings = [*patient.findings, *pair.findings, *structure_set.findings, *ct.findings]
    findings += check_frame_of_reference(structure_set, ct, ignore=settings.ignore_frame_of_reference)
    drawn, found = draw_rois(
        structure_set.rois, ct.grid, settings.labels, aliases=settings.aliases, fill_gaps=settings.fill_gaps
    )
    findings += found
    masks = _masks(drawn, settings.review.not_contoured.get(pseudonym, frozenset()), findings)
    if not masks:
        raise DataSetError(
            f"{pair.structure_set.path}: none of its ROIs is a structure of the recipe with contours; "
            f"it has {', '.join(roi.name for roi in structure_set.rois) or 'none'}; say in an alias file what is meant"
        )
    _write_files(settings, pseudonym, ct, masks)
    return {
        "case": pseudonym,
        "patient": pseudonym,
        "cohort": "contrast" if pair.ct.contrast else "plain",
        "annotated": [name for name in settings.labels if name in masks],
        "source": _source(settings.pseudonyms, pair, identity, scrub),
        "image": {"shape": list(ct.grid.shape), "spacing_mm": [round(mm, 6) for mm in ct.grid.spacing_mm]},
        "rois": [_roi_entry(one, scrub) for one in drawn],
        "findings": as_entries([_scrubbed(finding, scrub) for finding in findings]),
        "measures": measure_case(ct.hu, ct.grid, masks).to_json(),
    }


def _masks(drawn: list[DrawnRoi], not_contoured: frozenset[str], findings: list[Finding]) -> dict[str, Mask]:
    """The masks in use by structure, but those that the review takes for not contoured."""
    masks = {one.name: one.mask for one in drawn if one.used}
    for name in sorted(not_contoured & set(masks)):
        findings.append(Finding("review-not-contoured", "taken as not contoured by review", "note", name))
    return {name: mask for name, mask in masks.items() if name not in not_contoured}


def _write_files(settings: ImportSettings, case: str, ct: CtSeries, masks: Mapping[str, Mask]) -> None:
    folder = settings.dataset_dir
    write_image(image_path(folder, case), ct.hu, ct.grid, replace=True)
    write_labels(label_path(folder, case), merge_masks(masks, settings.labels, ct.grid), ct.grid, replace=True)
    with whole_folder(masks_folder(folder, case), replace=True) as partial:
        for name, stem in zip(masks, file_stems(masks), strict=True):
            write_mask(partial / f"{stem}.nii.gz", masks[name])


def _is_whole(dataset_dir: Path, record: Record) -> bool:
    case = record["case"]
    masks = masks_folder(dataset_dir, case)
    files = [masks / f"{stem}.nii.gz" for stem in file_stems(record["annotated"])]
    return all(path.is_file() for path in (image_path(dataset_dir, case), label_path(dataset_dir, case), *files))


def _fingerprint(settings: ImportSettings, pair: Pair, case: str) -> str:
    """Hash of all that a case depends on; the secret is in it, so it says nothing of the patient.

    Images count by their UIDs, the structure set by its content: it may be edited and exported again as it was named.
    """
    depends_on = {
        "format": FORMAT,
        "labels": settings.labels,
        "aliases": settings.aliases,
        "fill_gaps": settings.fill_gaps,
        "ignore_frame_of_reference": settings.ignore_frame_of_reference,
        "not_contoured": sorted(settings.review.not_contoured.get(case, ())),
        "images": sorted(pair.ct.image_uids),
        "structure_set": hashlib.sha256(pair.structure_set.path.read_bytes()).hexdigest(),
        "not_used": sorted((one.kind, one.uid, one.why) for one in pair.not_used),
    }
    text = json.dumps(depends_on, sort_keys=True)
    return hashlib.sha256(settings.pseudonyms.secret + text.encode()).hexdigest()


def _count_wanted(found: StructureSetFound, settings: ImportSettings) -> int:
    """How many of the wanted structures have contours in a structure set; 0 where it cannot be read."""
    from rtcontour.dicom import read_structure_set

    try:
        structure_set: StructureSet = read_structure_set(found.path)
    except RtContourError:
        return 0
    written = (roi.name for roi in structure_set.rois if roi.contours)
    meant = ((find_structure(name, aliases=settings.aliases), name) for name in written)
    return len({structure.name if structure else name for structure, name in meant} & set(settings.labels))


def _identifiers(pair: Pair) -> list[str]:
    from rtcontour.dicom.identifiers import read_identifiers

    return [text for path in (pair.ct.paths[0], pair.structure_set.path) for text in read_identifiers(path)]


def _source(pseudonyms: Pseudonyms, pair: Pair, identity: str, scrub: Scrubber) -> dict[str, Any]:
    """Where a case comes from, as far as it may be said."""
    ct, structure_set = pair.ct, pair.structure_set
    return {
        "paired_by": pair.paired_by,
        "approval": structure_set.approval,
        "study_date": pseudonyms.of_date(ct.date, identity),
        "structure_set_date": pseudonyms.of_date(structure_set.date, identity),
        "sex": ct.sex if ct.sex in ("F", "M", "O") else "",
        "contrast": ct.contrast,
        "manufacturer": scrub(ct.manufacturer),
        "model": scrub(ct.model),
        "planning_system": scrub(f"{structure_set.manufacturer} {structure_set.model}".strip()),
        "ct_series": pseudonyms.of_uid(ct.series_uid),
        "structure_set": pseudonyms.of_uid(structure_set.sop_instance_uid),
        "not_used": [
            {"kind": one.kind, "uid": pseudonyms.of_uid(one.uid), "why": scrub(one.why)} for one in pair.not_used
        ],
    }


def _roi_entry(drawn: DrawnRoi, scrub: Scrubber) -> dict[str, Any]:
    return {
        "name": scrub(drawn.roi.name),
        "structure": drawn.structure.name if drawn.structure else None,
        "candidates": [] if drawn.structure else list(nearest_structures(drawn.roi.name)),
        "contours": len(drawn.roi.contours),
        "volume_cc": round(drawn.mask.volume_cc, 4),
        "used": drawn.used,
        "why": scrub(drawn.why),
    }


def _scrubbed(finding: Finding, scrub: Scrubber) -> Finding:
    subject = scrub(finding.subject)
    return replace(finding, message=scrub(finding.message), subject="" if subject == REMOVED else subject)
