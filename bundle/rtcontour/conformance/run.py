"""run_conformance: every case, the criteria, and the tables."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import rtcontour
from rtcontour.conformance.cases import CASES
from rtcontour.conformance.other_readers import cross_read, missing_readers
from rtcontour.conformance.table import write_tables
from rtcontour.conformance.trip import travel
from rtcontour.conformance.verdict import Conformance, judge
from rtcontour.errors import ConfigError, GeometryError
from rtcontour.files import whole_folder

LIBRARIES = ("numpy", "pydicom")


def run_conformance(
    out_dir: str | Path,
    *,
    cases: Sequence[str] = tuple(CASES),
    replace: bool = False,
    say: Callable[[str], None] | None = None,
) -> Conformance:
    """Take shapes of known volume, and two synthetic patients, through import, export and round trip.

    Args:
        out_dir: takes conformance.md, conformance.csv, conformance.json and cases/NAME with the DICOM files; appears
            whole or not at all, also where criteria failed.
        cases: names of CASES; all of them by default.
        replace: whether an existing folder may be replaced.
        say: takes a line a case, as it is done.

    Returns:
        What was found; see `require_conformance`.

    Raises:
        ConfigError: a case of another name, or none.
        OutputError: the folder exists already or cannot be written.
    """
    unknown = [name for name in cases if name not in CASES]
    if unknown or not cases:
        raise ConfigError(f"conformance case {', '.join(unknown) or '(none)'}: expected some of {', '.join(CASES)}")
    started = time.monotonic()
    trips, cross_reads = [], missing_readers()
    with whole_folder(out_dir, replace=replace) as partial:
        for name in cases:
            begun = time.monotonic()
            case, folder = CASES[name](), partial / "cases" / name.replace(" ", "_")
            trip = travel(case, folder)
            trips.append(trip)
            cross_reads += cross_read(case, folder, trip)
            if say is not None:
                say(f"{name}: {len(trip.measured)} structures in {time.monotonic() - begun:.1f} s")
        measured = tuple(row for trip in trips for row in trip.measured)
        cross_reads.sort(key=lambda row: row.reader.lower())
        found = Conformance(
            version=rtcontour.__version__,
            date=datetime.now().astimezone().isoformat(timespec="seconds"),
            platform=_platform(),
            seconds=time.monotonic() - started,
            verdicts=judge(measured, cross_reads),
            measured=measured,
            timings=tuple(trip.timing for trip in trips),
            cross_reads=tuple(cross_reads),
        )
        write_tables(partial, found)
    return found


def require_conformance(found: Conformance, out_dir: str | Path) -> None:
    """Fail where a criterion failed.

    Raises:
        GeometryError: names the criteria, and where the table is.
    """
    failed = [
        f"{one.criterion} (expected {one.limit}, found {one.worst})" for one in found.verdicts if one.passed is False
    ]
    if not found.passed:
        raise GeometryError(
            f"{Path(out_dir) / 'conformance.md'}: this installation does not conform: {'; '.join(failed)}; "
            "do not use its contours, reinstall rtcontour and run the suite again"
        )


def _platform() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {libraries}"
