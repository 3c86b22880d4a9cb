"""The tables that are filed: conformance.md to be read, conformance.csv and conformance.json for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rtcontour.conformance.cases import SCANS
from rtcontour.conformance.measure import COLUMNS, Measured
from rtcontour.conformance.verdict import Conformance

UNDEFINED = "–"
SHOWN = {  # columns of the page: heading and format
    "case": ("case", "s"),
    "structure": ("structure", "s"),
    "truth_volume_cc": ("truth, cc", ".3f"),
    "exact_volume_cc": ("formula, cc", ".3f"),
    "volume_error_percent": ("volume error, %", "+.3f"),
    "exact_volume_error_percent": ("against formula, %", "+.2f"),
    "dice": ("Dice", ".5f"),
    "even_odd_differing_voxels": ("unlike even-odd", "d"),
    "centroid_shift_mm": ("centroid shift, mm", ".4f"),
    "slices_missed": ("slices missed", "d"),
    "holes": ("holes", "d"),
    "holes_read": ("holes read", "d"),
    "round_trip_differing_voxels": ("round trip", "d"),
    "keyhole_differing_voxels": ("keyholes", "d"),
    "import_seconds": ("import, s", ".4f"),
}
INTRODUCTION = """\
Shapes of known volume were cut into contours, written as RTSTRUCT on synthetic CTs and imported again; their voxels,
and the organs of two synthetic patients, were exported, read back and compared. The files are in `cases/`: each case
has a CT in `ct/` and a structure set `rtstruct.dcm`, which any other system can import to be compared with this table.

A contour is written with two decimals of a millimetre. So a voxel centre that lies within about 0.005 mm of the edge of
a shape may change sides; this is all that keeps Dice from 1. No data of persons are involved.
"""


def write_tables(folder: Path, found: Conformance) -> None:
    """Write the three files into an existing folder."""
    (folder / "conformance.md").write_text(page(found), encoding="utf-8")
    (folder / "conformance.json").write_text(json.dumps(record(found), indent=2, allow_nan=False) + "\n", "utf-8")
    with (folder / "conformance.csv").open("w", encoding="utf-8", newline="") as file:
        # The version and the date stand in every row, so that tables of several runs can be put together.
        writer = csv.DictWriter(file, ["rtcontour", "date", *COLUMNS])
        writer.writeheader()
        for row in found.measured:
            writer.writerow({"rtcontour": found.version, "date": found.date, **asdict(row)})


def record(found: Conformance) -> dict:
    """Everything as plain values for JSON."""
    return {
        "rtcontour": found.version,
        "date": found.date,
        "platform": found.platform,
        "seconds": round(found.seconds, 1),
        "passed": found.passed,
        "criteria": [{**asdict(verdict), "result": verdict.word} for verdict in found.verdicts],
        "columns": COLUMNS,
        "structures": [asdict(row) for row in found.measured],
        "cases": [asdict(timing) for timing in found.timings],
        "other_programs": [asdict(row) for row in found.cross_reads],
    }


def page(found: Conformance) -> str:
    """The Markdown page."""
    return "\n".join(
        [
            "# Conformance of rtcontour",
            "",
            f"rtcontour {found.version}, {found.date}, {found.platform}. The suite took {found.seconds:.0f} s.",
            f"Result: **{'every criterion that could be tested is met' if found.passed else 'FAILED'}**.",
            "",
            INTRODUCTION,
            "## Criteria",
            "",
            *_table(
                ["result", "criterion", "limit", "worst"],
                ([one.word, one.criterion, one.limit, one.worst] for one in found.verdicts),
            ),
            "## Structures",
            "",
            *_table([heading for heading, _ in SHOWN.values()], map(_row, found.measured)),
            "What the columns mean, by their names in conformance.csv and conformance.json, which hold more of them:",
            "",
            *(f"- {_heading(name)}: {meaning}." for name, meaning in COLUMNS.items()),
            "",
            "## Cases",
            "",
            *_table(
                ["case", "voxels", "spacing, mm", "ROIs", "write, s", "read, s", "import, s"],
                (
                    [
                        one.case,
                        " x ".join(map(str, one.voxels)),
                        " x ".join(f"{step:g}" for step in one.spacing_mm),
                        str(one.structures),
                        *(f"{time:.3f}" for time in (one.write_seconds, one.read_seconds, one.import_seconds)),
                    ]
                    for one in found.timings
                ),
            ),
            *_orientations(found),
            "Times are those of the whole structure set: writing the file, reading it, and from contours to voxels.",
            "",
            "## Other programs",
            "",
            *_table(
                ["program", "case", "structures", "lowest Dice over 1 cc", "differing voxels", "remark"],
                (
                    [
                        f"{row.reader} {row.version}".strip(),
                        row.case or UNDEFINED,
                        str(row.structures),
                        UNDEFINED if row.lowest_dice is None else f"{row.lowest_dice:.5f}",
                        UNDEFINED if row.differing_voxels is None else str(row.differing_voxels),
                        row.remark,
                    ]
                    for row in found.cross_reads
                ),
            ),
        ]
    )


def _row(row: Measured) -> list[str]:
    values = asdict(row)
    return [UNDEFINED if values[name] is None else format(values[name], form) for name, (_, form) in SHOWN.items()]


def _heading(name: str) -> str:
    return f"`{name}` ({SHOWN[name][0]})" if name in SHOWN and SHOWN[name][0] != name else f"`{name}`"


def _orientations(found: Conformance) -> list[str]:
    """The unit vectors of the scans with shapes, which say more than their names."""
    names = [timing.case for timing in found.timings if timing.case in SCANS]
    lines = [f"- {name}: i {SCANS[name].direction[0]}, j {SCANS[name].direction[1]}" for name in names]
    return ["Directions of i and j in the patient (LPS):", "", *lines, ""] if lines else []


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return [*(f"| {' | '.join(cell.replace('|', ' ') for cell in line)} |" for line in lines), ""]
