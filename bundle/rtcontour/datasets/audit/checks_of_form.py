"""Checks of what a structure is like in itself: empty, a copy, in pieces, with holes, with slices left out."""

from __future__ import annotations

from collections.abc import Iterator

from rtcontour.datasets.audit.case_finding import Place
from rtcontour.datasets.audit.cohort_statistics import CohortStatistics
from rtcontour.datasets.audit.habits import has_holes, has_many_pieces, is_left_out, is_part, is_stray
from rtcontour.datasets.audit.pieces import Gap, Piece
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.datasets.audit.structure_measures import StructureMeasures
from rtcontour.errors import Finding

Found = Iterator[tuple[Finding, Place | None]]


def check_empty(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Structures that somebody is said to have contoured, without a voxel."""
    for name, measures in case.measures.structures.items():
        if measures.box is None:
            yield Finding("roi-empty", "is said to be contoured and has no voxel", "warning", name), None


def check_copies(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Structures with exactly the voxels of another."""
    by_voxels: dict[str, list[str]] = {}
    for name, measures in case.measures.structures.items():
        if measures.box is not None:
            by_voxels.setdefault(measures.fingerprint, []).append(name)
    for names in by_voxels.values():
        for name in names if len(names) > 1 else ():
            others = ", ".join(other for other in names if other != name)
            message = f"has exactly the voxels of {others}: one of them has the wrong name"
            yield Finding("roi-duplicate", message, "warning", name), Place(case.measures.structures[name].middle)


def check_islands(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Pieces beside the structure: strays, and parts where most cases have one part only."""
    for name, measures in case.measures.structures.items():
        if measures.pieces:
            yield from _islands(name, measures, cohort)


def _islands(name: str, measures: StructureMeasures, cohort: CohortStatistics) -> Found:
    common = cohort.structures[name].common if cohort.speaks else frozenset()
    several = "parts" in common or (not cohort.speaks and has_many_pieces(name))
    odd = [piece for piece in measures.pieces if not (several and is_part(piece, measures))]
    if not odd:
        return
    strays = [piece for piece in odd if is_stray(piece)]
    # Where several parts are usual, as in a nodal volume, a third or fourth one is a matter of vessels and levels.
    if strays and not several and "strays" not in common:
        worst = max(strays, key=lambda piece: (piece.volume_cc, piece.distance_mm))
        yield Finding("islands", _tell_pieces(strays, worst), "warning", name), _at(worst)
    else:
        worst = max(odd, key=lambda piece: piece.volume_cc)
        yield Finding("islands", _tell_pieces(odd, worst), "note", name), _at(worst)


def _tell_pieces(pieces: list[Piece], worst: Piece) -> str:
    many = f"{len(pieces)} pieces lie" if len(pieces) > 1 else "a piece lies"
    which = "the largest has" if len(pieces) > 1 else "it has"
    size = f"{worst.volume_cc:.2g} cc, {worst.distance_mm:.0f} mm away, slice {worst.index[2] + 1}"
    return f"{many} beside the rest; {which} {size}"


def _at(piece: Piece) -> Place:
    return Place(piece.index)


def check_holes(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Holes within a slice."""
    for name, measures in case.measures.structures.items():
        if measures.hole_index is None:
            continue
        place = Place(measures.hole_index)
        message = f"holes of {measures.holes_cc:.2g} cc in all, the largest in slice {measures.hole_index[2] + 1}"
        if has_holes(measures) and not (cohort.speaks and "holes" in cohort.structures[name].common):
            yield Finding("holes", message, "warning", name), place
        else:
            yield Finding("holes", message, "note", name), place


def check_gaps(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Slices left out between the first and the last contour."""
    for name, measures in case.measures.structures.items():
        gaps = [gap for gap in measures.gaps if is_left_out(gap)]
        if not gaps:
            continue
        message = _tell_gaps(gaps)
        i, j, _ = measures.middle
        longest = max(gaps, key=lambda gap: gap.slices)
        around = longest.first - 1, (longest.first + longest.last) // 2, longest.last + 1
        place = Place((i, j, around[1]), around)
        if cohort.speaks and "gaps" in cohort.structures[name].common:
            yield Finding("slices-left-out", message, "note", name), place
        else:
            yield Finding("slices-left-out", message, "warning", name), place


def _tell_gaps(gaps: list[Gap]) -> str:
    count = sum(gap.slices for gap in gaps)
    runs = [str(gap.first + 1) if gap.slices == 1 else f"{gap.first + 1} to {gap.last + 1}" for gap in gaps[:4]]
    more = " and more" if len(gaps) > 4 else ""
    return f"{count} {'slice' if count == 1 else 'slices'} between contours not contoured: {', '.join(runs)}{more}"
