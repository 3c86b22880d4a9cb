"""cohort.json: what an imported data set remembers from one import to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rtcontour.errors import DataSetError
from rtcontour.files import whole_file

COHORT = "cohort.json"


@dataclass(frozen=True)
class Cohort:
    """What an imported data set remembers.

    Attributes:
        labels: structure -> value in its label maps.
        splits: patient -> split, of every patient who ever had a case: who comes back comes back there.
        folds: patient -> fold of the cross-validation.
        not_imported: patient -> why there is no case, without identifiers.
    """

    labels: Mapping[str, int]
    splits: Mapping[str, str] = field(default_factory=dict)
    folds: Mapping[str, int] = field(default_factory=dict)
    not_imported: Mapping[str, str] = field(default_factory=dict)


def read_cohort(dataset_dir: Path) -> Cohort | None:
    """The cohort of a data set folder; None where it has none.

    Raises:
        DataSetError: the file is there and is none.
    """
    path = dataset_dir / COHORT
    try:
        return Cohort(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DataSetError(f"{path}: is no cohort ({error}); restore it: it keeps patients in their splits") from error


def write_cohort(dataset_dir: Path, cohort: Cohort) -> None:
    """Write the cohort of a data set folder.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(dataset_dir / COHORT, replace=True) as partial:
        partial.write_text(json.dumps(asdict(cohort), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
