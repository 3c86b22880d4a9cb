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
from rtcontour.dicom.roi_write import add_roi, check_contours, printable, replace_roi, roi_names, shortened
from rtcontour.dicom.structure_set_frame import (
    frame_uid_of,
    make_new_instance,
    new_structure_set,
    structure_set_to_extend,
)
from rtcontour.errors import ConfigError, Finding, GeometryError, deliver
from rtcontour.files import refuse_existing, whole_file
from rtcontour.mask import Mask
from rtcontour.structures import check_sides

DEFAULT_LABEL = "rtcontour"
LONGEST_DESCRIPTION = 1024  # Description is an ST


@quiet_pydicom()
def write_structure_set(
    path: str | Path,
    masks: Mapping[str, Mask | Sequence[Contour]],
    ct: CtGeometry,
    *,
    label: str = DEFAULT_LABEL,
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
        keyhole: join holes of masks to the contour around them, for systems that fill inner contours.
        tolerance_mm: drop points of masks' contours as long as these move nowhere by more than this; 0 keeps every
            corner.
        findings: takes what was odd, of the masks too; logged where None.

    Returns:
        The path.

    Raises:
        GeometryError: there are no masks, a mask is on another grid than the CT, a contour is none that DICOM has, or
            `append_to` is in another frame of reference.
        InputFileError: `append_to` cannot be read.
        ConfigError: a tolerance that is no distance, or `replace_rois` without `append_to`.
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
    if not masks and append_to is None:
        raise GeometryError("there are no masks to write, and a structure set needs an ROI; give at least one")
    if replace_rois and append_to is None:
        raise ConfigError("ROIs are to be replaced, and no structure set to extend is given; say --append-to RTSTRUCT")
    _check_grids(masks, ct)
    for name, mask in masks.items():
        if not isinstance(mask, Mask):
            check_contours(name, mask)
    of_masks = [finding for mask in masks.values() if isinstance(mask, Mask) for finding in mask.findings]
    of_masks += check_sides({name: mask.box_centre_mm for name, mask in masks.items() if isinstance(mask, Mask)})
    found: list[Finding] = []
    texts = [*masks, label, *((algorithm.name, algorithm.version) if algorithm else ())]
    if append_to is None:
        frame_uid = frame_uid_of(ct, found)
        dataset = new_structure_set(ct, frame_uid, texts)
    else:
        dataset, frame_uid = structure_set_to_extend(append_to, ct, texts, found)
    replaceable = roi_names(dataset) if replace_rois else set()
    for name, mask in masks.items():
        contours = trace(mask, tolerance_mm=tolerance_mm, keyhole=keyhole) if isinstance(mask, Mask) else tuple(mask)
        if name.strip() in replaceable:
            replaceable.remove(name.strip())
            replace_roi(dataset, name.strip(), contours, ct, algorithm, found)
        else:
            add_roi(dataset, name, contours, ct, frame_uid, algorithm, found)
            found += _not_replaced(name) if replace_rois else ()
    make_new_instance(dataset, shortened(printable(label) or DEFAULT_LABEL, "the structure set label", found))
    _describe(dataset, of_masks)
    return dataset, [*of_masks, *found]


def _check_grids(masks: Mapping[str, Mask | Sequence[Contour]], ct: CtGeometry) -> None:
    for name, mask in masks.items():
        if isinstance(mask, Mask) and not mask.grid.matches(ct.grid):
            raise GeometryError(
                f"mask {name!r}: its grid of {mask.grid.shape} voxels at {mask.grid.origin_mm} mm is not the CT's "
                f"of {ct.grid.shape} at {ct.grid.origin_mm}; resample the mask to the CT first"
            )


def _not_replaced(name: str) -> list[Finding]:
    message = "no ROI of this name is in the structure set extended; it is added"
    return [Finding("roi-not-replaced", message, "note", name)]


def _describe(dataset: Dataset, of_masks: list[Finding]) -> None:
    """Say in the file, to whoever reviews it, in how many ROIs something was odd."""
    odd = {(finding.code, finding.subject) for finding in of_masks if finding.severity != "note"}
    counts = Counter(code for code, _ in odd)
    if counts:
        rois = ", ".join(f"{code} ({count} ROI{'s' if count > 1 else ''})" for code, count in sorted(counts.items()))
        line = f"rtcontour: {rois}"
        parts = [text(dataset, "StructureSetDescription"), line]
        dataset.StructureSetDescription = "; ".join(part for part in parts if part)[:LONGEST_DESCRIPTION]
