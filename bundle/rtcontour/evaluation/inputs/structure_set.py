"""The ROIs of one RTSTRUCT, rasterised on the grid of its CT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtcontour.contours import Roi, rasterize
from rtcontour.datasets import read_grid
from rtcontour.dicom import (
    CtGeometry,
    StructureSet,
    check_frame_of_reference,
    find_dicom_files,
    read_ct_geometry,
    read_structure_set,
)
from rtcontour.dicom.dicom_file import read_patient_id
from rtcontour.errors import DataSetError, Finding, InputFileError
from rtcontour.evaluation.inputs.case import CaseFiles
from rtcontour.evaluation.inputs.patients import files_below
from rtcontour.grid import Grid
from rtcontour.mask import Mask

FEWEST_POINTS = 3  # a contour of fewer has no inside
OPEN_KINDS = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")  # DICOM PS3.3 C.8.8.6.1
EXPECTED_BESIDE_CT = "files-skipped"  # the structure set itself is such a file


@dataclass(frozen=True, eq=False)
class DrawnRois:
    """What a structure set gives on the grid of its CT.

    Attributes:
        grid: of the CT.
        contoured: ROI name -> mask, of those that somebody contoured.
        empty: the names of the other ROIs: no contours, or only points and lines.
        findings: what was odd in the structure set, the CT, and between them.
        frame_of_reference_uid: the CT's, or, where that has none, the structure set's; None where neither has any.
        patient_id: the structure set's, "" where it has none.
    """

    grid: Grid
    contoured: Mapping[str, Mask]
    empty: tuple[str, ...]
    findings: tuple[Finding, ...]
    frame_of_reference_uid: str | None = None
    patient_id: str = field(default="", repr=False)


def read_drawn_rois(files: CaseFiles, ignore_frame_of_reference: bool) -> DrawnRois:
    """Read the RTSTRUCT of a case and rasterise it.

    Raises:
        InputFileError: no CT is known, or one of the two cannot be read.
        GeometryError: another frame of reference than the CT's, unless that is to be ignored.
        DataSetError: two contoured ROIs of one name.
    """
    if files.image is None:
        raise InputFileError(f"{files.path}: no CT in its folder or below; an RTSTRUCT needs one: name it with --ct")
    structure_set = read_structure_set(files.path)
    grid, frame, findings = _place_of(structure_set, files, files.image, ignore_frame_of_reference)
    rois = [roi for roi in structure_set.rois if _is_contoured(roi)]
    _refuse_twice(files.path, (roi.name for roi in rois))
    masks = {roi.name: rasterize(roi, grid) for roi in rois}
    empty = dict.fromkeys(roi.name for roi in structure_set.rois if roi.name not in masks)
    findings += [*structure_set.findings, *(finding for mask in masks.values() for finding in mask.findings)]
    frame = frame or structure_set.frame_of_reference_uid
    return DrawnRois(grid, masks, tuple(empty), tuple(findings), frame, read_patient_id(files.path))


def series_of(files: CaseFiles) -> str | None:
    """The series of the case's CT folder to be read: None where it holds one, else the one that the RTSTRUCT names.

    Raises:
        InputFileError: several series, of which the RTSTRUCT names none or more than one.
    """
    series = find_dicom_files(files_below(files.image) if files.image else ()).ct
    if len(series) < 2:
        return None
    drawn_on = read_structure_set(files.path).series_uids if files.is_structure_set else ()
    return _choose(files, series, drawn_on)


def odd_of_ct(files: CaseFiles, ct: CtGeometry) -> list[Finding]:
    """The findings of a CT, except that the structure set, which belongs to it, lies beside it."""
    return [f for f in ct.findings if not (files.is_structure_set and f.code == EXPECTED_BESIDE_CT)]


def _place_of(
    structure_set: StructureSet, files: CaseFiles, image: Path, ignore_frame_of_reference: bool
) -> tuple[Grid, str | None, list[Finding]]:
    """The grid of the CT, its frame of reference, and what is odd about the structure set on it."""
    if image.is_file():
        message = "its CT is a NIfTI file, which names no frame of reference; the coordinates are taken as they are"
        return read_grid(image), None, [Finding("frame-of-reference-unknown", message, subject=files.path.name)]
    ct = read_ct_geometry(image, series_uid=series_of(files))
    named = replace(structure_set, file_name=f"{files.name}, {files.path.name}")  # files of many cases are named alike
    odd = check_frame_of_reference(named, ct, ignore=ignore_frame_of_reference)
    findings = [*odd_of_ct(files, ct), *(replace(finding, subject=files.path.name) for finding in odd)]
    return ct.grid, ct.frame_of_reference_uid, findings


def _choose(files: CaseFiles, series: Mapping[str, tuple[Path, ...]], drawn_on: Iterable[str]) -> str:
    named = [uid for uid in drawn_on if uid in series]
    if len(named) != 1:
        there = "; ".join(f"{uid} ({len(paths)} files)" for uid, paths in series.items())
        raise InputFileError(
            f"{files.image}: holds {len(series)} CT series ({there}), of which {files.path.name} names {len(named)}; "
            "name the folder of the one that is meant"
        )
    return named[0]


def _is_contoured(roi: Roi) -> bool:
    return any(len(c.points_mm) >= FEWEST_POINTS and c.kind.upper() not in OPEN_KINDS for c in roi.contours)


def _refuse_twice(path: Path, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataSetError(
            f"{path}: several ROIs with contours are called {twice[0]!r}; rename or delete all but one in the planning "
            "system"
        )
