"""Laterality against geometry: a left organ that lies on the right is a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from rtcontour.errors import Finding
from rtcontour.structures.laterality import LEFT
from rtcontour.structures.resolve import find_structure
from rtcontour.structures.structure import Structure
from rtcontour.structures.user_aliases import read_aliases

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The first of these that is there tells where the middle is, those that keep to it best first: a bladder or a rectum
# moves with its filling, and the outline of the body takes in an arm or the couch.
MIDLINE = ("SpinalCord", "SpinalCanal", "Brainstem", "Bladder", "Rectum", "External")
SLACK_MM = 10.0  # a scoliosis, a patient not straight on the couch, or a small organ close to the middle


def check_sides(
    centroids_mm: Mapping[str, Sequence[float] | NDArray[np.float64]],
    midline_x_mm: float | None = None,
    *,
    aliases: Mapping[str, str] | str | Path | None = None,
) -> list[Finding]:
    """Look whether left lies left of right, in patient coordinates, where x grows to the patient's left.

    Where both organs of a pair are there, the left one must have the larger x. Where only one is there, it must not
    lie more than 10 mm beyond the middle of the body, unless it is one that crosses it in health.

    Args:
        centroids_mm: name as written -> (x, y, z) in mm, patient LPS. Names that the table does not know, and
            centroids that are not finite (of an empty mask), are left out.
        midline_x_mm: x of the middle; by default that of the first of spinal cord, spinal canal, brainstem, bladder,
            rectum and body outline that is there. Without any of these, an organ without its other side goes unchecked.
        aliases: as in `resolve_structure`.

    Returns:
        A finding `side-unlikely` for each pair that looks exchanged and for each lone organ on the wrong side.
    """
    found = _x_by_structure(centroids_mm, read_aliases(aliases) if isinstance(aliases, str | Path) else aliases)
    middle = ("", midline_x_mm) if midline_x_mm is not None else _middle(found)
    findings: list[Finding] = []
    for structure, written in found.values():
        if structure.pair in found:
            if structure.side == LEFT:
                findings.extend(_exchanged(written, found[structure.pair][1]))
        elif structure.side and middle and not structure.crosses_midline:
            findings.extend(_on_the_wrong_side(structure, written, *middle))
    return findings


def _x_by_structure(
    centroids_mm: Mapping[str, Sequence[float] | NDArray[np.float64]], aliases: Mapping[str, str] | None
) -> dict[str, tuple[Structure, dict[str, float]]]:
    """TG-263 name -> the structure, and x in mm by every name that it is written under."""
    found: dict[str, tuple[Structure, dict[str, float]]] = {}
    for name, centroid in centroids_mm.items():
        structure, x = find_structure(name, aliases=aliases), float(centroid[0])
        if structure is not None and math.isfinite(x):
            found.setdefault(structure.name, (structure, {}))[1][name] = x
    return found


def _middle(found: Mapping[str, tuple[Structure, dict[str, float]]]) -> tuple[str, float] | None:
    """Name as written and x in mm of what tells where the middle of the body is."""
    return next((item for name in MIDLINE if name in found for item in found[name][1].items()), None)


def _exchanged(left: Mapping[str, float], right: Mapping[str, float]) -> Iterator[Finding]:
    for (left_name, left_x), (right_name, right_x) in product(left.items(), right.items()):
        if left_x <= right_x:
            message = (
                f"lies at x = {round(left_x)} mm and {right_name!r} at x = {round(right_x)} mm, but x grows to "
                "the patient's left; the two names look exchanged"
            )
            yield Finding("side-unlikely", message, subject=left_name)


def _on_the_wrong_side(
    structure: Structure, written: Mapping[str, float], middle_name: str, middle_x: float
) -> Iterator[Finding]:
    for name, x in written.items():
        beyond_mm = middle_x - x if structure.side == LEFT else x - middle_x
        if beyond_mm > SLACK_MM:
            wrong, right = ("right", "left") if structure.side == LEFT else ("left", "right")
            source = f" of {middle_name!r}" if middle_name else ""
            message = (
                f"lies {round(beyond_mm)} mm to the {wrong} of the middle (x = {round(middle_x)} mm{source}); "
                f"expected on the patient's {right}: look whether the name or the contours are wrong"
            )
            yield Finding("side-unlikely", message, subject=name)
