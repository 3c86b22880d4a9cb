"""The four grades, and what readers said: grades of structures, minutes of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Best first. Sartor 2020, section 2.5: the grades and what they mean.
GRADES = {
    "excellent": "almost no modification necessary",
    "good": "limited number of slices to be corrected",
    "acceptable": "usable, but several slices require modification",
    "not acceptable": "useless",
}
# Tang 2019, Table 6: the two ways of working whose time is compared.
MODES = {1: "contouring from scratch", 2: "correcting the given contours"}


@dataclass(frozen=True)
class Rating:
    """One structure of one set of contours, as one reader sees it.

    Attributes:
        case: whose scan.
        method: who or what contoured it.
        structure: which structure.
        reader: who looked at it.
        grade: one of GRADES; None where the reader gave none.
        seconds: how long the reader looked at it; None where nothing was recorded.
        comment: the reader's words.
    """

    case: str
    method: str
    structure: str
    reader: str = ""
    grade: str | None = None
    seconds: float | None = None
    comment: str = ""

    @property
    def score(self) -> int | None:
        """The grade as a number, 1 for "not acceptable" to 4 for "excellent": higher is better."""
        return None if self.grade is None else len(GRADES) - list(GRADES).index(self.grade)


@dataclass(frozen=True)
class WorkTime:
    """How long a reader worked on a case in one of two modes.

    Attributes:
        case: whose scan.
        mode: one of MODES.
        minutes: the time.
        method: whose contours were corrected; "" for mode 1, which starts from none.
        reader: who did the work.
    """

    case: str
    mode: int
    minutes: float
    method: str = ""
    reader: str = ""


@dataclass(frozen=True)
class Remark:
    """What a reader wrote about a study as a whole."""

    case: str
    reader: str
    text: str


@dataclass(frozen=True)
class Ratings:
    """Everything that readers said in one rating study, no longer blinded.

    Attributes:
        ratings: each structure of each set and reader once, those without a grade too.
        times: work times, where a time study was made.
        remarks: comments on whole studies.
        cohorts: case -> the group of patients it belongs to; "" or no entry where none is known.
    """

    ratings: tuple[Rating, ...] = ()
    times: tuple[WorkTime, ...] = ()
    remarks: tuple[Remark, ...] = ()
    cohorts: Mapping[str, str] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that was rated, in order of appearance."""
        return tuple(dict.fromkeys(rating.method for rating in self.ratings))

    @property
    def structures(self) -> tuple[str, ...]:
        """Every structure that was rated, in order of appearance."""
        return tuple(dict.fromkeys(rating.structure for rating in self.ratings))

    @property
    def readers(self) -> tuple[str, ...]:
        """Everybody who gave a grade, by name; who only took times or wrote remarks is none of them."""
        return tuple(sorted({rating.reader for rating in self.ratings if rating.grade is not None}))
