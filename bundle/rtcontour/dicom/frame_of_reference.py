"""Whether a structure set and a CT lie in the same frame of reference."""

from __future__ import annotations

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
    if structure_set.series_uid not in (None, ct.series_uid):
        message = f"was drawn on series {structure_set.series_uid}, the CT is series {ct.series_uid}"
        findings.append(Finding("series-differs", message, subject=name))
    images = set(ct.image_uids)
    named = [contour.image_uid for roi in structure_set.rois for contour in roi.contours if contour.image_uid]
    dangling = sum(uid not in images for uid in named)
    if dangling:
        message = f"{dangling} of {len(named)} contours name images that are not in the CT; their positions decide"
        findings.append(Finding("reference-dangling", message, subject=name))
    return findings
