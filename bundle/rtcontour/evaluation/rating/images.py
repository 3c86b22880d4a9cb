"""The CTs of a rating study: a data set, NIfTI files or DICOM folders, found by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtcontour.datasets import DATALIST, LABEL_NAMES, nifti_files, read_datalist, stem_of
from rtcontour.dicom import find_ct_folders
from rtcontour.errors import InputFileError
from rtcontour.evaluation.inputs import image_beside_segmentations


@dataclass(frozen=True)
class Images:
    """Where the CTs are.

    Attributes:
        place: what was searched.
        paths: case -> a NIfTI file or a folder of a CT series.
        cohorts: case -> cohort, where a data set tells it.
    """

    place: Path
    paths: Mapping[str, Path]
    cohorts: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """Where the CTs of structure sets may be looked for by name; None for a data set, whose files lie anywhere."""
        return None if (self.place / DATALIST).is_file() else self.place

    def path_of(self, case: str, *, alone: bool = False) -> Path:
        """The CT of a case: the one of its name, or, where it is `alone`, the only one that there is.

        Raises:
            InputFileError: there is none.
        """
        if case in self.paths:
            return self.paths[case]
        if alone and len(self.paths) == 1:
            return next(iter(self.paths.values()))
        there = ", ".join(sorted(self.paths)[:5])
        raise InputFileError(f"{self.place}: has no CT of case {case!r}, only of {there}; name them alike")


def find_images(place: str | Path) -> Images:
    """Find CTs: a data set folder, NIfTI files, CASE/ct.nii.gz, a CT series, a folder of them, or one NIfTI file.

    Raises:
        InputFileError: no such place, none of these, or label maps.
        DataSetError: a datalist.json that contradicts itself.
    """
    place = Path(place)
    if not place.exists():
        raise InputFileError(f"{place}: does not exist; name the CTs that were contoured")
    if place.is_file():
        return Images(place, {stem_of(place): place})
    if (place / DATALIST).is_file():
        cases = read_datalist(place).cases
        return Images(place, {c.case: c.image for c in cases}, {c.case: c.cohort for c in cases if c.cohort})
    alone = image_beside_segmentations(place)
    if alone:
        return Images(place, {place.resolve().name: alone})
    files = nifti_files(place)
    if files and (place / LABEL_NAMES).is_file():
        raise InputFileError(f"{place}: holds label maps, as {LABEL_NAMES} beside them says; name the CTs instead")
    if files:
        return Images(place, {stem_of(file): file for file in files})
    beside = _beside_segmentations(place)
    series = [] if beside and all(name in beside for name in _shown_folders(place)) else find_ct_folders(place)
    if not (beside or series):
        raise InputFileError(f"{place}: holds no CT; expected {DATALIST}, NIfTI files or folders of CT slices")
    # A series may lie deeper, as in CASE/ct/: the folder below `place` names the case.
    slices = {_first_part(place, folder): place / _first_part(place, folder) for folder in series}
    return Images(place, beside | slices)


def _beside_segmentations(place: Path) -> dict[str, Path]:
    """Case -> CT of a folder of cases in TotalSegmentator's layout; {} where it has another."""
    return {name: image for name in _shown_folders(place) if (image := image_beside_segmentations(place / name))}


def _shown_folders(place: Path) -> list[str]:
    return sorted(folder.name for folder in place.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _first_part(place: Path, folder: Path) -> str:
    """The folder just below `place`; "" for `place` itself."""
    return next(iter(folder.relative_to(place).parts), "")
