"""What may be compared: data sets, folders of label maps, folders of masks, and single label maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from rtcontour.datasets import (
    LABEL_NAMES,
    MASKS_INDEX,
    read_datalist,
    read_label_names,
    read_labels,
    read_masks,
)
from rtcontour.errors import DataSetError, Finding, InputFileError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.structures import find_structure, unresolved_name

DATALIST = "datalist.json"
NIFTI_SUFFIXES = (".nii.gz", ".nii")


@dataclass(frozen=True)
class CaseFiles:
    """Where the contours of one case are.

    Attributes:
        name: the case.
        path: a label map, or a folder of masks.
        labels: structure -> value in the label map; None for a folder of masks.
        annotated: the structures that somebody contoured; None means all that there are.
        image: the CT, where it is known.
    """

    name: str
    path: Path
    labels: Mapping[str, int] | None
    annotated: tuple[str, ...] | None = None
    image: Path | None = None


@dataclass(frozen=True, eq=False)
class ContouredCase:
    """The contours of one case, by the table's names where those resolve; an empty mask was looked for in vain."""

    files: CaseFiles
    grid: Grid
    masks: Mapping[str, Mask]
    findings: tuple[Finding, ...] = ()

    @property
    def annotated(self) -> Set[str]:
        """The structures of `masks` that somebody contoured."""
        return self.masks.keys() if self.files.annotated is None else self.masks.keys() & set(self.files.annotated)


def list_cases(path: str | Path) -> dict[str, CaseFiles]:
    """The cases of a data set folder, a folder of label maps, a folder of masks or a single label map, by their names.

    A data set has datalist.json; a folder of masks has structures.json, as `rtcontour masks` writes it; label maps have
    labels.json beside them, {structure: value}.

    Raises:
        InputFileError: none of these, or label maps without their names.
        DataSetError: a datalist.json that contradicts itself.
    """
    path = Path(path)
    if path.is_file():
        case = _case_name(path)
        return {case: CaseFiles(case, path, read_label_names(path.parent / LABEL_NAMES))}
    if (path / DATALIST).is_file():
        data_set = read_datalist(path)
        labels = data_set.labels
        return {c.case: CaseFiles(c.case, c.label, labels, c.annotated, c.image) for c in data_set.cases if c.label}
    if (path / MASKS_INDEX).is_file():
        return {path.name: CaseFiles(path.name, path, None)}
    maps = sorted(file for file in path.glob("*.nii*") if file.name.endswith(NIFTI_SUFFIXES))
    if not maps:
        expected = f"{DATALIST}, {MASKS_INDEX}, or label maps (NIfTI) with {LABEL_NAMES}"
        raise InputFileError(f"{path}: holds no contours; expected a folder with {expected}")
    labels = read_label_names(path / LABEL_NAMES)
    return {_case_name(file): CaseFiles(_case_name(file), file, labels) for file in maps}


def read_case(files: CaseFiles) -> ContouredCase:
    """Read the contours of one case.

    Raises:
        InputFileError: a file that is missing or broken.
        GeometryError: masks of one folder that are on different grids.
        DataSetError: two of its names mean one structure.
    """
    if files.labels is None:
        written = read_masks(files.path)
        grid = next(iter(written.values())).grid
    else:
        label_map, grid = read_labels(files.path)
        written = {name: Mask.from_array(label_map == value, grid) for name, value in files.labels.items() if value}
    names, findings = _resolve_names(files, written)
    return ContouredCase(files, grid, {names[name]: mask for name, mask in written.items()}, findings)


def _resolve_names(files: CaseFiles, written: Iterable[str]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Written name -> name in use, and a finding for each that the structure table does not have."""
    names: dict[str, str] = {}
    findings = []
    for name in written:
        structure = find_structure(name)
        in_use = structure.name if structure else name
        if in_use in names.values():
            raise DataSetError(f"{files.path}: {name!r} is the second to mean {in_use}; keep one of them")
        if structure is None:
            findings.append(unresolved_name(name))
        names[name] = in_use
    return names, tuple(findings)


def _case_name(path: Path) -> str:
    for suffix in NIFTI_SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem
