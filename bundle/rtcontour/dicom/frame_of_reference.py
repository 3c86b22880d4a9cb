"""Whether a structure set and a CT lie in the same frame of reference."""

from __future__ import annotations

import numpy as np

from rtcontour.contours import Contour, is_placed, slices_of
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.structure_set import StructureSet
from rtcontour.errors import Finding, GeometryError

REMEDY = "give the CT it was drawn on, or say --ignore-frame-of-reference if the coordinates are known to agree"


def check_frame_of_reference(
    structure_set: StructureSet, ct: CtGeometry, *, ignore: bool = False, remedy: str = REMEDY
) -> list[Finding]:
    """Compare what a structure set says it was drawn on with the CT it is used with.

    The frame of reference decides. Series and image UIDs are a cross-check: exports and anonymisers change them.

    Args:
        structure_set: as read.
        ct: the CT whose grid its contours are to be put on.
        ignore: take coordinates of another frame of reference as if they were this one's.
        remedy: what the caller's user can do where they differ, for the message.

    Returns:
        What does not agree but does not matter, or was ignored; [] if all agrees.

    Raises:
        GeometryError: the frames of reference differ and `ignore` is False.
    """
    name = structure_set.file_name or "structure set"
    drawn_in, lies_in = structure_set.frame_of_reference_uid, ct.frame_of_reference_uid
    findings = []
    if drawn_in is None or lies_in is None:
        who = "structure set" if drawn_in is None else "CT"
        message = f"the {who} names no frame of reference; its coordinates are taken as the same frame's"
        findings.append(Finding("frame-of-reference-unknown", message, subject=name))
    elif drawn_in != lies_in:
        message = f"frame of reference is {drawn_in}, the CT's is {lies_in}"
        if not ignore:
            raise GeometryError(f"{name}: {message}; {remedy}")
        findings.append(Finding("frame-of-reference-ignored", message, subject=name))
    if structure_set.rois_elsewhere and not ignore:
        raise GeometryError(
            f"{name}: ROIs {', '.join(structure_set.rois_elsewhere)} lie in another frame of reference than the rest; "
            f"remove them, or {remedy}"
        )
    return findings + _check_references(structure_set, ct, name)


def _check_references(structure_set: StructureSet, ct: CtGeometry, name: str) -> list[Finding]:
    findings = []
    named_series = structure_set.series_uids or (structure_set.series_uid,)
    if named_series != (None,) and ct.series_uid not in named_series:
        message = f"was drawn on series {structure_set.series_uid}, the CT is series {ct.series_uid}"
        findings.append(Finding("series-differs", message, subject=name))
    slice_of = {uid: k for k, uid in enumerate(ct.image_uids) if uid}
    contours = [contour for roi in structure_set.rois for contour in roi.contours if contour.image_uid]
    dangling = sum(contour.image_uid not in slice_of for contour in contours)
    if dangling:
        message = f"{dangling} of {len(contours)} contours name images that are not in the CT; their positions decide"
        findings.append(Finding("reference-dangling", message, subject=name))
    return findings if ct.frames else findings + _check_places(contours, slice_of, ct, name)


def _check_places(contours: list[Contour], slice_of: dict[str, int], ct: CtGeometry, name: str) -> list[Finding]:
    """Compare the image that each contour names with the slice it lies on."""
    known = [contour for contour in contours if contour.image_uid in slice_of and is_placed(contour)]
    named = np.array([slice_of[str(contour.image_uid)] for contour in known], np.int64)
    lies_on = slices_of(known, ct.grid)
    elsewhere = np.abs(named - lies_on) > 1  # a neighbour is named where a contour lies between two slices
    if not elsewhere.any():
        return []
    first = int(np.flatnonzero(elsewhere)[0])
    message = (
        f"{np.count_nonzero(elsewhere)} of {len(known)} contours lie on other slices than the image they name, the "
        f"first on slice {lies_on[first]} instead of {named[first]} (-1: on none); their positions decide"
    )
    return [Finding("reference-elsewhere", message, subject=name)]
