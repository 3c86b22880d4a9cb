"""What goes wrong, and what is merely odd.

    RtContourError             the answer would be wrong, so there is none
    ├── InputFileError         a file or folder is missing, broken, or of another kind than expected
    ├── GeometryError          grids, slices or frames of reference that do not belong together
    ├── StructureNameError     a structure name that is unknown or ambiguous
    ├── DataSetError           a data set folder or its datalist.json that contradicts itself
    ├── CheckpointError        a checkpoint that does not fit the network or the recipe
    ├── ConfigError            a recipe, preset or option with an impossible value
    └── OutputError            an output that exists already or cannot be written

A message is one line: what is wrong, in which file or ROI, what was found and expected, and what to do.
Whatever is odd but leaves the answer right is a `Finding` instead.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SEVERITIES = ("note", "warning", "error")


class RtContourError(Exception):
    """Root of everything rtcontour raises on purpose; `str(error)` is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class InputFileError(RtContourError):
    """A file or folder is missing, broken, or of another kind than expected."""


class GeometryError(RtContourError):
    """Grids, slices or frames of reference that do not belong together."""


class StructureNameError(RtContourError):
    """A structure name that is unknown or ambiguous."""


class DataSetError(RtContourError):
    """A data set folder or its datalist.json that contradicts itself."""


class CheckpointError(RtContourError):
    """A checkpoint that does not fit the network or the recipe."""


class ConfigError(RtContourError):
    """A recipe, preset or option with an impossible value."""


class OutputError(RtContourError):
    """An output that exists already or cannot be written."""


@dataclass(frozen=True)
class Finding:
    """Something odd that does not make the answer wrong.

    Attributes:
        code: lower-case words with hyphens, listed with its remedy in docs/findings.md.
        message: one sentence for the person who reads the report.
        severity: "note", "warning" or "error".
        subject: the file, ROI or case it is about.
    """

    code: str
    message: str
    severity: str = "warning"
    subject: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; expected one of {', '.join(SEVERITIES)}")

    @classmethod
    def from_entry(cls, entry: Mapping[str, str]) -> Finding:
        """A finding read back from the plain values that it was stored as."""
        return cls(**entry)

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


def deliver(findings: Iterable[Finding], into: list[Finding] | None) -> None:
    """Append findings to the caller's list, or log them to `rtcontour` where the caller gave none."""
    if into is not None:
        into.extend(findings)
        return
    levels = {"note": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
    for finding in findings:
        logging.getLogger("rtcontour").log(levels[finding.severity], "%s [%s]", finding, finding.code)


def count_findings(findings: Iterable[Finding]) -> list[tuple[int, Finding]]:
    """How often each code came and the first of its worst findings, worst first."""
    findings = list(findings)
    counts = Counter(finding.code for finding in findings)
    worst: dict[str, Finding] = {}
    for finding in findings:
        before = worst.setdefault(finding.code, finding)
        if SEVERITIES.index(finding.severity) > SEVERITIES.index(before.severity):
            worst[finding.code] = finding
    worst_first = sorted(worst.values(), key=lambda f: (-SEVERITIES.index(f.severity), f.code))
    return [(counts[finding.code], finding) for finding in worst_first]


def summarize_findings(findings: Iterable[Finding]) -> list[str]:
    """One line a code, worst first: how often, and the first of its worst ones in words."""
    return [f"{one.severity} {one.code} ({count}): {one}" for count, one in count_findings(findings)]
