"""StructureSet: what one RTSTRUCT says, as it says it."""

from __future__ import annotations

from dataclasses import dataclass

from rtcontour.contours import Roi
from rtcontour.errors import Finding


@dataclass(frozen=True, eq=False)
class StructureSet:
    """The ROIs of one structure set and what they refer to.

    Attributes:
        rois: in the order of the file, those without contours too.
        label: Structure Set Label, "" where the file has none.
        frame_of_reference_uid: the frame the coordinates are in; None where the file names none.
        series_uid: the image series it was drawn on; None where the file names none.
        sop_instance_uid: identity of this structure set.
        approval: Approval Status ("APPROVED", "UNAPPROVED", "REJECTED"), "" where the file has none.
        findings: what was odd in the file.
        study_uid: Study Instance UID; None where the file names none.
        rois_elsewhere: names of ROIs that lie in another frame of reference than `frame_of_reference_uid`.
        series_uids: all image series that it names.
        file_name: where it was read from, for messages.
    """

    rois: tuple[Roi, ...]
    label: str
    frame_of_reference_uid: str | None
    series_uid: str | None
    sop_instance_uid: str
    approval: str
    findings: tuple[Finding, ...] = ()
    study_uid: str | None = None
    rois_elsewhere: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    file_name: str = ""

    def __getitem__(self, name: str) -> Roi:
        """The ROI of this name, as the file writes it.

        Raises:
            KeyError: no ROI has this name, or several have; the message names those that are there.
        """
        found = [roi for roi in self.rois if roi.name == name]
        if len(found) == 1:
            return found[0]
        there = ", ".join(roi.name for roi in self.rois) or "none"
        if found:
            numbers = ", ".join(str(roi.number) for roi in found)
            raise KeyError(f"{len(found)} ROIs are called {name!r} (numbers {numbers}); choose among .rois by number")
        raise KeyError(f"no ROI is called {name!r}; there are: {there}")
