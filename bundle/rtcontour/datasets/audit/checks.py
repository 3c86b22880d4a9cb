"""All checks, one function a code, and what they find in a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rtcontour.datasets.audit.case_finding import CaseFinding
from rtcontour.datasets.audit.checks_of_form import check_copies, check_empty, check_gaps, check_holes, check_islands
from rtcontour.datasets.audit.checks_of_image import check_field_of_view, check_hu, check_metal, check_spacing
from rtcontour.datasets.audit.checks_of_place import (
    Found,
    check_borders,
    check_outside,
    check_position,
    check_sides_of,
    check_volume,
)
from rtcontour.datasets.audit.cohort_statistics import CohortStatistics
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.errors import Finding

Check = Callable[[AuditCase, CohortStatistics], Found]
# By the code that each may find; a code of the import gives way to the check of the same name.
CHECKS: dict[str, Check] = {
    "sides-swapped": check_sides_of,
    "hu-scale-unlikely": check_hu,
    "volume-unlikely": check_volume,
    "position-unlikely": check_position,
    "islands": check_islands,
    "holes": check_holes,
    "slices-left-out": check_gaps,
    "outside-body": check_outside,
    "cut-at-border": check_borders,
    "roi-empty": check_empty,
    "roi-duplicate": check_copies,
    "spacing-unusual": check_spacing,
    "field-of-view-unusual": check_field_of_view,
    "metal": check_metal,
}
RARELY = 0.2  # of the cases: a structure that nobody relies on, or whose name is written in another way elsewhere
ENOUGH_CASES = 10


def check_case(case: AuditCase, cohort: CohortStatistics) -> list[CaseFinding]:
    """What is odd about a case: what the checks find, and what its import found and no check says anew."""
    found = [CaseFinding.of(case.case, *one) for check in CHECKS.values() for one in check(case, cohort)]
    said = {(one.code, one.structure) for one in found}
    return found + [one for one in case.findings if (one.code, one.structure) not in said]


def check_cohort(cohort: CohortStatistics) -> list[CaseFinding]:
    """What is odd about the data set as a whole: structures that hardly anybody contoured."""
    findings = []
    for name, usual in cohort.structures.items():
        if cohort.cases >= ENOUGH_CASES and usual.count < RARELY * cohort.cases:
            message = f"contoured in {usual.count} of {cohort.cases} cases"
            findings.append(CaseFinding.of("", Finding("structure-rare", message, "note", name)))
    return findings


def worst_first(findings: Sequence[CaseFinding]) -> list[CaseFinding]:
    """By severity, then by code in the order of CHECKS, case and structure."""
    order = {code: place for place, code in enumerate(CHECKS)}
    return sorted(findings, key=lambda one: (-one.weight, order.get(one.code, len(order)), one.case, one.structure))
