"""A folder of masks: one NIfTI file a structure and structures.json, made from an RTSTRUCT or read back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rtcontour.contours import Roi, rasterize
from rtcontour.datasets.label_names import LABEL_NAMES, parse_label_names, read_label_names
from rtcontour.datasets.nifti import read_labels, write_mask
from rtcontour.dicom import check_frame_of_reference, read_ct_geometry, read_structure_set, write_structure_set
from rtcontour.errors import Finding, InputFileError, StructureNameError, deliver
from rtcontour.files import refuse_existing, whole_folder
from rtcontour.mask import Mask
from rtcontour.structures import resolve_structure

MASKS_INDEX = "structures.json"


def export_masks(
    rtstruct: str | Path,
    ct_folder: str | Path,
    output: str | Path,
    *,
    series_uid: str | None = None,
    ignore_frame_of_reference: bool = False,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> Path:
    """Rasterise every ROI of an RTSTRUCT on the grid of its CT and write `output`/NAME.nii.gz and structures.json.

    Characters of a name that are unsafe in file names become "_"; structures.json keeps the names as the clinic wrote
    them, and the findings.

    Raises:
        RtContourError: an unreadable RTSTRUCT or CT, another frame of reference, or an output that exists already.
    """
    structure_set = read_structure_set(rtstruct)
    ct = read_ct_geometry(ct_folder, series_uid=series_uid)
    found = [*structure_set.findings, *ct.findings]
    found += check_frame_of_reference(structure_set, ct, ignore=ignore_frame_of_reference)
    names = file_names([roi.name for roi in structure_set.rois])
    with whole_folder(output, replace=replace) as folder:

        def export(roi: Roi, name: str) -> Mask:
            mask = rasterize(roi, ct.grid)
            write_mask(folder / name, mask)
            return mask

        with ThreadPoolExecutor() as pool:
            masks = list(pool.map(export, structure_set.rois, names))
        found += [finding for mask in masks for finding in mask.findings]
        index = {
            "label": structure_set.label,
            "structures": [
                _entry(roi, mask, name) for roi, mask, name in zip(structure_set.rois, masks, names, strict=True)
            ],
            "findings": [asdict(finding) for finding in found],
        }
        (folder / MASKS_INDEX).write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    deliver(found, findings)
    return Path(output)


def _entry(roi: Roi, mask: Mask, file: str) -> dict[str, Any]:
    return {
        "name": roi.name,
        "file": file,
        "structure": _meaning(roi.name),
        "number": roi.number,
        "interpreted_type": roi.interpreted_type,
        "color": roi.color,
        "contours": len(roi.contours),
        "volume_cc": round(mask.volume_cc, 4),
    }


def _meaning(name: str) -> str | None:
    try:
        return resolve_structure(name).name
    except StructureNameError:
        return None


def import_masks(
    masks: str | Path,
    ct_folder: str | Path,
    output: str | Path,
    *,
    names: str | None = None,
    label: str = "rtcontour",
    series_uid: str | None = None,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> Path:
    """Write masks as an RTSTRUCT of a CT: the way back from `export_masks`.

    Args:
        masks: a folder of masks, or a label map (NIfTI).
        ct_folder: the CT they lie on.
        output: the RTSTRUCT file.
        names: for a label map, a JSON file or JSON text {"Bladder": 1, ...}; None for the labels.json beside it.
        label: structure set label.
        series_uid: which series, where the folder holds several.
        replace: overwrite an existing output.
        findings: a list that receives what was odd; None logs it.

    Raises:
        RtContourError: unreadable masks or CT, another grid, or an output that exists already.
    """
    refuse_existing(output, replace=replace)
    ct = read_ct_geometry(ct_folder, series_uid=series_uid)
    read = read_masks(masks) if Path(masks).is_dir() else split_label_map(masks, names)
    deliver(ct.findings, findings)
    return write_structure_set(output, read, ct, label=label, replace=replace, findings=findings)


def file_names(names: Sequence[str]) -> list[str]:
    """NIfTI file names for structure names: unsafe characters as "_", told apart where they would be the same."""
    taken: dict[str, int] = {}
    files = []
    for name in names:
        stem = re.sub(r"[^\w+\-.,()]", "_", name.strip()).lstrip(".") or "_"
        count = taken[stem.lower()] = taken.get(stem.lower(), 0) + 1
        files.append(f"{stem}.nii.gz" if count == 1 else f"{stem}_{count}.nii.gz")
    return files


def read_masks(folder: str | Path) -> dict[str, Mask]:
    """The masks of a folder by their names: those of structures.json, or of the files where there is none.

    Raises:
        InputFileError: no such folder, no masks in it, or a structures.json that does not describe it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"{folder}: no such folder; name one that `rtcontour masks` wrote")
    files = _listed(folder / MASKS_INDEX) if (folder / MASKS_INDEX).is_file() else _found(folder)
    if not files:
        raise InputFileError(f"{folder}: holds no masks (*.nii.gz); name a folder that `rtcontour masks` wrote")
    return {name: _read_mask(folder / file) for name, file in files.items()}


def _listed(path: Path) -> dict[str, str]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["structures"]
        return {entry["name"]: entry["file"] for entry in entries}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputFileError(
            f"{path}: is not what `rtcontour masks` writes ({type(error).__name__}: {error})"
        ) from error


def _found(folder: Path) -> dict[str, str]:
    return {path.name.removesuffix(".nii.gz"): path.name for path in sorted(folder.glob("*.nii.gz"))}


def _read_mask(path: Path) -> Mask:
    return Mask.from_array(*read_labels(path))


def split_label_map(path: str | Path, names: str | None) -> dict[str, Mask]:
    """The structures of a label map as masks by name.

    Raises:
        InputFileError: no names given or beside it, unreadable names, or label values in the map that they do not name.
    """
    beside = Path(path).parent / LABEL_NAMES
    if names is None and not beside.is_file():
        raise InputFileError(
            f"{path}: a label map needs the names of its labels, and {beside} is not there; "
            "say --names '{\"Bladder\": 1}'"
        )
    inline = names is not None and names.lstrip().startswith("{")
    values = parse_label_names(str(names), "--names") if inline else read_label_names(names or beside)
    labels, grid = read_labels(path)
    unnamed = sorted(set(np.unique(labels).tolist()) - {0, *values.values()})
    if unnamed:
        raise InputFileError(
            f"{path}: holds the labels {unnamed}, which {'--names' if names else beside} does not name; add them"
        )
    return {name: Mask.from_array(labels == value, grid) for name, value in values.items() if value}
