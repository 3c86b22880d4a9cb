"""CohortStatistics: what is usual in a data set, structure by structure and for its images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from rtcontour.datasets.audit.habits import HABITS, touches_end
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.datasets.audit.spread import FEWEST, Spread
from rtcontour.datasets.audit.structure_measures import StructureMeasures
from rtcontour.structures import find_structure

# Below these nothing is unusual, however alike a cohort is: two readers of one patient differ by as much.
VOLUME_FLOOR = 0.10  # of a logarithm
POSITION_FLOOR_MM = 4.0
PAIR_VOLUME_FLOOR = 0.08
PAIR_POSITION_FLOOR_MM = 4.0

COMMON = 0.25  # of the cases with a structure: what this many have is the clinic's way, or the anatomy, and no slip
CUT_SHARE = 0.2  # of the slices: arms and hips of heavy patients reach the edge in a few
OPEN_ENDED = 0.5  # what leaves this many scans is measured by its cross-section


@dataclass(frozen=True)
class StructureStatistics:
    """What is usual of one structure over the cases that have it.

    Attributes:
        name: of the structure.
        count: cases with a voxel of it.
        by_section: whether `size` is about the mean cross-section, since the structure leaves most scans at an end.
        size: logarithm of the volume in cc, or of the mean cross-section in cm2.
        offset_mm: x and y from the middle of the body.
        height_mm: z against the other structures of the case, as in `heights_mm`.
        heights_mm: case -> that z; without structures to compare with, a case is missing.
        partner: the structure of the other side; "" without one in the cohort.
        pair_size: logarithm of its volume over its partner's.
        pair_mm: x mirrored, y and z against the partner.
        common: what COMMON of the cases or more have, of HABITS.
    """

    name: str
    count: int
    by_section: bool
    size: Spread
    offset_mm: tuple[Spread, Spread]
    height_mm: Spread
    heights_mm: Mapping[str, float]
    partner: str
    pair_size: Spread
    pair_mm: tuple[Spread, Spread, Spread]
    common: frozenset[str]


@dataclass(frozen=True)
class CohortStatistics:
    """What is usual in a data set.

    Attributes:
        cases: how many cases it is about.
        structures: structure -> its statistics.
        spacings_mm: voxel sizes of all cases.
        extents_mm: fields of view of all cases.
        cut_common: whether many bodies are cut by the field of view.
    """

    cases: int
    structures: Mapping[str, StructureStatistics]
    spacings_mm: tuple[tuple[float, float, float], ...]
    extents_mm: tuple[tuple[float, float, float], ...]
    cut_common: bool = False

    @property
    def speaks(self) -> bool:
        """Whether there are enough cases to say what is usual; else only fixed rules hold."""
        return self.cases >= FEWEST


def describe_cohort(cases: Sequence[AuditCase], structures: Iterable[str]) -> CohortStatistics:
    """The statistics of some cases, for the structures named."""
    found = {name: _measures_of(name, cases) for name in structures}
    open_ended = {
        name for name, by_case in found.items() if sum(map(touches_end, by_case.values())) > OPEN_ENDED * len(by_case)
    }
    heights = _heights_mm({name: by_case for name, by_case in found.items() if name not in open_ended})
    return CohortStatistics(
        len(cases),
        {name: _describe(name, found, name in open_ended, heights.get(name, {})) for name in found},
        tuple(one.measures.spacing_mm for one in cases),
        tuple(one.measures.extent_mm for one in cases),
        _is_cut_common(cases),
    )


def without_wrong_middles(cases: Sequence[AuditCase]) -> list[AuditCase]:
    """The cases; those whose body the field of view cuts, which few have, without places relative to its middle.

    What is left of a body has its middle elsewhere, and all structures would seem to be displaced.
    """
    if _is_cut_common(cases):
        return list(cases)
    return [_without_middle(one) if one.measures.image.cut_share > CUT_SHARE else one for one in cases]


def _without_middle(case: AuditCase) -> AuditCase:
    structures = {name: replace(one, body_offset_mm=None) for name, one in case.measures.structures.items()}
    return replace(case, measures=replace(case.measures, structures=structures))


def _is_cut_common(cases: Sequence[AuditCase]) -> bool:
    cut = sum(one.measures.image.cut_share > 0 for one in cases)
    return bool(cases) and cut >= COMMON * len(cases)


def size_of(measures: StructureMeasures, by_section: bool) -> float:
    """What `StructureStatistics.size` is about: the logarithm of the volume, or of the mean cross-section."""
    if not by_section or measures.box is None:
        return math.log(measures.volume_cc)
    low, high = measures.box[2]
    height_cm = measures.slices * measures.length_mm / (high - low + 1) / 10
    return math.log(measures.volume_cc / height_cm)


def pair_offsets_mm(one: StructureMeasures, partner: StructureMeasures) -> tuple[float, float, float] | None:
    """Mirrored x, y and z of a structure against its partner: near 0 in a body that is alike on both sides.

    None where one of the two is empty or lies in slices without a body.
    """
    if not (one.body_offset_mm and partner.body_offset_mm and one.centroid_mm and partner.centroid_mm):
        return None
    (x, y), (other_x, other_y) = one.body_offset_mm, partner.body_offset_mm
    return x + other_x, y - other_y, one.centroid_mm[2] - partner.centroid_mm[2]


def partner_of(name: str, names: Iterable[str]) -> str:
    """The structure of the other side, if it is one of `names`; else ""."""
    structure = find_structure(name)
    return structure.pair if structure and structure.pair and structure.pair in names else ""


def _measures_of(name: str, cases: Sequence[AuditCase]) -> dict[str, StructureMeasures]:
    """Case -> measures of a structure, of those that have a voxel of it."""
    found = {one.case: one.measures.structures[name] for one in cases if name in one.measures.structures}
    return {case: measures for case, measures in found.items() if measures.box is not None}


def _describe(
    name: str, found: Mapping[str, Mapping[str, StructureMeasures]], by_section: bool, heights: Mapping[str, float]
) -> StructureStatistics:
    by_case = found[name]
    partner = partner_of(name, found)
    both = [(one, found[partner][case]) for case, one in by_case.items() if partner and case in found[partner]]
    offsets = [one.body_offset_mm for one in by_case.values() if one.body_offset_mm is not None]
    pairs = [offset for offset in (pair_offsets_mm(*two) for two in both) if offset is not None]
    return StructureStatistics(
        name=name,
        count=len(by_case),
        by_section=by_section,
        size=Spread.of((size_of(one, by_section) for one in by_case.values()), VOLUME_FLOOR),
        offset_mm=(_spread(offsets, 0, POSITION_FLOOR_MM), _spread(offsets, 1, POSITION_FLOOR_MM)),
        height_mm=Spread.of(heights.values(), POSITION_FLOOR_MM),
        heights_mm=heights,
        partner=partner,
        pair_size=Spread.of((size_of(a, by_section) - size_of(b, by_section) for a, b in both), PAIR_VOLUME_FLOOR),
        pair_mm=(
            _spread(pairs, 0, PAIR_POSITION_FLOOR_MM),
            _spread(pairs, 1, PAIR_POSITION_FLOOR_MM),
            _spread(pairs, 2, PAIR_POSITION_FLOOR_MM),
        ),
        common=frozenset(
            habit for habit, has in HABITS.items() if sum(map(has, by_case.values())) >= COMMON * max(len(by_case), 1)
        ),
    )


def _spread(points: Sequence[Sequence[float]], axis: int, floor: float) -> Spread:
    return Spread.of((point[axis] for point in points), floor)


def _heights_mm(found: Mapping[str, Mapping[str, StructureMeasures]]) -> dict[str, dict[str, float]]:
    """Structure -> case -> z against the other structures of the case, 0 where it usually lies.

    Of each other structure it is told how far above it this one usually lies; what is given is the median, over the
    others, of how far the case is from that. So one structure that was moved is told from those that were not.
    """
    z = {name: {case: one.centroid_mm[2] for case, one in by.items() if one.centroid_mm} for name, by in found.items()}
    usual: dict[tuple[str, str], float] = {}
    for name in z:
        for other in z:
            both = z[name].keys() & z[other].keys()
            if other != name and len(both) >= FEWEST:
                usual[name, other] = median(z[name][case] - z[other][case] for case in both)
    heights: dict[str, dict[str, float]] = {}
    for name, by_case in z.items():
        for case, height in by_case.items():
            against = [
                height - z[other][case] - usual[name, other]
                for other in z
                if (name, other) in usual and case in z[other]
            ]
            if against:
                heights.setdefault(name, {})[case] = median(against)
    return heights
