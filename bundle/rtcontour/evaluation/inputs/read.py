"""read_case: the contours of one case as masks on one grid, under the names of the structure table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rtcontour.datasets import Channel, read_labels, read_masks, recipe_channels
from rtcontour.errors import DataSetError, Finding, GeometryError, InputFileError
from rtcontour.evaluation.inputs.case import CaseFiles, ContouredCase, with_case
from rtcontour.evaluation.inputs.describe import tell_apart
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import label_boxes
from rtcontour.structures import check_sides, find_structure, unresolved_name

if TYPE_CHECKING:
    from rtcontour.evaluation.inputs.structure_set import DrawnRois

Structures = Iterable[str | Mapping[str, Sequence[str]]]  # a recipe's: names, and unions as {name: parts}


@dataclass(frozen=True, eq=False)
class Written:
    """Masks under the names as they are written."""

    grid: Grid
    masks: Mapping[str, Mask]
    findings: tuple[Finding, ...] = ()
    not_contoured: frozenset[str] = field(default_factory=frozenset)
    frame_of_reference_uid: str | None = None
    patient_id: str = field(default="", repr=False)


def read_case(
    files: CaseFiles, *, ignore_frame_of_reference: bool = False, structures: Structures | None = None
) -> ContouredCase:
    """Read the contours of one case.

    Args:
        files: from `list_cases`.
        ignore_frame_of_reference: go on where an RTSTRUCT names another frame of reference than its CT.
        structures: a recipe's structures: only these are offered, and unions of several as one mask, which somebody
            contoured if it or all of its parts were. None offers every structure under its own name.

    Raises:
        InputFileError: a file that is missing or broken, label values without a name, or an RTSTRUCT without CT.
        GeometryError: masks of one folder that are on different grids, or another frame of reference.
        DataSetError: two of its names mean one structure.
        ConfigError: impossible `structures`.
    """
    written = _read_written(files, ignore_frame_of_reference)
    names, unresolved = _resolve_names(files.path, written.masks)
    masks = {names[name]: mask for name, mask in written.masks.items()}
    contoured = set(masks) if files.annotated is None else set(masks) & set(files.annotated)
    contoured -= {names[name] for name in written.not_contoured}
    findings = (*with_case(files, written.findings), *unresolved)
    if structures is not None:
        channels = recipe_channels(structures)
        contoured = {c.name for c in channels if c.name in contoured or contoured.issuperset(c.parts)}
        masks = _unite(masks, channels)
    annotated = frozenset(contoured & set(masks))
    frame = written.frame_of_reference_uid
    return ContouredCase(files, written.grid, masks, annotated, findings, frame, written.patient_id)


def _read_written(files: CaseFiles, ignore_frame_of_reference: bool) -> Written:
    if files.labels is not None:
        return _split_label_map(files.path, files.labels)
    if files.is_structure_set:
        from rtcontour.evaluation.inputs.structure_set import read_drawn_rois  # loads what reads DICOM

        return _rasterised(read_drawn_rois(files, ignore_frame_of_reference))
    masks = read_masks(files.path)
    grid = next(iter(masks.values())).grid
    for name, mask in masks.items():
        if not mask.grid.matches(grid):
            raise GeometryError(
                f"{files.path}: {name} is not on the grid of {next(iter(masks))}: {tell_apart(mask.grid, grid)}; "
                "write the masks of a case on one grid"
            )
    return Written(grid, masks, tuple(finding for mask in masks.values() for finding in mask.findings))


def _rasterised(drawn: DrawnRois) -> Written:
    """Contoured ROIs, and of the empty ones those whose meaning no other ROI has: templates leave copies behind."""
    meant = {_meaning(name) for name in drawn.contoured}
    empty = {_meaning(name): name for name in reversed(drawn.empty)}
    nothing = Mask.empty(drawn.grid)
    masks = {**drawn.contoured, **{name: nothing for meaning, name in empty.items() if meaning not in meant}}
    sides = check_sides({name: mask.box_centre_mm for name, mask in drawn.contoured.items()})
    return Written(
        drawn.grid,
        masks,
        (*drawn.findings, *sides),
        frozenset(masks.keys() - drawn.contoured.keys()),
        drawn.frame_of_reference_uid,
        drawn.patient_id,
    )


def _split_label_map(path: Path, labels: Mapping[str, int]) -> Written:
    """One mask a name, from boxes that are found in one pass over the map."""
    label_map, grid = read_labels(path)
    boxes = label_boxes(label_map)
    unnamed = sorted(boxes.keys() - set(labels.values()))
    if unnamed:
        shown = ", ".join(map(str, unnamed[:5]))
        raise InputFileError(f"{path}: holds the values {shown}, which no structure has; add them to the label names")
    masks = {}
    for name, value in labels.items():
        if value:
            box = boxes.get(value, (slice(0, 0),) * 3)
            i, j, k = (part.start for part in box)
            masks[name] = Mask(grid, (i, j, k), np.asfortranarray(label_map[box] == value))
    return Written(grid, masks)


def _resolve_names(path: Path, written: Iterable[str]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Written name -> name in use, and a finding for each that the structure table does not have."""
    names: dict[str, str] = {}
    findings = []
    for name in written:
        in_use = _meaning(name)
        other = next((before for before, meant in names.items() if meant == in_use), None)
        if other is not None:
            raise DataSetError(
                f"{path}: {name!r} is the second to mean {in_use}, after {other!r}; keep one of them, or rename one"
            )
        if find_structure(name) is None:
            findings.append(unresolved_name(name))
        names[name] = in_use
    return names, tuple(findings)


def _meaning(name: str) -> str:
    structure = find_structure(name)
    return structure.name if structure else name


def _unite(masks: Mapping[str, Mask], channels: Sequence[Channel]) -> dict[str, Mask]:
    """Channel -> the union of what there is of it; a channel of which there is nothing is left out."""
    present = {c.name: [masks[name] for name in c.names if name in masks] for c in channels}
    return {name: _union(parts) for name, parts in present.items() if parts}


def _union(masks: Sequence[Mask]) -> Mask:
    filled = [mask for mask in masks if mask.voxels.size]
    if len(filled) < 2:
        return filled[0] if filled else masks[0]
    start = np.min([mask.start for mask in filled], axis=0)
    stop = np.max([np.add(mask.start, mask.voxels.shape) for mask in filled], axis=0)
    voxels = np.zeros(stop - start, np.bool_, order="F")
    for mask in filled:
        offset = np.subtract(mask.start, start)
        voxels[tuple(slice(a, a + n) for a, n in zip(offset, mask.voxels.shape, strict=True))] |= mask.voxels
    return Mask(filled[0].grid, tuple(start), voxels)
