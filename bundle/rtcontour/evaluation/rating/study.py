"""write_rating_study: the pages on which readers grade contours without knowing whose they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from rtcontour.errors import Finding, GeometryError, InputFileError, StructureNameError, deliver
from rtcontour.evaluation.inputs import (
    CaseFiles,
    ContouredCase,
    describe_grid,
    list_cases,
    name_methods,
    read_case,
    read_hu,
)
from rtcontour.evaluation.rating.images import Images, find_images, read_ct
from rtcontour.evaluation.rating.key import KEY_FILE, BlindSet, Study, StudyKey, blind_cases, write_key
from rtcontour.evaluation.rating.page import write_index, write_page
from rtcontour.evaluation.rating.slices import Slices, cut_slices
from rtcontour.files import refuse_filled, whole_folder
from rtcontour.mask import Mask
from rtcontour.structures import find_structure

PAGES = "pages"
Methods = Mapping[str, Mapping[str, CaseFiles]]  # method -> case -> files


def write_rating_study(
    predictions: str | Path,
    images: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    against: Mapping[str, str | Path] | None = None,
    structures: Sequence[str] = (),
    seed: int = 0,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> StudyKey:
    """Write `output`/pages, for the readers, and `output`/key.json, which they must not see; all or nothing.

    There is one page a case, and an index.html that links them in an order that the seed draws. Where several methods
    contoured a case, its page shows one set of contours at a time, as A, B, ... in an order drawn for each case.

    Args:
        predictions: contours to be graded: whatever `list_cases` reads.
        images: their CTs: a data set folder, NIfTI files named by case, or folders of CT series named by case.
        output: folder to write.
        name: what `predictions` are called in key.json and in the tables; the name of their folder if not said.
        against: name -> more contours of the same cases, by other methods or people.
        structures: only these; all where none is named.
        seed: draws the order.
        replace: whether an existing folder may be replaced.
        findings: gets everything odd; logged where it is None.

    Raises:
        RtContourError: contours or CTs that are missing or broken, on different grids, or an output that exists.
    """
    refuse_filled(output, replace=replace)
    given = name_methods(predictions, name, against)
    evaluated = next(iter(given))
    places = find_images(images)
    methods, found = _align_cases({method: list_cases(place, ct=places.folder) for method, place in given.items()})
    for case, files in methods[evaluated].items():
        if not files.is_structure_set:  # it would be a pity to find this out at the fortieth page
            places.path_of(case, alone=len(methods[evaluated]) == 1)
    blinded = blind_cases({case: _methods_of(case, methods) for case in methods[evaluated]}, seed)
    studies: dict[str, Study] = {}
    stores: dict[str, str] = {}
    with whole_folder(output, replace=replace) as folder:
        (folder / PAGES).mkdir(parents=True)
        for code, (case, letters) in blinded.items():
            sets = {letter: read_case(methods[method][case]) for letter, method in letters.items()}
            shown = {letter: _shown_masks(one, _names_in_use(structures)) for letter, one in sets.items()}
            found += [finding for one in sets.values() for finding in one.findings]
            slices = _cut_slices(case, places, len(blinded) == 1, sets.values(), found)
            place = f"{len(studies) + 1} of {len(blinded)}"
            stores[code] = write_page(folder / PAGES / f"{code}.html", code, place, slices, shown)
            blind = {letter: BlindSet(method, tuple(shown[letter])) for letter, method in letters.items()}
            studies[code] = Study(case, blind, places.cohorts.get(case, ""))
        key = StudyKey(studies, tuple(methods), seed)
        _check_structures(key, _names_in_use(structures))
        write_index(folder / PAGES / "index.html", key, stores)
        write_key(folder / KEY_FILE, key)
    deliver(dict.fromkeys(found), findings)
    return key


def _align_cases(methods: Methods) -> tuple[Methods, list[Finding]]:
    """The cases of the first method, under its names for them, and a finding for each that not all methods have."""
    first, *others = methods
    cases = methods[first]
    aligned: dict[str, Mapping[str, CaseFiles]] = {first: cases}
    findings = []
    for method in others:
        theirs = methods[method]
        if len(cases) == len(theirs) == 1:
            theirs = dict(zip(cases, theirs.values(), strict=True))
        if not cases.keys() & theirs.keys():
            raise InputFileError(f"{first!r} and {method!r} have no case in common; name the files alike")
        for case in sorted(cases.keys() ^ theirs.keys()):
            there, missing = (first, method) if case in cases else (method, first)
            effect = "its page lacks that set" if case in cases else "it gets no page"
            message = f"was contoured by {there!r} and not by {missing!r}; {effect}"
            findings.append(Finding("rating-set-missing", message, subject=case))
        aligned[method] = {case: files for case, files in theirs.items() if case in cases}
    return aligned, findings


def _methods_of(case: str, methods: Methods) -> list[str]:
    return [method for method, cases in methods.items() if case in cases]


def _names_in_use(structures: Iterable[str]) -> list[str]:
    found = {name: find_structure(name) for name in structures}
    return [structure.name if structure else name for name, structure in found.items()]


def _shown_masks(case: ContouredCase, wanted: Sequence[str]) -> dict[str, Mask]:
    """The structures to grade, by name: those contoured, and those looked for in vain, whose masks are empty."""
    return {name: case.masks[name] for name in sorted(case.annotated) if name in wanted or not wanted}


def _check_structures(key: StudyKey, wanted: Sequence[str]) -> None:
    shown = {name for study in key.studies.values() for one in study.sets.values() for name in one.structures}
    absent = [name for name in wanted if name not in shown]
    if absent:
        raise StructureNameError(f"no case has contours of {absent[0]!r}; check the names after --structures")


def _cut_slices(
    case: str, images: Images, alone: bool, sets: Collection[ContouredCase], found: list[Finding]
) -> Slices:
    # A structure set knows which series of a folder it was drawn on.
    drawn = [one.files for one in sets if one.files.is_structure_set and one.files.image]
    image = drawn[0].image or Path() if drawn else images.path_of(case, alone=alone)
    hu, grid = read_hu(drawn[0], findings=found) if drawn else read_ct(image, found)
    for one in sets:
        if not one.grid.matches(grid):
            found_and_expected = f"found {describe_grid(one.grid)}, expected {describe_grid(grid)}"
            message = f"{one.files.path} is not on the grid of {image}: {found_and_expected}; resample it to the CT"
            raise GeometryError(message)
    return cut_slices(hu, grid, [mask for one in sets for mask in one.masks.values()])
