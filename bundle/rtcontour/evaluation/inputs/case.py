"""CaseFiles and ContouredCase: where the contours of one case are, and what they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtcontour.errors import Finding
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@dataclass(frozen=True)
class CaseFiles:
    """Where the contours of one case are.

    Attributes:
        name: the case.
        path: a label map, a folder of masks, or an RTSTRUCT.
        labels: structure -> value in the label map; None for masks and structure sets.
        annotated: the structures that somebody contoured; None means all that there are.
        image: the CT, a NIfTI file or a folder of DICOM slices; None where it is not known.
        cohort: the group of patients it belongs to, "" where none is given.
        patient: whose scan it is, "" where that is not given.
    """

    name: str
    path: Path
    labels: Mapping[str, int] | None = None
    annotated: tuple[str, ...] | None = None
    image: Path | None = None
    cohort: str = ""
    patient: str = ""

    @property
    def is_structure_set(self) -> bool:
        """Whether the contours are those of an RTSTRUCT, which has no voxels without its CT."""
        return self.labels is None and self.path.is_file()


@dataclass(frozen=True, eq=False)
class ContouredCase:
    """The contours of one case.

    Attributes:
        files: where they were read from.
        grid: the grid of all masks.
        masks: structure -> mask, by the table's names where those resolve; an empty one was looked for in vain.
        annotated: the structures of `masks` that somebody contoured.
        findings: what was odd on the way.
        frame_of_reference_uid: the frame that its coordinates are in; None where that is not known, as in NIfTI.
        patient_id: Patient ID of an RTSTRUCT, "" where it has none; to be compared, never to be shown.
    """

    files: CaseFiles
    grid: Grid
    masks: Mapping[str, Mask]
    annotated: Set[str]
    findings: tuple[Finding, ...] = ()
    frame_of_reference_uid: str | None = None
    patient_id: str = field(default="", repr=False)


def with_case(files: CaseFiles, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with the case in their subject, since those of several cases are reported together."""
    return tuple(replace(f, subject=f"{files.name}, {f.subject}" if f.subject else files.name) for f in findings)
