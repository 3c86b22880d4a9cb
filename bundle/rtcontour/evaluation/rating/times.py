"""Tang's Table 6: minutes of contouring from scratch and of correcting given contours, with the paired t-test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtcontour.evaluation.rating.grades import Ratings
from rtcontour.evaluation.statistics import Description, PairedT, describe, paired_t, percent_change


@dataclass(frozen=True)
class TimeRow:
    """One case: minutes in mode 1 (from scratch) and mode 2 (correcting); None where that was not timed."""

    case: str
    cohort: str
    mode_1_minutes: float | None
    mode_2_minutes: float | None

    @property
    def percent_saved(self) -> float | None:
        """How much shorter mode 2 is; None unless both were timed, and where mode 1 took no time."""
        return _percent_saved(self.mode_1_minutes, self.mode_2_minutes)


@dataclass(frozen=True)
class TimeTable:
    """The time study of one reader with the contours of one method, as Table 6 of Tang 2019.

    Attributes:
        method: whose contours were corrected in mode 2.
        reader: who worked.
        rows: the cases, those too in which only one mode was timed.
        mode_1: the minutes in mode 1 of the cases with both modes.
        mode_2: the same.
        test: paired t-test of these cases, mode 1 minus mode 2.
        percent_saved: how much smaller the mean of mode 2 is than that of mode 1.
    """

    method: str
    reader: str
    rows: tuple[TimeRow, ...]
    mode_1: Description
    mode_2: Description
    test: PairedT
    percent_saved: float | None

    @property
    def n(self) -> int:
        """Cases in which both modes were timed."""
        return self.test.n


def time_tables(ratings: Ratings) -> tuple[TimeTable, ...]:
    """One table for each method and reader with times; () where nobody took any."""
    readers = dict.fromkeys(time.reader for time in ratings.times)
    methods = dict.fromkeys(time.method for time in ratings.times if time.mode == 2) or {"": None}
    tables = [_table(method, reader, tuple(_rows(ratings, method, reader))) for method in methods for reader in readers]
    return tuple(table for table in tables if table.rows)


def _rows(ratings: Ratings, method: str, reader: str) -> Iterator[TimeRow]:
    times = [time for time in ratings.times if time.reader == reader]
    scratch = {time.case: time.minutes for time in times if time.mode == 1}
    corrected = {time.case: time.minutes for time in times if time.mode == 2 and time.method == method}
    for case in dict.fromkeys(time.case for time in times if time.case in scratch or time.case in corrected):
        yield TimeRow(case, ratings.cohorts.get(case, ""), scratch.get(case), corrected.get(case))


def _table(method: str, reader: str, rows: tuple[TimeRow, ...]) -> TimeTable:
    both = [
        (row.mode_1_minutes, row.mode_2_minutes)
        for row in rows
        if row.mode_1_minutes is not None and row.mode_2_minutes is not None
    ]
    scratch, corrected = [first for first, _ in both], [second for _, second in both]
    mode_1, mode_2 = describe(scratch), describe(corrected)
    saved = _percent_saved(mode_1.mean, mode_2.mean)
    return TimeTable(method, reader, rows, mode_1, mode_2, paired_t(scratch, corrected), saved)


def _percent_saved(mode_1: float | None, mode_2: float | None) -> float | None:
    change = percent_change(mode_1, mode_2)
    return None if change is None else 0.0 - change  # no change saves 0, and not -0
