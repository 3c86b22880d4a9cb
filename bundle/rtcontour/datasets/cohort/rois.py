"""Which ROI of a structure set is which structure of the recipe, and what it looks like on the CT."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rtcontour.errors import Finding, GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask, tight_box
from rtcontour.structures import Structure, find_structure, nearest_structures

if TYPE_CHECKING:
    from rtcontour.contours import Roi

LIKELY = 0.6  # of a spelling: below, the nearest structure is no likely reading of a name


@dataclass(frozen=True, eq=False)
class DrawnRoi:
    """An ROI on the grid of its CT.

    Attributes:
        roi: as the structure set has it.
        structure: what its name means; None where that is unknown or ambiguous.
        mask: its voxels.
        used: whether it is the data set's mask of its structure.
        why: why it is not, where it might have been.
    """

    roi: Roi
    structure: Structure | None
    mask: Mask
    used: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """The structure's name, or what is written where it means none."""
        return self.structure.name if self.structure else self.roi.name


def draw_rois(
    rois: Iterable[Roi],
    grid: Grid,
    wanted: Collection[str],
    *,
    aliases: Mapping[str, str] | None = None,
    fill_gaps: bool = False,
) -> tuple[list[DrawnRoi], list[Finding]]:
    """Rasterise all ROIs and choose one for each wanted structure.

    Where several ROIs mean one structure, the one that an alias names counts, else the one with the TG-263 name itself,
    else any of them if their voxels are the same. Otherwise nobody can tell which is meant, and none is used.

    Args:
        rois: of one structure set.
        grid: of its CT.
        wanted: TG-263 names, or other names that are matched as they are written.
        aliases: the department's own names.
        fill_gaps: interpolate slices left out between contours.

    Raises:
        GeometryError: an ROI of a wanted structure has coordinates that are no position.
    """
    findings: list[Finding] = []
    drawn = [_draw(roi, grid, wanted, aliases, fill_gaps, findings) for roi in rois]
    for name in wanted:
        candidates = [one for one in drawn if one.name == name]
        filled = [one for one in candidates if one.mask.voxel_count]
        chosen = _choose(name, filled, aliases or {}, findings) if filled else None
        if candidates and not filled:
            findings.append(Finding("roi-empty", "an ROI without a voxel: not contoured", "note", name))
        why = f"another ROI is {name}" if chosen else f"several ROIs may be {name}"
        for one in filled:
            drawn[drawn.index(one)] = replace(one, used=True) if one is chosen else replace(one, why=why)
    findings += _duplicates(drawn)
    findings += _unresolved(drawn, set(wanted) - {one.name for one in drawn if one.used})
    return drawn, findings


def _draw(
    roi: Roi,
    grid: Grid,
    wanted: Collection[str],
    aliases: Mapping[str, str] | None,
    fill_gaps: bool,
    findings: list[Finding],
) -> DrawnRoi:
    from rtcontour.contours import rasterize

    structure = find_structure(roi.name, aliases=aliases)
    is_wanted = (structure.name if structure else roi.name) in wanted
    try:
        mask = rasterize(roi, grid, fill_gaps=fill_gaps)
    except GeometryError as error:
        if is_wanted:
            raise
        findings.append(Finding("roi-unreadable", str(error), subject=roi.name))
        return DrawnRoi(roi, structure, Mask.empty(grid))
    if is_wanted:
        name = structure.name if structure else roi.name
        findings += [replace(finding, subject=name) for finding in mask.findings]
    return DrawnRoi(roi, structure, mask)


def _choose(name: str, filled: list[DrawnRoi], aliases: Mapping[str, str], findings: list[Finding]) -> DrawnRoi | None:
    if len(filled) == 1:
        return filled[0]
    written = ", ".join(repr(one.roi.name) for one in filled)
    for chosen in (
        [one for one in filled if one.roi.name in aliases],
        [one for one in filled if one.roi.name == name],
        filled[:1] if all(same_voxels(filled[0].mask, one.mask) for one in filled[1:]) else [],
    ):
        if len(chosen) == 1:
            message = f"is there as {written}; {chosen[0].roi.name!r} is taken"
            findings.append(Finding("structure-twice", message, subject=name))
            return chosen[0]
    message = f"is there as {written}, which differ: taken as not contoured; say in an alias file which is meant"
    findings.append(Finding("structure-twice", message, "error", name))
    return None


def _duplicates(drawn: list[DrawnRoi]) -> list[Finding]:
    """Structures whose voxels are exactly those of an ROI that means another structure."""
    findings = []
    for one in drawn:
        copies = [
            other.roi.name
            for other in drawn
            if one.used and other.structure and other.structure != one.structure and same_voxels(one.mask, other.mask)
        ]
        if copies:
            message = f"has exactly the voxels of {', '.join(map(repr, copies))}: one of them has the wrong name"
            findings.append(Finding("roi-duplicate", message, subject=one.name))
    return findings


def _unresolved(drawn: list[DrawnRoi], missing: Collection[str]) -> list[Finding]:
    """Names that the table does not know; a warning where one may be a wanted structure that is missing."""
    findings = []
    for one in drawn:
        if one.structure is None and one.mask.voxel_count and not one.used:
            near = nearest_structures(one.roi.name)
            likely = [name for name, likeness in near.items() if name in missing and likeness >= LIKELY]
            if likely:
                message = f"is not known and may be {likely[0]}, which is missing; if so, say it in an alias file"
                findings.append(Finding("name-unresolved", message, subject=one.roi.name))
            else:
                message = f"is not known; nearest are {', '.join(near)}"
                findings.append(Finding("name-unresolved", message, "note", one.roi.name))
    return findings


def same_voxels(one: Mask, other: Mask) -> bool:
    """Whether two masks on one grid are the same, and not empty."""
    if not one.voxel_count or one.voxel_count != other.voxel_count:
        return False
    boxes = tight_box(one.voxels), tight_box(other.voxels)
    starts = [
        [s.start + n for s, n in zip(box, mask.start, strict=True)]
        for box, mask in zip(boxes, (one, other), strict=True)
    ]
    return starts[0] == starts[1] and np.array_equal(one.voxels[boxes[0]], other.voxels[boxes[1]])
