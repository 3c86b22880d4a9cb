"""Summary: all that the page of an audit shows, and audit.json holds, but the pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np

from rtcontour.datasets.audit.case_finding import CaseFinding
from rtcontour.datasets.audit.cohort_statistics import CohortStatistics, StructureStatistics
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.datasets.audit.spread import Spread
from rtcontour.datasets.data_set import DataSet
from rtcontour.errors import SEVERITIES

WORST_TO_BEST = tuple(reversed(SEVERITIES))


@dataclass(frozen=True)
class StructureRow:
    """One structure over the data set.

    Attributes:
        name: of the structure.
        contoured: in how many cases.
        volumes_cc: case -> volume, of those that have a voxel.
        quartiles_cc: lower quartile, median, upper quartile; None where no case has it.
        offset_mm: where its centroid lies from the middle of the body, along x and y.
        pair_mm: the same against the structure of the other side: x mirrored, y, z; None without one.
        spellings: ROI name -> in how many cases it is written so; the most frequent first; {} without records.
        unlikely: cases whose volume is a finding.
        findings: severity -> how many.
    """

    name: str
    contoured: int
    volumes_cc: Mapping[str, float]
    quartiles_cc: tuple[float, float, float] | None
    offset_mm: tuple[Spread, Spread]
    pair_mm: tuple[Spread, Spread, Spread] | None
    spellings: Mapping[str, int]
    unlikely: tuple[str, ...]
    findings: Mapping[str, int]


@dataclass(frozen=True)
class CaseRow:
    """One case: where it belongs, what it is like, and how much was found.

    Attributes:
        case, split, cohort: as in datalist.json.
        shape: columns, rows, slices.
        spacing_mm: voxel size.
        extent_mm: field of view.
        soft_tissue_hu, fat_hu, air_hu: where they lie; None where that cannot be told.
        contoured: its structures.
        findings: severity -> how many.
    """

    case: str
    split: str
    cohort: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    soft_tissue_hu: float | None
    fat_hu: float | None
    air_hu: float | None
    contoured: tuple[str, ...]
    findings: Mapping[str, int]


@dataclass(frozen=True)
class RangeRow:
    """How a measure of the images varies over the data set.

    Attributes:
        what: is measured, with its unit.
        low, median, high: of the cases in which it can be told; None where there is none.
    """

    what: str
    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True)
class NameRow:
    """A written name that means no structure of the table.

    Attributes:
        name: as written.
        count: in how many cases.
        candidates: structures spelled most like it.
        cases: those cases.
    """

    name: str
    count: int
    candidates: tuple[str, ...]
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """A data set audited.

    Attributes:
        name: of the data set.
        description: of the data set.
        has_statistics: whether there were enough cases to say what is usual.
        structures: in the order of the label values.
        cases: those with most and worst findings first.
        ranges: of voxel sizes, fields of view and HU.
        names: the most frequent first.
        findings: worst first.
    """

    name: str
    description: str
    has_statistics: bool
    structures: tuple[StructureRow, ...]
    cases: tuple[CaseRow, ...]
    ranges: tuple[RangeRow, ...]
    names: tuple[NameRow, ...]
    findings: tuple[CaseFinding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Severity -> how many findings, worst first."""
        return _by_severity(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as audit.json holds them."""
        content = {"rtcontour": version("rtcontour"), **asdict(self)}
        content["findings"] = [
            {key: value for key, value in asdict(one).items() if key not in ("place", "finding")}
            | {"voxel": one.place.index if one.place else None}
            for one in self.findings
        ]
        return content


def summarize(
    data_set: DataSet, cases: Sequence[AuditCase], cohort: CohortStatistics, findings: Sequence[CaseFinding]
) -> Summary:
    """Put together what was measured and found."""
    return Summary(
        data_set.name,
        data_set.description,
        cohort.speaks,
        tuple(_structure_row(cohort.structures[name], cases, findings) for name in data_set.labels),
        tuple(sorted((_case_row(one, findings) for one in cases), key=_worst_first)),
        tuple(_range_rows(cases)),
        tuple(_name_rows(cases)),
        tuple(findings),
    )


def _structure_row(
    usual: StructureStatistics, cases: Sequence[AuditCase], findings: Sequence[CaseFinding]
) -> StructureRow:
    name = usual.name
    measured = {one.case: one.measures.structures[name] for one in cases if name in one.measures.structures}
    volumes = {case: one.volume_cc for case, one in measured.items() if one.box is not None}
    about = [one for one in findings if one.structure == name]
    return StructureRow(
        name,
        len(volumes),
        volumes,
        _quartiles(volumes.values()),
        usual.offset_mm,
        usual.pair_mm if usual.partner else None,
        _spellings(name, cases),
        tuple(sorted({one.case for one in about if one.code == "volume-unlikely"})),
        _by_severity(about),
    )


def _quartiles(values: Iterable[float]) -> tuple[float, float, float] | None:
    array = np.array(list(values))
    if not array.size:
        return None
    low, middle, high = (round(float(value), 4) for value in np.percentile(array, [25, 50, 75]))
    return low, middle, high


def _spellings(name: str, cases: Sequence[AuditCase]) -> dict[str, int]:
    written = Counter(
        spelling for case in cases for spelling in {one.name for one in case.rois if one.structure == name}
    )
    return dict(sorted(written.items(), key=lambda one: (-one[1], one[0])))


def _range_rows(cases: Sequence[AuditCase]) -> Iterator[RangeRow]:
    measures = [one.measures for one in cases]
    for what, values in (
        ("Voxel along a row, mm", [one.spacing_mm[0] for one in measures]),
        ("Voxel along a column, mm", [one.spacing_mm[1] for one in measures]),
        ("Slice to slice, mm", [one.spacing_mm[2] for one in measures]),
        ("Field along a row, mm", [one.extent_mm[0] for one in measures]),
        ("Field along a column, mm", [one.extent_mm[1] for one in measures]),
        ("Length of the scan, mm", [one.extent_mm[2] for one in measures]),
        ("Soft tissue, HU", [one.image.soft_tissue_hu for one in measures]),
        ("Fat, HU", [one.image.fat_hu for one in measures]),
        ("Air around the body, HU", [one.image.air_hu for one in measures]),
        ("Metal, cc", [one.image.metal_cc for one in measures]),
    ):
        known = [value for value in values if value is not None]
        low, middle, high = (min(known), median(known), max(known)) if known else (None, None, None)
        yield RangeRow(what, low, middle, high)


def _case_row(case: AuditCase, findings: Sequence[CaseFinding]) -> CaseRow:
    measures, image = case.measures, case.measures.image
    i, j, k = (round(length, 1) for length in measures.extent_mm)
    return CaseRow(
        case.case,
        case.split,
        case.cohort,
        measures.shape,
        measures.spacing_mm,
        (i, j, k),
        image.soft_tissue_hu,
        image.fat_hu,
        image.air_hu,
        tuple(name for name, one in measures.structures.items() if one.box is not None),
        _by_severity(one for one in findings if one.case == case.case),
    )


def _worst_first(row: CaseRow) -> tuple[Any, ...]:
    return (*(-row.findings[severity] for severity in WORST_TO_BEST), row.case)


def _by_severity(findings: Iterable[CaseFinding]) -> dict[str, int]:
    counts = Counter(one.severity for one in findings)
    return {severity: counts[severity] for severity in WORST_TO_BEST}


def _name_rows(cases: Sequence[AuditCase]) -> list[NameRow]:
    """Names written alike but for capitals are one row."""
    written: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for case in cases:
        for roi in case.rois:
            if not roi.structure:
                written.setdefault(roi.name.casefold(), []).append((roi.name, case.case, roi.candidates))
    rows = []
    for found in written.values():
        names = Counter(name for name, _, _ in found)
        in_cases = tuple(sorted({case for _, case, _ in found}))
        rows.append(NameRow(names.most_common(1)[0][0], len(in_cases), found[0][2], in_cases))
    return sorted(rows, key=lambda row: (-row.count, row.name))
