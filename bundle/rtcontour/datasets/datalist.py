"""datalist.json: a data set folder read and checked as a whole, and written."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rtcontour.datasets.data_set import SPLITS, Case, DataSet
from rtcontour.errors import DataSetError, Finding
from rtcontour.files import whole_file
from rtcontour.structures import find_structure, unresolved_name

DATALIST = "datalist.json"
BACKGROUND = "background"
HIGHEST_LABEL = 255


def read_datalist(folder: str | Path) -> DataSet:
    """Read a data set folder's datalist.json and check it against itself and the files it names.

    A missing `annotated` means that every structure was contoured. Structures are known by the table's names where
    those resolve; others stay as they are, with a finding.

    Raises:
        DataSetError: no datalist.json, no JSON, no splits; a case without image or label map, or whose files are not
            there; a case twice; a patient in two splits; labels that share a value, or that one structure has twice;
            an `annotated` structure that is not in `labels`.
    """
    path = Path(folder).resolve() / DATALIST
    content = _parse(path)
    names, findings = _structure_names(path, content)
    labels = {names[written]: value for written, value in content["labels"].items() if written in names}
    cases = [
        _read_case(path, entry, split, number, names)
        for split in SPLITS
        for number, entry in enumerate(content.get(split, ()))
    ]
    _check_cases(path, cases)
    title, description = str(content.get("name", path.parent.name)), str(content.get("description", ""))
    return DataSet(title, path.parent, labels, tuple(cases), description, findings)


def write_datalist(folder: str | Path, data_set: DataSet, *, replace: bool = False) -> Path:
    """Write `data_set` as datalist.json into `folder`, its paths relative to that folder.

    Raises:
        OutputError: there is one already and `replace` is False, or it cannot be written.
    """
    folder = Path(folder).resolve()
    content: dict[str, Any] = {"name": data_set.name, "description": data_set.description}
    content["labels"] = {BACKGROUND: 0, **data_set.labels}
    for split in SPLITS:
        content[split] = [_case_entry(case, folder) for case in data_set.split(split)]
    path = folder / DATALIST
    with whole_file(path, replace=replace) as partial:
        partial.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); name a data set folder, which has a {DATALIST}"
        raise DataSetError(message) from error
    except json.JSONDecodeError as error:
        raise DataSetError(f"{path}: line {error.lineno} is no JSON ({error.msg}); mend it there") from error
    if not isinstance(content, dict) or not isinstance(content.get("labels"), dict):
        raise DataSetError(f'{path}: has no `labels`; expected {{"{BACKGROUND}": 0, "Bladder": 1, ...}}')
    if not any(content.get(split) for split in SPLITS):
        raise DataSetError(f"{path}: names no cases; expected lists under {', '.join(SPLITS)}")
    for split in SPLITS:
        entries = content.get(split, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise DataSetError(f"{path}: `{split}` is no list of cases; expected one object a case")
    return content


def _structure_names(path: Path, content: Mapping[str, Any]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Written name -> name in use, without the background; and a finding for each that the table does not have."""
    labels, names, findings = content["labels"], {}, []
    for written, value in labels.items():
        if type(value) is not int or not 0 <= value <= HIGHEST_LABEL or (value == 0) != (written == BACKGROUND):
            expected = f"0 for {BACKGROUND}, 1 to {HIGHEST_LABEL} for a structure"
            raise DataSetError(f"{path}: label {written!r} is {value!r}; expected {expected}")
        if written == BACKGROUND:
            continue
        structure = find_structure(written)
        names[written] = structure.name if structure else written
        if structure is None:
            findings.append(unresolved_name(written))
    for what, found in (("value", labels.values()), ("structure", names.values())):
        twice = [item for item, count in Counter(found).items() if count > 1]
        if twice:
            raise DataSetError(f"{path}: two labels have the {what} {twice[0]!r}; give each structure one value")
    return names, tuple(findings)


def _read_case(path: Path, entry: Mapping[str, Any], split: str, number: int, names: Mapping[str, str]) -> Case:
    case = entry.get("case")
    if not isinstance(case, str) or not case or Path(case).name != case:
        raise DataSetError(f"{path}: case {number} of `{split}` is named {case!r}; expected a word fit for a file name")
    for key in ("patient", "image", *(() if split == "test" else ("label",))):
        if not isinstance(entry.get(key), str):
            raise DataSetError(f"{path}: case {case!r} has no {key!r}; expected one in every case of `{split}`")
    files = {key: path.parent / entry[key] for key in ("image", "label") if entry.get(key)}
    for key, file in files.items():
        if not file.is_file():
            raise DataSetError(f"{path}: case {case!r}: {key} {file} is not there; restore it or take the case out")
    annotated = _annotated(path, case, entry.get("annotated"), names)
    cohort, fold = str(entry.get("cohort", "")), _read_fold(path, case, entry.get("fold"))
    return Case(case, entry["patient"], files["image"], files.get("label"), annotated, cohort, split, fold)


def _read_fold(path: Path, case: str, fold: Any) -> int | None:
    if fold is not None and (type(fold) is not int or fold < 0):
        raise DataSetError(f"{path}: case {case!r}: `fold` is {fold!r}; expected 0, 1, ... or none")
    return fold


def _annotated(path: Path, case: str, written: Sequence[str] | None, names: Mapping[str, str]) -> tuple[str, ...]:
    in_use = tuple(names.values())
    if written is None:
        return in_use
    if not isinstance(written, list) or not all(isinstance(name, str) for name in written):
        raise DataSetError(f"{path}: case {case!r}: `annotated` is {written!r}; expected a list of structures")
    annotated = []
    for name in written:
        structure = find_structure(name)
        meant = names.get(name) or (structure.name if structure else name)
        if meant not in in_use:
            raise DataSetError(
                f"{path}: case {case!r}: annotated {name!r} is not in `labels`; expected some of {', '.join(in_use)}"
            )
        annotated.append(meant)
    return tuple(dict.fromkeys(annotated))


def _check_cases(path: Path, cases: Sequence[Case]) -> None:
    splits: dict[str, Case] = {}
    seen: set[str] = set()
    for case in cases:
        if case.case in seen:
            raise DataSetError(f"{path}: case {case.case!r} is there twice; give every case a name of its own")
        seen.add(case.case)
        other = splits.setdefault(case.patient, case)
        if other.split != case.split:
            raise DataSetError(
                f"{path}: cases {other.case!r} ({other.split}) and {case.case!r} ({case.split}) are of one patient; "
                "keep a patient in one split"
            )


def _case_entry(case: Case, folder: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {"case": case.case, "patient": case.patient, "image": _relative(case.image, folder)}
    if case.label:
        entry["label"] = _relative(case.label, folder)
    entry["annotated"] = list(case.annotated)
    if case.cohort:
        entry["cohort"] = case.cohort
    if case.fold is not None:
        entry["fold"] = case.fold
    return entry


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()
