"""read_ratings: the CSV files that readers saved, checked line by line and unblinded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from rtcontour.errors import InputFileError
from rtcontour.evaluation.rating.grades import GRADES, MODES, Rating, Ratings, Remark, WorkTime
from rtcontour.evaluation.rating.key import Study, StudyKey, read_key

COLUMNS = ("study", "set", "structure", "grade", "seconds", "mode", "minutes", "reader", "comment")


def read_ratings(paths: str | Path | Iterable[str | Path], key: str | Path | StudyKey) -> Ratings:
    """Read what readers saved, and tell whose contours it was about.

    A structure that a reader left without a grade, or whose study the reader did not hand in, has a rating without a
    grade: it is counted as not rated. Comma and semicolon separate fields alike, and files may begin with a byte order
    mark, as spreadsheets write them.

    Args:
        paths: CSV files, or folders of them.
        key: key.json of the study, the folder that holds it, or what `write_rating_study` returned.

    Raises:
        InputFileError: no files, a file that is no such CSV, or a line with an unknown study, set, structure or grade,
            a time that is none, or something that the same reader said before.
    """
    key = key if isinstance(key, StudyKey) else read_key(key)
    given: dict[tuple[str, ...], _Line] = {}
    for line in (line for path in _csv_files(paths) for line in _read_lines(path)):
        where = (line["reader"], *_subject(line, key))
        if where in given:
            raise line.error(f"says again what {given[where].place} says", "each thing once a reader; keep one of them")
        given[where] = line
    readers = sorted({reader for reader, *_ in given})
    return Ratings(
        tuple(rating for reader in readers for rating in _ratings_of(reader, key, given)),
        tuple(_work_time(key, line) for (_, kind, *_), line in given.items() if kind == "time"),
        tuple(_remark(key, line) for (_, kind, *_), line in given.items() if kind == "remark"),
        {study.case: study.cohort for study in key.studies.values() if study.cohort},
    )


@dataclass(frozen=True)
class _Line:
    """One line of a CSV: where it stands, and its fields by column."""

    path: Path
    number: int
    fields: Mapping[str, str]
    decimal_comma: bool

    def __getitem__(self, column: str) -> str:
        return self.fields[column]

    @property
    def place(self) -> str:
        return f"{self.path} line {self.number}"

    def error(self, found: str, expected: str) -> InputFileError:
        return InputFileError(f"{self.place}: {found}; expected {expected}")

    def chosen(self, column: str, expected: Iterable[str]) -> str:
        expected = list(expected)
        if self[column] not in expected:
            raise self.error(f"{column} is {self[column]!r}", ", ".join(expected))
        return self[column]

    def time(self, column: str) -> float:
        text = self[column].replace(",", ".") if self.decimal_comma else self[column]
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (isfinite(value) and value >= 0):
            raise self.error(f"{column} is {self[column]!r}", "a number, 0 or more")
        return value


def _csv_files(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    places = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    files = [file for place in places for file in (sorted(place.glob("*.csv")) if place.is_dir() else [place])]
    if not files:
        raise InputFileError(f"{', '.join(map(str, places)) or 'ratings'}: no CSV file there; give those readers saved")
    return files


def _read_lines(path: Path) -> Iterator[_Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); give a CSV that a reader saved") from error
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8' in the spreadsheet program"
        raise InputFileError(message) from error
    separator = ";" if text.partition("\n")[0].count(";") else ","
    table = _split_lines(path, text, separator)
    _, header = next(table, (1, []))
    _check_header(path, header)
    for number, values in table:
        if not any(values):
            continue  # spreadsheets leave empty lines at the end
        if len(values) != len(header):
            found = f"{path} line {number}: has {len(values)} fields; expected {len(header)}"
            raise InputFileError(f"{found}, separated by {separator!r} as in the header; quote what contains one")
        yield _Line(path, number, dict(zip(header, values, strict=True)), separator == ";")


def _split_lines(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line, and the number of the line on which they begin: a quoted comment may run over several.

    Without `strict`, a quotation mark that nobody closes would swallow all the lines after it.
    """
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for row in table:
            yield number, [value.strip() for value in row]
            number = table.line_num + 1
    except csv.Error as error:
        message = f"{path} line {number}: is no line of a CSV ({error}); close or remove the quotation mark"
        raise InputFileError(message) from error


def _check_header(path: Path, header: list[str]) -> None:
    for problem, names in (
        ("lacks the column", [name for name in COLUMNS if name not in header]),
        ("has an unknown column", [name for name in header if name not in COLUMNS]),
        ("has twice the column", [name for name in COLUMNS if header.count(name) > 1]),
    ):
        if names:
            raise InputFileError(f"{path} line 1: {problem} {names[0]!r}; expected {', '.join(COLUMNS)}")


def _subject(line: _Line, key: StudyKey) -> tuple[str, ...]:
    """What a line is about, each of its fields checked: a grade, a time or a remark, and of what."""
    if not line["reader"]:
        raise line.error("has no reader", "a name or initials")
    study = key.studies[line.chosen("study", key.studies)]
    if line["structure"]:
        return _grade_subject(line, study)
    if line["grade"]:
        raise line.error(f"has the grade {line['grade']!r} and no structure", "the name of the structure")
    if line["mode"] or line["minutes"]:
        return _time_subject(line, study)
    if line["set"]:
        raise line.error(f"names set {line['set']!r} and neither structure nor mode", "one of these")
    return "remark", line["study"]


def _grade_subject(line: _Line, study: Study) -> tuple[str, ...]:
    letter = line.chosen("set", study.sets)
    line.chosen("structure", study.sets[letter].structures)
    if line["mode"] or line["minutes"]:
        raise line.error("has a structure and a mode or minutes", "minutes of work on a line of their own")
    if line["grade"]:
        line.chosen("grade", GRADES)
    if line["seconds"]:
        line.time("seconds")
    return "grade", line["study"], letter, line["structure"]


def _time_subject(line: _Line, study: Study) -> tuple[str, ...]:
    mode = line.chosen("mode", map(str, MODES))
    line.time("minutes")
    if mode == "1" and line["set"]:
        raise line.error(f"mode is 1 and set is {line['set']!r}", "no set: mode 1 starts from no contours")
    letter = line.chosen("set", study.sets) if mode == "2" else ""
    return "time", line["study"], letter, mode


def _ratings_of(reader: str, key: StudyKey, given: Mapping[tuple[str, ...], _Line]) -> Iterator[Rating]:
    """One rating for every structure of every set, whether the reader gave a grade or not; the first method first."""
    for method in key.methods:
        for code, study in key.studies.items():
            for letter, blind in study.sets.items():
                for name in blind.structures if blind.method == method else ():
                    line = given.get((reader, "grade", code, letter, name))
                    yield _rating(reader, study.case, method, name, line)


def _rating(reader: str, case: str, method: str, structure: str, line: _Line | None) -> Rating:
    if line is None:
        return Rating(case, method, structure, reader)
    seconds = line.time("seconds") if line["seconds"] else None
    return Rating(case, method, structure, reader, line["grade"] or None, seconds, line["comment"])


def _work_time(key: StudyKey, line: _Line) -> WorkTime:
    study = key.studies[line["study"]]
    method = study.sets[line["set"]].method if line["set"] else ""
    return WorkTime(study.case, int(line["mode"]), line.time("minutes"), method, line["reader"])


def _remark(key: StudyKey, line: _Line) -> Remark:
    return Remark(key.studies[line["study"]].case, line["reader"], line["comment"])
