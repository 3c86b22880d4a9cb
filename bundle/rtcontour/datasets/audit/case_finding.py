"""CaseFinding: a finding of the audit, with its case and the place in the image where it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtcontour.errors import SEVERITIES, Finding

Index = tuple[int, int, int]
Extent = Literal["structure", "body"]


@dataclass(frozen=True)
class Place:
    """What a picture of a finding shows.

    Attributes:
        index: the voxel it is about; the views go through it.
        slices: slices shown from above, in this order; that of `index` where none are named.
        extent: the surroundings of the structure, or the whole body.
        window_hu: HU shown black and white.
    """

    index: Index
    slices: tuple[int, ...] = ()
    extent: Extent = "structure"
    window_hu: tuple[int, int] = (-160, 240)


@dataclass(frozen=True)
class CaseFinding:
    """One finding.

    Attributes:
        case: the case, "" for one about the whole data set.
        structure: what it is about: a structure, an ROI as written, or "" for the case.
        code, severity, message: as in `Finding`.
        place: where it shows; None where there is nothing to see.
        finding: the finding itself; None for one that the import found, and told then.
    """

    case: str
    structure: str
    code: str
    severity: str
    message: str
    place: Place | None = None
    finding: Finding | None = None

    @classmethod
    def of(cls, case: str, finding: Finding, place: Place | None = None) -> CaseFinding:
        """A finding whose subject is the structure."""
        return cls(case, finding.subject, finding.code, finding.severity, finding.message, place, finding)

    @property
    def weight(self) -> int:
        """0 for a note, more for what is worse."""
        return SEVERITIES.index(self.severity)
