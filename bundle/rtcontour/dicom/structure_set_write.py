"""Write masks or contours as an RTSTRUCT: valid, or not written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydicom import dcmwrite
from pydicom.dataset import Dataset

from rtcontour.contours import Contour, trace
from rtcontour.dicom.algorithm import Algorithm
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.dicom_file import quiet_pydicom, text
from rtcontour.dicom.roi_write import add_roi, replace_roi, shortened
from rtcontour.dicom.structure_set_frame import (
    frame_uid_of,
    make_new_instance,
    new_structure_set,
    structure_set_to_extend,
)
from rtcontour.errors import Finding, GeometryError, deliver
from rtcontour.files import refuse_existing, whole_file
from rtcontour.mask import Mask
from rtcontour.structures import check_sides

LONGEST_DESCRIPTION = 1024  # Description is an ST


@quiet_pydicom()
def write_structure_set(
    path: str | Path,
    masks: Mapping[str, Mask | Sequence[Contour]],
    ct: CtGeometry,
    *,
    label: str = "rtcontour",
    replace: bool = False,
    append_to: str | Path | None = None,
    replace_rois: bool = False,
    algorithm: Algorithm | None = None,
    keyhole: bool = False,
    tolerance_mm: float = 0.0,
    findings: list[Finding] | None = None,
) -> Path:
    """Write masks as one structure set, in Implicit VR Little Endian with coordinates to 0.01 mm.

    Masks are traced without simplification unless a tolerance is given, so that rasterising what was written gives the
    same voxels.

    Args:
        path: appears whole or not at all.
        masks: ROI name -> mask on the grid of the CT, or contours to be written as they are; any name; an empty mask
            becomes an ROI without contours.
        ct: the CT that was contoured; its headers suffice.
        label: Structure Set Label, at most 16 characters.
        replace: whether an existing file may be replaced.
        append_to: an RTSTRUCT on the same frame of reference whose ROIs are kept, before the new ones.
        replace_rois: whether a mask takes the place of the ROI of its name in `append_to`, whose number, colour and
            type it keeps; otherwise it is added as NAME_2.
        algorithm: the model that made the masks.
        keyhole: join holes to the contour around them, for systems that fill inner contours.
        tolerance_mm: drop points as long as a contour moves nowhere by more than this; 0 keeps every corner.
        findings: takes what was odd, of the masks too; logged where None.

    Returns:
        The path.

    Raises:
        GeometryError: a mask is on another grid than the CT, or `append_to` in another frame of reference.
        StructureNameError: a mask without a name, a name that the file appended to cannot spell, or one that several
            of its ROIs have where it is to be replaced.
        OutputError: the file exists, or cannot be written.

    Source: DICOM PS3.3 A.19.3, RT Structure Set IOD.
    """
    refuse_existing(path, replace=replace)
    dataset, found = compose_structure_set(
        masks,
        ct,
        label=label,
        append_to=append_to,
        replace_rois=replace_rois,
        algorithm=algorithm,
        keyhole=keyhole,
        tolerance_mm=tolerance_mm,
    )
    with whole_file(path, replace=replace) as partial:
        dcmwrite(partial, dataset, implicit_vr=True, little_endian=True, enforce_file_format=True)
    deliver(found, findings)
    return Path(path)


def compose_structure_set(
    masks: Mapping[str, Mask | Sequence[Contour]],
    ct: CtGeometry,
    *,
    label: str,
    append_to: str | Path | None = None,
    replace_rois: bool = False,
    algorithm: Algorithm | None = None,
    keyhole: bool = False,
    tolerance_mm: float = 0.0,
) -> tuple[Dataset, list[Finding]]:
    """The data set that `write_structure_set` writes, for Implicit VR only, and what was odd."""
    _check_grids(masks, ct)
    of_masks = [finding for mask in masks.values() if isinstance(mask, Mask) for finding in mask.findings]
    of_masks += check_sides({name: mask.box_centre_mm for name, mask in masks.items() if isinstance(mask, Mask)})
    found: list[Finding] = []
    frame_uid = frame_uid_of(ct, found)
    if append_to is None:
        dataset = new_structure_set(ct, frame_uid, masks)
    else:
        dataset = structure_set_to_extend(append_to, ct, frame_uid, masks, found)
    for name, mask in masks.items():
        contours = trace(mask, tolerance_mm=tolerance_mm, keyhole=keyhole) if isinstance(mask, Mask) else tuple(mask)
        if not (replace_rois and replace_roi(dataset, name, contours, ct, algorithm, found)):
            add_roi(dataset, name, contours, ct, frame_uid, algorithm, found)
    make_new_instance(dataset, shortened(label, "the structure set label", found))
    _describe(dataset, of_masks)
    return dataset, [*of_masks, *found]


def _check_grids(masks: Mapping[str, Mask | Sequence[Contour]], ct: CtGeometry) -> None:
    for name, mask in masks.items():
        if isinstance(mask, Mask) and not mask.grid.matches(ct.grid):
            raise GeometryError(
                f"mask {name!r}: its grid of {mask.grid.shape} voxels at {mask.grid.origin_mm} mm is not the CT's "
                f"of {ct.grid.shape} at {ct.grid.origin_mm}; resample the mask to the CT first"
            )


def _describe(dataset: Dataset, of_masks: list[Finding]) -> None:
    """Say in the file, to whoever reviews it, how often the masks were odd in which way."""
    counts = Counter(finding.code for finding in of_masks if finding.severity != "note")
    if counts:
        line = "rtcontour: " + ", ".join(f"{code} ({count})" for code, count in sorted(counts.items()))
        parts = [text(dataset, "StructureSetDescription"), line]
        dataset.StructureSetDescription = "; ".join(part for part in parts if part)[:LONGEST_DESCRIPTION]
