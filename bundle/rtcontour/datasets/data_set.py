"""Case and DataSet: what a data set folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtcontour.errors import DataSetError, Finding

SPLITS = ("training", "validation", "test")


@dataclass(frozen=True)
class Case:
    """One scan of a data set.

    Attributes:
        case: its name, unique in the data set and fit for a file name.
        patient: whose scan it is; all scans of a patient are in one split.
        image: absolute path of the CT.
        label: absolute path of the label map; None only in the test split.
        annotated: the structures that somebody contoured; any other of the data set is unknown here, not background.
        cohort: the group it belongs to, "" where none is given.
        split: "training", "validation" or "test".
        fold: of the cross-validation, 0 and up; None where there is none.
    """

    case: str
    patient: str
    image: Path
    label: Path | None
    annotated: tuple[str, ...]
    cohort: str = ""
    split: str = "training"
    fold: int | None = None


@dataclass(frozen=True)
class DataSet:
    """A data set folder as its datalist.json describes it.

    Attributes:
        name: title of the data set.
        folder: absolute path of the folder.
        labels: structure -> value in the label maps, without the background; names are the table's where they resolve.
        cases: all cases, split by split, in the order of the file.
        description: what it is and where it is from.
        findings: what is odd about it.
    """

    name: str
    folder: Path
    labels: Mapping[str, int]
    cases: tuple[Case, ...]
    description: str = ""
    findings: tuple[Finding, ...] = ()

    def split(self, name: str) -> tuple[Case, ...]:
        """The cases of "training", "validation" or "test"; () where there are none.

        Raises:
            DataSetError: there is no such split.
        """
        if name not in SPLITS:
            raise DataSetError(f"{self.folder}: there is no split {name!r}; expected {', '.join(SPLITS)}")
        return tuple(case for case in self.cases if case.split == name)
