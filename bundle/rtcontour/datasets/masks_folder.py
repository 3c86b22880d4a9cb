"""A folder of masks: one NIfTI file a structure and structures.json, made from an RTSTRUCT or read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rtcontour.datasets.label_names import LABEL_NAMES, parse_label_names, read_label_names
from rtcontour.datasets.nifti import nifti_files, read_labels, stem_of, write_mask
from rtcontour.errors import Finding, InputFileError, StructureNameError, deliver
from rtcontour.files import file_stems, refuse_existing, unique_name, whole_folder
from rtcontour.mask import Mask
from rtcontour.structures import check_sides, read_aliases, resolve_structure

if TYPE_CHECKING:
    from rtcontour.contours import Roi

# Functions below import what reads DICOM: it takes longer to load than all else in this room, and most need none.

MASKS_INDEX = "structures.json"


def export_masks(
    rtstruct: str | Path,
    ct_folder: str | Path,
    output: str | Path,
    *,
    series_uid: str | None = None,
    ignore_frame_of_reference: bool = False,
    fill_gaps: bool = False,
    aliases: str | Path | None = None,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> Path:
    """Rasterise every ROI of an RTSTRUCT on the grid of its CT and write `output`/NAME.nii.gz and structures.json.

    Characters of a name that are unsafe in file names become "_"; structures.json keeps the names as the clinic wrote
    them, and the findings.

    Args:
        rtstruct: the RTSTRUCT file.
        ct_folder: the CT it was drawn on.
        output: the folder to write.
        series_uid: the CT series, where the folder holds several.
        ignore_frame_of_reference: go on where the frames of reference differ.
        fill_gaps: interpolate slices left out between contours.
        aliases: a JSON file {"written name": "TG-263 name"}, which wins over the structure table.
        replace: whether an existing folder may be replaced.
        findings: takes what was odd; logged where None.

    Raises:
        RtContourError: an unreadable RTSTRUCT or CT, another frame of reference, or an output that exists already.
    """
    from rtcontour.contours import rasterize
    from rtcontour.dicom import check_frame_of_reference, read_ct_geometry, read_structure_set

    meanings = None if aliases is None else read_aliases(aliases)
    structure_set = read_structure_set(rtstruct)
    ct = read_ct_geometry(ct_folder, series_uid=series_uid)
    found = [*structure_set.findings, *ct.findings]
    found += check_frame_of_reference(structure_set, ct, ignore=ignore_frame_of_reference)
    names = [f"{stem}.nii.gz" for stem in file_stems([roi.name for roi in structure_set.rois])]
    with whole_folder(output, replace=replace) as folder:

        def export(roi: Roi, name: str) -> Mask:
            mask = rasterize(roi, ct.grid, fill_gaps=fill_gaps)
            write_mask(folder / name, mask)
            return mask

        with ThreadPoolExecutor() as pool:
            masks = list(pool.map(export, structure_set.rois, names))
        found += [finding for mask in masks for finding in mask.findings]
        centres_mm = {roi.name: mask.box_centre_mm for roi, mask in zip(structure_set.rois, masks, strict=True)}
        found += check_sides(centres_mm, aliases=meanings)
        index = {
            "label": structure_set.label,
            "structures": [
                _entry(roi, mask, name, meanings)
                for roi, mask, name in zip(structure_set.rois, masks, names, strict=True)
            ],
            "findings": [asdict(finding) for finding in found],
        }
        (folder / MASKS_INDEX).write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    deliver(found, findings)
    return Path(output)


def _entry(roi: Roi, mask: Mask, file: str, aliases: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "name": roi.name,
        "file": file,
        "structure": _meaning(roi.name, aliases),
        "number": roi.number,
        "interpreted_type": roi.interpreted_type,
        "color": roi.color,
        "contours": len(roi.contours),
        "volume_cc": round(mask.volume_cc, 4),
    }


def _meaning(name: str, aliases: Mapping[str, str] | None) -> str | None:
    try:
        return resolve_structure(name, aliases=aliases).name
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
    append_to: str | Path | None = None,
    replace_rois: bool = False,
    keyhole: bool = False,
    tolerance_mm: float = 0.0,
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
        append_to: an RTSTRUCT whose ROIs are kept before these; it stays as it is, the output has all.
        replace_rois: a mask takes the place of the ROI of its name in `append_to`.
        keyhole: join holes to the contour around them.
        tolerance_mm: drop points as long as a contour moves nowhere by more than this; 0 keeps every corner.
        replace: overwrite an existing output.
        findings: a list that receives what was odd; None logs it.

    Raises:
        RtContourError: unreadable masks or CT, another grid, or an output that exists already.
    """
    from rtcontour.dicom import read_ct_geometry, write_structure_set

    refuse_existing(output, replace=replace)
    ct = read_ct_geometry(ct_folder, series_uid=series_uid)
    read = read_masks(masks) if Path(masks).is_dir() else split_label_map(masks, names)
    deliver(ct.findings, findings)
    return write_structure_set(
        output,
        read,
        ct,
        label=label,
        append_to=append_to,
        replace_rois=replace_rois,
        keyhole=keyhole,
        tolerance_mm=tolerance_mm,
        replace=replace,
        findings=findings,
    )


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
        raise InputFileError(f"{folder}: holds no masks (NIfTI); name a folder that `rtcontour masks` wrote")
    masks: dict[str, Mask] = {}
    for name, file in files:
        unique = unique_name(name, masks)
        mask = _read_mask(folder / file)
        if unique != name:
            twice = Finding("roi-name-twice", f"another mask has this name; {file} is called {unique!r}", subject=name)
            mask = replace_fields(mask, findings=(twice,))
        masks[unique] = mask
    return masks


def _listed(path: Path) -> list[tuple[str, str]]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["structures"]
        files = [(entry["name"], entry["file"]) for entry in entries]
        if not all(isinstance(text, str) for pair in files for text in pair):
            raise TypeError("a name or a file that is no text")
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputFileError(
            f"{path}: is not what `rtcontour masks` writes ({type(error).__name__}: {error}); write the folder again, "
            "or delete this file to take the names from the files"
        ) from error
    return files


def _found(folder: Path) -> list[tuple[str, str]]:
    return [(stem_of(path), path.name) for path in nifti_files(folder)]


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
