"""write_rating_study: the pages on which readers grade contours without knowing whose they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced
from pathlib import Path

from rtcontour.errors import Finding, InputFileError, StructureNameError, deliver
from rtcontour.evaluation.inputs import CaseFiles, list_cases, name_methods
from rtcontour.evaluation.rating.images import Images, find_images
from rtcontour.evaluation.rating.key import KEY_FILE, BlindSet, Study, StudyKey, blind_cases, write_key
from rtcontour.evaluation.rating.page import write_index, write_page
from rtcontour.evaluation.rating.sets import missable_structures, names_in_use, read_sets
from rtcontour.files import refuse_to_replace, whole_folder

PAGES = "pages"
SEED_BITS = 64  # nobody tries them all
Sets = Mapping[str, CaseFiles]  # method -> the contours of one case


def write_rating_study(
    predictions: str | Path,
    images: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    against: Mapping[str, str | Path] | None = None,
    structures: Sequence[str] = (),
    seed: int | None = None,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> StudyKey:
    """Write `output`/pages, for the readers, and `output`/key.json, which they must not see; all or nothing.

    There is one page a case, and an index.html that links them in an order that the seed draws. Where several methods
    contoured a case, its page shows one set of contours at a time, as A, B, ... in an order drawn for each case. All
    sets of a page have the same structures; what a method missed or does not know has no contours there. Where there
    is one method, a page has all structures that it contours in any case of that cohort.

    Args:
        predictions: contours to be graded: whatever `list_cases` reads.
        images: their CTs: a data set folder, NIfTI files named by case, or folders of CT series named by case.
        output: folder to write.
        name: what `predictions` are called in key.json and in the tables; the name of their folder if not said.
        against: name -> more contours of the same cases, by other methods or people.
        structures: only these; all where none is named.
        seed: draws the order, the same one each time; None draws a seed, too. The key holds it.
        replace: whether an existing folder may be replaced.
        findings: gets everything odd; logged where it is None.

    Raises:
        RtContourError: contours or CTs that are missing or broken, on different grids, or an output that exists or
            holds any of them.
    """
    given = name_methods(predictions, name, against)
    refuse_to_replace(output, [*given.values(), images], replace=replace)
    places, wanted = find_images(images), names_in_use(structures)
    cases, found = _find_sets(given, places)
    missable = _missable_by_cohort(cases, places.cohorts) if len(given) == 1 else {}
    seed = secrets.randbits(SEED_BITS) if seed is None else seed
    blinded = blind_cases({case: list(sets) for case, sets in cases.items()}, seed)
    studies: dict[str, Study] = {}
    stores: dict[str, str] = {}
    with whole_folder(output, replace=replace) as folder:
        (folder / PAGES).mkdir(parents=True)
        for number, (code, (case, letters)) in enumerate(blinded.items(), start=1):
            files = {letter: cases[case][method] for letter, method in letters.items()}
            cohort = places.cohorts.get(case, "")
            shown = read_sets(files, missable=missable.get(cohort, ()), wanted=wanted)
            page, place = folder / PAGES / f"{code}.html", f"{number} of {len(blinded)}"
            stores[code] = write_page(page, code, place, shown.slices, shown.masks)
            blind = {letter: BlindSet(method, shown.structures) for letter, method in letters.items()}
            studies[code] = Study(case, blind, cohort)
            found += shown.findings
        key = StudyKey(studies, tuple(given), seed)
        _check_structures(key, wanted)
        write_index(folder / PAGES / "index.html", key, stores)
        write_key(folder / KEY_FILE, key)
    deliver(dict.fromkeys(found), findings)
    return key


def _find_sets(given: Mapping[str, str | Path], images: Images) -> tuple[dict[str, Sets], list[Finding]]:
    """Case -> its sets, each with a CT: it would be a pity to find out at the fortieth page that one is missing."""
    cases, findings = _align_cases({method: list_cases(place, ct=images.folder) for method, place in given.items()})
    alone = len(cases) == 1
    return {case: _with_images(case, sets, images, alone=alone) for case, sets in cases.items()}, findings


def _align_cases(methods: Mapping[str, Mapping[str, CaseFiles]]) -> tuple[dict[str, Sets], list[Finding]]:
    """The cases of the first method, under its names for them, and a finding for each that not all methods have.

    Args:
        methods: method -> case -> files.
    """
    (first, cases), *others = methods.items()
    aligned = {case: {first: files} for case, files in cases.items()}
    findings = []
    for method, theirs in others:
        if len(cases) == len(theirs) == 1:
            theirs = dict(zip(cases, theirs.values(), strict=True))
        if not cases.keys() & theirs.keys():
            raise InputFileError(f"{first!r} and {method!r} have no case in common; name the files alike")
        for case in sorted(cases.keys() ^ theirs.keys()):
            there, missing = (first, method) if case in cases else (method, first)
            effect = "its page lacks that set" if case in cases else "it gets no page"
            message = f"was contoured by {there!r} and not by {missing!r}; {effect}"
            findings.append(Finding("rating-set-missing", message, subject=case))
        for case in aligned.keys() & theirs.keys():
            aligned[case][method] = theirs[case]
    return dict(aligned), findings


def _with_images(case: str, sets: Sets, images: Images, *, alone: bool) -> Sets:
    """The sets of a case, each with a CT: a structure set keeps its own, the others get that one, or the case's."""
    own = [files.image for files in sets.values() if files.is_structure_set and files.image]
    image = own[0] if own else images.path_of(case, alone=alone)
    return {
        method: files if files.is_structure_set and files.image else replaced(files, image=image)
        for method, files in sets.items()
    }


def _missable_by_cohort(cases: Mapping[str, Sets], cohorts: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Cohort -> what its only method offers in any case. Other cohorts may have other structures."""
    members: dict[str, list[CaseFiles]] = {}
    for case, sets in cases.items():
        members.setdefault(cohorts.get(case, ""), []).extend(sets.values())
    return {cohort: missable_structures(files) for cohort, files in members.items()}


def _check_structures(key: StudyKey, wanted: Sequence[str]) -> None:
    shown = {name for study in key.studies.values() for one in study.sets.values() for name in one.structures}
    absent = [name for name in wanted if name not in shown]
    if absent:
        raise StructureNameError(f"no case has contours of {absent[0]!r}; check the names after --structures")
