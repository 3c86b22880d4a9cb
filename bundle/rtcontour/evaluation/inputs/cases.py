"""list_cases: what may be compared, found in a file or a folder of any accepted kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rtcontour.datasets import (
    DATALIST,
    LABEL_NAMES,
    MASKS_INDEX,
    NIFTI_SUFFIXES,
    nifti_files,
    read_datalist,
    read_label_names,
    stem_of,
)
from rtcontour.errors import DataSetError, InputFileError
from rtcontour.evaluation.inputs.case import CaseFiles
from rtcontour.evaluation.inputs.patients import holds_ct, list_patients, list_structure_set
from rtcontour.structures import find_structure

SEGMENTATIONS = "segmentations"  # the folder of masks of each case in TotalSegmentator's layout
IMAGE_BESIDE_SEGMENTATIONS = ("ct.nii.gz", "ct.nii")
EXPECTED = (
    f"{DATALIST}, {MASKS_INDEX}, label maps (NIfTI) with {LABEL_NAMES}, one folder of masks a case, "
    "or RTSTRUCT files with their CT"
)


def list_cases(path: str | Path, *, ct: str | Path | None = None, split: str | None = None) -> dict[str, CaseFiles]:
    """The cases in a file or folder, by their names; docs/evaluation-inputs.md has the layouts.

    Accepted are a data set (datalist.json), a folder of label maps with labels.json, one folder of masks or one for
    each case, a single label map, an RTSTRUCT with its CT, and one folder of these for each patient. What is DICOM is
    told by its headers.

    Args:
        path: the file or folder.
        ct: where the images are: CASE.nii.gz or CASE/ in this folder, or the CT itself where there is one case.
        split: "training", "validation" or "test": only these cases of a data set; of no account for anything else.

    Raises:
        InputFileError: no such place or none of these kinds, several kinds at once, label maps without their names,
            several structure sets of one patient, or a folder that may not be read.
        DataSetError: a datalist.json that contradicts itself, or a split that is empty or unknown.
    """
    path = Path(path) if Path(path).name not in ("", "..") else Path(path).resolve()  # its name may become a case's
    try:
        if not path.exists():
            raise InputFileError(f"{path}: does not exist; name a file or folder that holds contours")
        if ct is not None and not Path(ct).exists():
            raise InputFileError(f"{ct}: does not exist; --ct names a CT, or a folder of them named by case")
        cases = _list_file(path, ct) if path.is_file() else _list_folder(path, ct, split)
        return cases if ct is None else _with_images_of_ct(cases, Path(ct))
    except PermissionError as error:
        closed = _closed_folder(Path(error.filename or path))
        raise InputFileError(f"{closed}: cannot be read ({error.strerror}); check the rights of the folder") from error


def is_data_set(path: str | Path) -> bool:
    """Whether a place is a data set folder, which has splits."""
    return (Path(path) / DATALIST).is_file()


def _list_file(path: Path, ct: str | Path | None) -> dict[str, CaseFiles]:
    if not path.name.endswith(NIFTI_SUFFIXES):
        return list_structure_set(path, search_ct=ct is None)
    case, names = stem_of(path), path.parent / LABEL_NAMES
    if not names.is_file():
        raise InputFileError(
            f"{path}: a label map needs its label values, and {names} is not there; write them there "
            f'({{"Bladder": 1}}), or name the folder of masks if it is one of them'
        )
    return {case: CaseFiles(case, path, read_label_names(names))}


def _closed_folder(path: Path) -> Path:
    """The folder that keeps a path from being looked at, or the path itself."""
    above = (folder for folder in reversed(path.parents) if not os.access(folder, os.R_OK | os.X_OK))
    return next(above, path)


def _list_folder(path: Path, ct: str | Path | None, split: str | None) -> dict[str, CaseFiles]:
    if is_data_set(path):
        return _list_data_set(path, split)
    found = _list_nifti(path)
    if found:
        _refuse_mixture(path, {case: files.path for case, files in found.items()}, list_patients(path, ct, below=False))
        return found
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    of_cases = {folder.name: _case_of_folder(folder) for folder in folders if nifti_files(folder) or _masks_in(folder)}
    patients = list_patients(path, ct)
    if path.name in patients or not of_cases:  # one patient, beside whose DICOM files NIfTI may lie in folders
        if not patients:
            raise InputFileError(f"{path}: holds no contours; expected {EXPECTED}")
        return patients
    _refuse_mixture(path, {case: files.path for case, files in of_cases.items()}, patients)
    return of_cases


def _list_data_set(path: Path, split: str | None) -> dict[str, CaseFiles]:
    data_set = read_datalist(path)
    cases = data_set.cases if split is None else data_set.split(split)
    if not cases:
        raise DataSetError(f"{path}: the split {split!r} has no cases; choose another")
    if not any(case.label for case in cases):
        raise DataSetError(f"{path}: no case{f' of the split {split!r}' if split else ''} has a label map; add them")
    return {
        c.case: CaseFiles(c.case, c.label, data_set.labels, c.annotated, c.image, c.cohort, c.patient)
        for c in cases
        if c.label
    }


def _list_nifti(path: Path) -> dict[str, CaseFiles]:
    """Label maps with their names, or the masks of one case; {} where the folder itself holds neither."""
    masks = _masks_in(path)
    if masks:
        return {path.name: replace(masks, name=path.name)}
    files = nifti_files(path)
    if not files:
        return {}
    if (path / LABEL_NAMES).is_file():
        labels = read_label_names(path / LABEL_NAMES)
        return {stem_of(file): CaseFiles(stem_of(file), file, labels) for file in files}
    if any(find_structure(stem_of(file)) for file in files):
        return {path.name: CaseFiles(path.name, path)}
    raise InputFileError(
        f'{path}: holds NIfTI files and no {LABEL_NAMES}; write their label values there ({{"Bladder": 1}}), or, if '
        "they are masks, put them into one folder a case"
    )


def _case_of_folder(folder: Path) -> CaseFiles:
    """The one case of a folder with NIfTI files: its masks, or a label map with labels.json."""
    masks = _masks_in(folder)
    if masks:
        return masks
    if not (folder / LABEL_NAMES).is_file():
        return CaseFiles(folder.name, folder)
    files = nifti_files(folder)
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:3])
        raise InputFileError(
            f"{folder}: holds several label maps ({names}, ...); expected one a case: name that folder"
        )
    return CaseFiles(folder.name, files[0], read_label_names(folder / LABEL_NAMES))


def _masks_in(folder: Path) -> CaseFiles | None:
    """The masks of a folder with structures.json, or of one in TotalSegmentator's layout."""
    if (folder / MASKS_INDEX).is_file():
        return CaseFiles(folder.name, folder)
    if (folder / SEGMENTATIONS).is_dir() and nifti_files(folder / SEGMENTATIONS):
        return CaseFiles(folder.name, folder / SEGMENTATIONS, image=image_beside_segmentations(folder))
    return None


def image_beside_segmentations(folder: Path) -> Path | None:
    """The CT of a case in TotalSegmentator's layout; None for a folder that is no such case."""
    return next((folder / name for name in IMAGE_BESIDE_SEGMENTATIONS if (folder / name).is_file()), None)


def _refuse_mixture(path: Path, nifti: Mapping[str, Path], patients: Mapping[str, CaseFiles]) -> None:
    if nifti and patients:
        one, other = next(iter(nifti.values())), next(iter(patients.values())).path
        names = f"{one.relative_to(path) if one != path else 'masks'} and the RTSTRUCT {other.relative_to(path)}"
        raise InputFileError(f"{path}: mixes kinds: {names}; keep each kind in a folder of its own and name that")


def _ct_in(place: Path, files: CaseFiles) -> Path:
    """The ct.nii.gz of a case's folder; the folder itself where there is none, or an RTSTRUCT has its slices there."""
    image = image_beside_segmentations(place)
    return place if image is None or (files.is_structure_set and holds_ct(place)) else image


def _with_images_of_ct(cases: Mapping[str, CaseFiles], ct: Path) -> dict[str, CaseFiles]:
    """The cases with the images of `--ct`, which go before what lies beside a structure set."""
    found = {}
    for name, files in cases.items():
        named = [ct / f"{name}{suffix}" for suffix in (*NIFTI_SUFFIXES, "")]
        given = next((image for image in named if image.exists()), ct if len(cases) == 1 else None)
        if files.is_structure_set and given is None and files.image is None:
            raise InputFileError(f"{files.path}: its CT is not in {ct}; expected a folder {name} there")
        given = given and _ct_in(given, files)
        image = given or files.image if files.is_structure_set else files.image or given
        found[name] = replace(files, image=image)
    return found
