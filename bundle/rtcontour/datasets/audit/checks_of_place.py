"""Checks of how large a structure is and where it lies: against body, image, partner, and the other patients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rtcontour.datasets.audit.case_finding import Place
from rtcontour.datasets.audit.checks_of_image import off_scale
from rtcontour.datasets.audit.cohort_statistics import (
    CohortStatistics,
    StructureStatistics,
    pair_offsets_mm,
    partner_of,
    size_of,
)
from rtcontour.datasets.audit.habits import is_longer_than_scans, is_surface, lies_outside
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.datasets.audit.spread import Spread
from rtcontour.datasets.audit.structure_measures import FIRST_SLICE, IN_PLANE, LAST_SLICE, StructureMeasures
from rtcontour.errors import Finding
from rtcontour.structures import check_sides

Found = Iterator[tuple[Finding, Place | None]]

# Six times too large or too small is a slip even where volumes vary much, as those of bladders do (a scale of 0.5:
# a factor of 6 is 3.6 scales). Where they vary more, as tumours' do, it is not.
PLAIN_FACTOR = 6.0
PLAIN_SCALES = 3.5
PAIR_PLAIN_FACTOR = 2.0  # the same of a structure against its partner, which the patient's own size does not blur
# Fixed rules for cohorts that are too small to tell what is usual. Healthy kidneys differ by a third in volume and by
# 20 mm in height; parotids after surgery, the worst that is usual, by a factor of two.
PAIR_FACTOR = 2.5
PAIR_MM = (60.0, 40.0, 40.0)  # x mirrored at the middle of the body, y, z
AS_UNUSUAL = 2.0  # scales: of two that differ by less, either may be the wrong one
TOGETHER = 1.3  # of the limit, for three axes together: 30 mm askew along each are as wrong as 52 mm along one
LEAST_MM = 12.0  # a nearer one is not worth a look, however narrow the cohort


def check_volume(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Volumes, or cross-sections, that are unlikely in the cohort or against the partner's."""
    for name, measures in case.measures.structures.items():
        if measures.box is None:
            continue
        message = _size_against_cohort(measures, cohort.structures[name]) or _size_against_partner(name, case, cohort)
        if message:
            yield Finding("volume-unlikely", message, "warning", name), Place(measures.middle)


def _size_against_cohort(measures: StructureMeasures, usual: StructureStatistics) -> str:
    size = size_of(measures, usual.by_section)
    plain = max(math.log(PLAIN_FACTOR), PLAIN_SCALES * usual.size.scale)
    limit = min(usual.size.limit * usual.size.scale, plain) if usual.size.limit < math.inf else math.inf
    if abs(size - usual.size.median) <= limit:
        return ""
    what, unit = ("has a mean cross-section of", "cm2") if usual.by_section else ("has", "cc")
    return f"{what} {_short(math.exp(size))} {unit}; the median is {_short(math.exp(usual.size.median))} {unit}"


def _size_against_partner(name: str, case: AuditCase, cohort: CohortStatistics) -> str:
    """Told of the one of the two that is further from the median, or of both where that does not tell."""
    partner = partner_of(name, case.measures.structures)
    usual = cohort.structures[name]
    one, other = (case.measures.structures.get(key) for key in (name, partner))
    if one is None or other is None or other.box is None:
        return ""
    sizes = size_of(one, usual.by_section), size_of(other, usual.by_section)
    ratio = sizes[0] - sizes[1]
    if usual.pair_size.limit < math.inf:
        plain = max(math.log(PAIR_PLAIN_FACTOR), PLAIN_SCALES * usual.pair_size.scale)
        limit = min(usual.pair_size.limit * usual.pair_size.scale, plain)
        is_unlikely = abs(ratio - usual.pair_size.median) > limit
        score, its_score = abs(usual.size.score(sizes[0])), abs(cohort.structures[partner].size.score(sizes[1]))
        is_this = score > its_score - AS_UNUSUAL
    else:
        is_unlikely, is_this = abs(ratio) > math.log(PAIR_FACTOR), True
    if not (is_unlikely and is_this):
        return ""
    return f"has {_short(one.volume_cc)} cc and {partner} {_short(other.volume_cc)} cc; the two are usually alike"


def check_position(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Structures far from where they usually lie; not those whose sides are exchanged, which says it better."""
    exchanged = {finding.subject for finding, _ in check_sides_of(case, cohort)}
    knows_body = not off_scale(case.measures.image)
    for name, measures in case.measures.structures.items():
        if measures.box is None or name in exchanged:
            continue
        shift = _shift_mm(case, name, cohort.structures[name], knows_body)
        if not shift and knows_body:
            shift = _shift_from_partner_mm(case, name, cohort)
        if shift:
            yield Finding("position-unlikely", shift, "warning", name), Place(measures.middle, extent="body")


def _shift_mm(case: AuditCase, name: str, usual: StructureStatistics, knows_body: bool) -> str:
    """In words how far a structure lies from its usual place, where that is unlikely; else ""."""
    x, y = (case.measures.structures[name].body_offset_mm if knows_body else None) or (None, None)
    shifts = _unlikely_shifts_mm((*usual.offset_mm, usual.height_mm), (x, y, usual.heights_mm.get(case.case)))
    return f"lies {_tell_shifts(shifts)} than usual" if shifts else ""


def _shift_from_partner_mm(case: AuditCase, name: str, cohort: CohortStatistics) -> str:
    """The same against the structure of the other side.

    Told of the one that is further from its usual place, or of both where that does not tell.
    """
    structures, usual = case.measures.structures, cohort.structures[name]
    partner = partner_of(name, structures)
    offsets = pair_offsets_mm(structures[name], structures[partner]) if partner else None
    if offsets is None or _away(case, partner, cohort) - AS_UNUSUAL > _away(case, name, cohort):
        return ""
    if usual.pair_mm[0].limit < math.inf:
        shifts = _unlikely_shifts_mm(usual.pair_mm, offsets)
    else:
        shifts = [(by_mm, axis) for axis, by_mm in enumerate(offsets) if abs(by_mm) > PAIR_MM[axis]]
    return f"lies {_tell_shifts(shifts)} than {partner} lets expect" if shifts else ""


def _unlikely_shifts_mm(spreads: Sequence[Spread], values: Sequence[float | None]) -> list[tuple[float, int]]:
    """By how much, and along which axis, a place is unlikely: along one, or along all together; [] where it is not."""
    known = [
        (spread, value, axis)
        for axis, (spread, value) in enumerate(zip(spreads, values, strict=True))
        if value is not None
    ]
    scores = [spread.score(value) for spread, value, _ in known]
    limit = max((spread.limit for spread, _, _ in known), default=math.inf)
    if max(map(abs, scores), default=0.0) <= limit and math.hypot(*scores) <= TOGETHER * limit:
        return []
    shifts = [
        (value - spread.median, axis)
        for (spread, value, axis), score in zip(known, scores, strict=True)
        if abs(score) > limit / 2
    ]
    return shifts if math.hypot(*(by_mm for by_mm, _ in shifts)) > LEAST_MM else []


def _tell_shifts(shifts: Sequence[tuple[float, int]]) -> str:
    return " and ".join(_direction(by_mm, axis) for by_mm, axis in shifts)


def _away(case: AuditCase, name: str, cohort: CohortStatistics) -> float:
    """How unusual the place of a structure is: the highest of its scores."""
    usual, offset = cohort.structures[name], case.measures.structures[name].body_offset_mm
    scores = [abs(spread.score(value)) for spread, value in zip(usual.offset_mm, offset or (), strict=False)]
    if case.case in usual.heights_mm:
        scores.append(abs(usual.height_mm.score(usual.heights_mm[case.case])))
    return max(scores, default=0.0) if cohort.speaks else 0.0


def _direction(by_mm: float, axis: int) -> str:
    words = (("further right", "further left"), ("further in front", "further behind"), ("lower", "higher"))[axis]
    return f"{abs(by_mm):.0f} mm {words[int(by_mm > 0)]}"


def check_sides_of(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Left structures on the right: both of a pair, or one of which the partner was not contoured."""
    structures = case.measures.structures
    centroids = {name: one.centroid_mm for name, one in structures.items() if one.centroid_mm is not None}
    image = case.measures.image
    for side in check_sides(centroids, None if off_scale(image) else image.body_centre_x_mm):
        partner = partner_of(side.subject, centroids)
        for name in filter(None, (side.subject, partner)):
            other = partner if name == side.subject else side.subject
            message = f"looks exchanged with {other}" if partner else side.message
            place = Place(structures[name].middle, extent="body")
            yield Finding("sides-swapped", message, "error", name), place


def check_outside(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Contours that leave the body."""
    if off_scale(case.measures.image):
        return
    for name, measures in case.measures.structures.items():
        if is_surface(name) or not lies_outside(measures) or measures.outside_index is None:
            continue
        slice_number = measures.outside_index[2] + 1
        message = f"{_short(measures.outside_cc)} cc lie outside the body, most of it in slice {slice_number}"
        place = Place(measures.outside_index, extent="body", window_hu=(-1000, 400))
        if cohort.speaks and "outside" in cohort.structures[name].common:
            yield Finding("outside-body", message, "note", name), place
        else:
            yield Finding("outside-body", message, "warning", name), place


def check_borders(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Contours that end where the image ends."""
    for name, measures in case.measures.structures.items():
        if is_surface(name) or measures.box is None:
            continue
        sides = [side for side in measures.borders if side in IN_PLANE]
        ends = [end for end in (FIRST_SLICE, LAST_SLICE) if end in measures.borders]
        unusual = [end for end in ends if not _usually_open(name, end, cohort)]
        place = Place(_index_at(measures, (sides or ends or [""])[0]), extent="body")
        if sides:
            message = f"ends where the image ends: {', '.join((*sides, *unusual))}"
            yield Finding("cut-at-border", message, "warning", name), place
        elif unusual and not is_longer_than_scans(name):
            yield Finding("cut-at-border", f"ends with the scan: {', '.join(unusual)}", "warning", name), place
        elif unusual and cohort.speaks:
            message = f"ends with the scan ({', '.join(unusual)}), which few do here"
            yield Finding("cut-at-border", message, "note", name), place


def _usually_open(name: str, end: str, cohort: CohortStatistics) -> bool:
    return cohort.speaks and end in cohort.structures[name].common


def _index_at(measures: StructureMeasures, border: str) -> tuple[int, int, int]:
    """The middle of the side of its box at which it touches a border."""
    index = list(measures.middle)
    if border and measures.box:
        axis = ("column", "row", "slice").index(border.split()[-1])
        index[axis] = measures.box[axis][border.startswith("last")]
    return index[0], index[1], index[2]


def _short(value: float) -> str:
    return f"{value:.3g}"
