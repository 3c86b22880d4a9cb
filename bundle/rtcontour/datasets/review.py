"""review.csv: what a physicist decided about cases and structures of a data set."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtcontour.errors import ConfigError, InputFileError
from rtcontour.structures import structure_or_fallback

COLUMNS = ("case", "structure", "decision", "comment")
EXCLUDE, NOT_CONTOURED, KEEP = "exclude", "not contoured", "keep"


@dataclass(frozen=True)
class Review:
    """Decisions about a data set.

    Attributes:
        excluded: cases that are to be left out.
        not_contoured: case -> structures that are to be treated as if nobody had contoured them.
        comments: (case, structure or "") -> what the physicist wrote.
    """

    excluded: frozenset[str] = frozenset()
    not_contoured: Mapping[str, frozenset[str]] = field(default_factory=dict)
    comments: Mapping[tuple[str, str], str] = field(default_factory=dict)


def read_review(path: str | Path | None, *, exclude: Iterable[str] = ()) -> Review:
    """Read the decisions in a CSV file with the columns case, structure, decision, comment.

    `exclude` takes out the case, or, with a structure, that structure, as `not contoured` does. `keep`, or nothing,
    leaves all as it is. Order of columns, capitals and blanks around words do not matter; semicolons will do.

    Args:
        path: the file; None for none.
        exclude: further cases to leave out.

    Raises:
        InputFileError: no such file, columns missing, or a line without a case.
        ConfigError: a decision that is none, or `not contoured` without a structure.
    """
    excluded = {case.strip() for case in exclude}
    not_contoured: dict[str, set[str]] = {}
    comments: dict[tuple[str, str], str] = {}
    for number, row in _rows(path) if path is not None else ():
        case, decision = row["case"], row["decision"].lower()
        structure = structure_or_fallback(row["structure"]).name if row["structure"] else ""
        if not case:
            raise InputFileError(f"{path}: line {number} names no case; write one, or take the line out")
        if decision not in (EXCLUDE, NOT_CONTOURED, KEEP, ""):
            raise ConfigError(
                f"{path}: line {number}: decision {row['decision']!r}; expected {EXCLUDE}, {NOT_CONTOURED} or {KEEP}"
            )
        if decision == NOT_CONTOURED and not structure:
            raise ConfigError(
                f"{path}: line {number}: {NOT_CONTOURED} without a structure; name it, or write {EXCLUDE}"
            )
        if decision == EXCLUDE and not structure:
            excluded.add(case)
        elif decision in (EXCLUDE, NOT_CONTOURED):
            not_contoured.setdefault(case, set()).add(structure)
        if row["comment"]:
            comments[case, structure] = row["comment"]
    frozen = {case: frozenset(names) for case, names in not_contoured.items()}
    return Review(frozenset(excluded), frozen, comments)


def _rows(path: str | Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(f"{path}: cannot be read ({error}); expected a CSV file in UTF-8") from error
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS[:3] if name not in header]
    if missing:
        raise InputFileError(f"{path}: has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            row = dict.fromkeys(COLUMNS, "") | {
                name: cell.strip() for name, cell in zip(header, cells, strict=False) if name in COLUMNS
            }
            rows.append((reader.line_num, row))
    return rows
