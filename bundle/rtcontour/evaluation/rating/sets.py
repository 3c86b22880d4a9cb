"""The sets of contours on one page: those of each method, all with the same structures, and the slices below them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rtcontour.errors import Finding, GeometryError
from rtcontour.evaluation.inputs import CaseFiles, ContouredCase, describe_grid, read_case, read_hu
from rtcontour.evaluation.rating.slices import Slices, cut_slices
from rtcontour.mask import Mask
from rtcontour.structures import find_structure


@dataclass(frozen=True, eq=False)
class ContourSets:
    """What a page shows of a case.

    Attributes:
        slices: the CT.
        masks: set letter -> structure -> mask. Every set has the same structures, by name: a shorter list would give
            a method away. The mask is empty where the method missed the structure, or does not know it.
        findings: what was odd on the way.
    """

    slices: Slices
    masks: Mapping[str, Mapping[str, Mask]]
    findings: tuple[Finding, ...]

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures of every set."""
        return tuple(next(iter(self.masks.values())))


def read_sets(files: Mapping[str, CaseFiles], *, missable: Collection[str], wanted: Sequence[str]) -> ContourSets:
    """Read the contours and the CT of one case.

    Args:
        files: set letter -> where its contours are; each with its image.
        missable: structures that belong on the page of this case even if no set has them.
        wanted: only these structures, by the names in use; all where none is named.

    Raises:
        RtContourError: what `read_case` and `read_hu` raise, or contours that are not on the grid of the CT.
    """
    cases = {letter: read_case(one) for letter, one in files.items()}
    # A structure set knows which series of a folder it was drawn on.
    source = next((one for one in files.values() if one.is_structure_set), next(iter(files.values())))
    found = [finding for one in cases.values() for finding in one.findings]
    hu, grid = read_hu(source, findings=found)
    for one in cases.values():
        if not one.grid.matches(grid):
            both = f"found {describe_grid(one.grid)}, expected {describe_grid(grid)}"
            raise GeometryError(f"{one.files.path} is not on the grid of {source.image}: {both}; resample it to the CT")
    names = {name for one in cases.values() for name in _offered(one)}.union(missable)
    shown = sorted(name for name in names if name in wanted or not wanted)
    masks = {letter: {name: _mask(one, name) for name in shown} for letter, one in cases.items()}
    slices = cut_slices(hu, grid, [mask for one in masks.values() for mask in one.values()])
    return ContourSets(slices, masks, tuple(found))


def missable_structures(cases: Iterable[CaseFiles]) -> frozenset[str]:
    """All that one method offers in any of these cases: what it offers in another one, it can miss in this one.

    What a data set says that nobody contoured was not missed, so its cases add nothing.
    """
    return frozenset(name for files in cases if files.annotated is None for name in _offered_by(files))


def names_in_use(names: Iterable[str]) -> list[str]:
    """Names by the structure table, where it has them."""
    found = {name: find_structure(name) for name in names}
    return [structure.name if structure else name for name, structure in found.items()]


def _offered_by(files: CaseFiles) -> Iterable[str]:
    if files.labels is not None:  # no need to read the voxels
        return names_in_use(name for name, value in files.labels.items() if value)
    return read_case(files).masks


def _offered(case: ContouredCase) -> Iterable[str]:
    """What was contoured or looked for in vain, but not what a data set says that nobody contoured."""
    return case.masks if case.files.annotated is None else case.annotated


def _mask(case: ContouredCase, name: str) -> Mask:
    return case.masks[name] if name in _offered(case) else Mask.empty(case.grid)
