"""Records: what an import knows of a case, kept beside it as records/CASE.json."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rtcontour.datasets.data_set import Case
from rtcontour.errors import DataSetError, Finding
from rtcontour.files import whole_file

RECORDS = "records"
Record = dict[str, Any]


def record_path(dataset_dir: Path, case: str) -> Path:
    """Where the record of a case lies."""
    return dataset_dir / RECORDS / f"{case}.json"


def image_path(dataset_dir: Path, case: str) -> Path:
    """Where the CT of a case lies."""
    return dataset_dir / "images" / f"{case}.nii.gz"


def label_path(dataset_dir: Path, case: str) -> Path:
    """Where the label map of a case lies."""
    return dataset_dir / "labels" / f"{case}.nii.gz"


def masks_folder(dataset_dir: Path, case: str) -> Path:
    """Where the untouched masks of a case lie, NAME.nii.gz each."""
    return dataset_dir / "masks" / case


def write_record(dataset_dir: Path, record: Record) -> None:
    """Write the record of a case; it comes last, so a case with a record is whole.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(record_path(dataset_dir, record["case"]), replace=True) as partial:
        partial.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_record(dataset_dir: Path, case: str) -> Record | None:
    """The record of a case; None where there is none yet.

    Raises:
        DataSetError: it is there and no record.
    """
    path = record_path(dataset_dir, case)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["case"], content["patient"], content["fingerprint"], content["annotated"], content["findings"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{path}: is no record ({type(error).__name__}); delete it and import again") from error
    return dict(content)


def read_records(dataset_dir: Path) -> list[Record]:
    """All records of a data set, by case."""
    cases = sorted(path.stem for path in (dataset_dir / RECORDS).glob("*.json") if not path.name.startswith("."))
    return [record for case in cases if (record := read_record(dataset_dir, case)) is not None]


def findings_of(record: Record) -> list[Finding]:
    """What the import found odd in a case, as findings again."""
    return [Finding.from_entry(entry) for entry in record["findings"]]


def as_entries(findings: list[Finding]) -> list[dict[str, str]]:
    """Findings as a record has them."""
    return [asdict(finding) for finding in findings]


def case_of(record: Record, dataset_dir: Path, split: str, fold: int | None = None) -> Case:
    """The case as the data set lists it."""
    name, annotated = record["case"], tuple(record["annotated"])
    image, label = image_path(dataset_dir, name), label_path(dataset_dir, name)
    return Case(name, record["patient"], image, label, annotated, record["cohort"], split, fold)
