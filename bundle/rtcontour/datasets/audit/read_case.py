"""AuditCase: what the audit knows of a case, from its record or else from its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from rtcontour.datasets.audit.case_finding import CaseFinding
from rtcontour.datasets.audit.measure import CaseMeasures, measure_case
from rtcontour.datasets.data_set import Case
from rtcontour.datasets.nifti import NIFTI_SUFFIXES, read_image, read_labels
from rtcontour.datasets.record import Record, masks_folder
from rtcontour.errors import GeometryError
from rtcontour.files import file_stems
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@dataclass(frozen=True)
class WrittenRoi:
    """An ROI as the clinic wrote it.

    Attributes:
        name: as written, without what identifies anybody.
        structure: what it means by the table; "" where that did not resolve.
        candidates: structures that are spelled most like it.
    """

    name: str
    structure: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditCase:
    """One case as the checks see it.

    Attributes:
        case: its name.
        split, cohort: as in datalist.json.
        measures: its numbers.
        rois: every ROI of its structure set; () without a record.
        findings: what its import found; () without a record.
    """

    case: str
    split: str
    cohort: str
    measures: CaseMeasures
    rois: tuple[WrittenRoi, ...] = ()
    findings: tuple[CaseFinding, ...] = ()


def case_of_record(case: Case, record: Record, measures: CaseMeasures) -> AuditCase:
    """What an import knows of a case, with its measures."""
    rois = tuple(
        WrittenRoi(str(one["name"]), one.get("structure") or "", tuple(one.get("candidates") or ()))
        for one in record.get("rois", ())
    )
    findings = tuple(_as_finding(case.case, one) for one in record.get("findings", ()))
    return AuditCase(case.case, case.split, case.cohort, measures, rois, findings)


def measures_of_record(record: Record | None) -> CaseMeasures | None:
    """The measures that the import left in a record; None where it left none."""
    entry = (record or {}).get("measures")
    return CaseMeasures.from_json(entry) if entry else None


def measure_files(folder: Path, case: Case, labels: Mapping[str, int]) -> CaseMeasures:
    """Measure a case from its image and its contours.

    Raises:
        InputFileError: a file that cannot be read.
        GeometryError: contours on another grid than the image.
    """
    hu, grid = read_image(case.image, findings=[])
    return measure_case(hu, grid, read_structures(folder, case, labels, grid))


def read_structures(folder: Path, case: Case, labels: Mapping[str, int], grid: Grid) -> dict[str, Mask]:
    """The structures that somebody contoured in a case: its masks where there are some, else from its label map.

    Raises:
        InputFileError: a file that cannot be read.
        GeometryError: contours on another grid than `grid`.
    """
    masks: dict[str, Mask] = {}
    for name, stem in zip(case.annotated, file_stems(case.annotated), strict=True):
        path = _mask_file(folder, case, stem)
        if path is not None:
            masks[name] = Mask.from_array(_on_grid(path, grid), grid)
    missing = [name for name in case.annotated if name not in masks]
    if missing and case.label is not None:
        array = _on_grid(case.label, grid)
        boxes = find_objects(array)
        masks |= {name: _of_value(array, labels[name], boxes, grid) for name in missing}
    return {name: masks[name] for name in labels if name in masks}


def _mask_file(folder: Path, case: Case, stem: str) -> Path | None:
    places = (masks_folder(folder, case.case) / f"{stem}{suffix}" for suffix in NIFTI_SUFFIXES)
    return next((path for path in places if path.is_file()), None)


def _on_grid(path: Path, grid: Grid) -> NDArray[Any]:
    array, its_grid = read_labels(path)
    if not its_grid.matches(grid):
        raise GeometryError(f"{path}: lies on another grid than its image; write it on that of the image")
    return array


def _of_value(array: NDArray[Any], value: int, boxes: list[tuple[slice, slice, slice] | None], grid: Grid) -> Mask:
    box = boxes[value - 1] if value <= len(boxes) else None
    if box is None:
        return Mask.empty(grid)
    i, j, k = (one.start for one in box)
    return Mask(grid, (i, j, k), np.asfortranarray(array[box] == value))


def _as_finding(case: str, entry: Mapping[str, Any]) -> CaseFinding:
    severity = str(entry.get("severity", "warning"))
    subject, code, message = str(entry.get("subject", "")), str(entry["code"]), str(entry["message"])
    return CaseFinding(case, subject, code, severity, message)
