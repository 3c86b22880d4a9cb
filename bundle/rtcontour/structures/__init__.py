"""The structures that rtcontour knows: TG-263 names, what clinics write for them, and how each is shown and scored."""

from rtcontour.structures.lookup import nearest_structures
from rtcontour.structures.resolve import (
    color_of,
    find_structure,
    priority_of,
    resolve_structure,
    structure_or_fallback,
    tolerance_of,
    unresolved_name,
)
from rtcontour.structures.side_check import check_sides
from rtcontour.structures.structure import Code, Structure
from rtcontour.structures.table import structure_table
from rtcontour.structures.user_aliases import read_aliases

__all__ = [
    "Code",
    "Structure",
    "check_sides",
    "color_of",
    "find_structure",
    "nearest_structures",
    "priority_of",
    "read_aliases",
    "resolve_structure",
    "structure_or_fallback",
    "structure_table",
    "tolerance_of",
    "unresolved_name",
]
