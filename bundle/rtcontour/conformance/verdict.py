"""The criteria, and whether they are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtcontour.conformance.measure import Measured
from rtcontour.conformance.other_readers import LARGE_CC, CrossRead
from rtcontour.conformance.trip import Timing

LOWEST_DICE = 0.999  # written coordinates are off by up to 0.005 mm, so a centre that near to an edge may change sides
LARGEST_SHIFT_MM = 0.02


@dataclass(frozen=True)
class Verdict:
    """One criterion: its limit, the worst that was found and where, and whether that is within the limit.

    `passed` is None where nothing could be tested.
    """

    criterion: str
    limit: str
    worst: str
    passed: bool | None

    @property
    def word(self) -> str:
        """PASS, FAIL or NOT TESTED."""
        return {True: "PASS", False: "FAIL", None: "NOT TESTED"}[self.passed]


@dataclass(frozen=True, eq=False)
class Conformance:
    """Everything that the suite found out.

    Attributes:
        version: of rtcontour.
        date: when it ran, ISO 8601 with the offset of the time zone.
        platform: operating system, processor, Python and libraries.
        seconds: how long the whole suite took.
        verdicts: one a criterion.
        measured: one row a structure.
        timings: one row a case.
        cross_reads: one row a case and other program, and one a program that is not installed.
    """

    version: str
    date: str
    platform: str
    seconds: float
    verdicts: tuple[Verdict, ...]
    measured: tuple[Measured, ...]
    timings: tuple[Timing, ...]
    cross_reads: tuple[CrossRead, ...]

    @property
    def passed(self) -> bool:
        """Whether no criterion failed."""
        return all(verdict.passed is not False for verdict in self.verdicts)

    def summary(self) -> list[str]:
        """One line a criterion, and one for all of them."""
        failed = sum(verdict.passed is False for verdict in self.verdicts)
        lines = [f"{one.word}  {one.criterion}: {one.limit}; worst {one.worst}" for one in self.verdicts]
        return [*lines, f"{len(self.measured)} structures: {f'{failed} criteria failed' if failed else 'conforms'}"]


def judge(measured: Sequence[Measured], cross_reads: Sequence[CrossRead]) -> tuple[Verdict, ...]:
    """Every criterion over all structures; Dice and centroid over those larger than LARGE_CC."""
    large = [row for row in measured if row.truth_volume_cc > LARGE_CC]
    over = f"structures over {LARGE_CC:g} cc"
    even_odd = [(row.even_odd_differing_voxels, row) for row in measured]
    missed = [(row.slices_missed, row) for row in measured]
    holes = [(abs(row.holes_read - row.holes), row) for row in measured]
    there_and_back = [(row.round_trip_differing_voxels, row) for row in measured]
    with_keyholes = [(row.keyhole_differing_voxels, row) for row in measured]
    # An imported mask without voxels has no centroid, which no shift may hide.
    shifts = [(float("inf") if row.centroid_shift_mm is None else row.centroid_shift_mm, row) for row in large]
    return (
        _none_of("voxels unlike a brute-force even-odd test of the stored contours", even_odd),
        _at_least(f"Dice against the truth, {over}", [(row.dice, row) for row in large]),
        _below(f"centroid shift against the truth's voxels, {over}", shifts),
        _none_of("slices missed", missed),
        _none_of("holes lost or added", holes),
        _none_of("voxels changed by writing and reading", there_and_back),
        _none_of("voxels changed by writing with keyholes and reading", with_keyholes),
        _of_others(cross_reads),
    )


def _none_of(criterion: str, values: Sequence[tuple[int, Measured]]) -> Verdict:
    if not values:
        return Verdict(criterion, "0", "nothing", None)
    worst, row = max(values, key=lambda pair: pair[0])
    return Verdict(criterion, "0", f"{worst}{f' in {_name(row)}' if worst else ''}", worst == 0)


def _at_least(criterion: str, values: Sequence[tuple[float, Measured]]) -> Verdict:
    limit = f"at least {LOWEST_DICE:g}"
    if not values:
        return Verdict(criterion, limit, "nothing", None)
    worst, row = min(values, key=lambda pair: pair[0])
    return Verdict(criterion, limit, f"{worst:.5f} in {_name(row)}", worst >= LOWEST_DICE)


def _below(criterion: str, values: Sequence[tuple[float, Measured]]) -> Verdict:
    limit = f"below {LARGEST_SHIFT_MM:g} mm"
    if not values:
        return Verdict(criterion, limit, "nothing", None)
    worst, row = max(values, key=lambda pair: pair[0])
    return Verdict(criterion, limit, f"{worst:.4f} mm in {_name(row)}", worst < LARGEST_SHIFT_MM)


def _of_others(cross_reads: Sequence[CrossRead]) -> Verdict:
    criterion, limit = "Dice against the masks of other programs", f"at least {LOWEST_DICE:g}"
    values = [(row.lowest_dice, row) for row in cross_reads if row.judged and row.lowest_dice is not None]
    if not values:
        return Verdict(criterion, limit, "nothing: no installed program could read the files", None)
    worst, row = min(values, key=lambda pair: pair[0])
    return Verdict(criterion, limit, f"{worst:.5f} with {row.reader} in {row.case}", worst >= LOWEST_DICE)


def _name(row: Measured) -> str:
    return f"{row.case}, {row.structure}"
