"""Cases made of DICOM files: structure sets, and the CT that each was drawn on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rtcontour.errors import InputFileError
from rtcontour.evaluation.inputs.case import CaseFiles

if TYPE_CHECKING:
    from rtcontour.dicom import DicomFiles

# Functions below import what reads DICOM: it takes longer to load than all else that lists cases.

OTHER_SUFFIXES = (
    ".nii",
    ".nii.gz",
    ".json",
    ".csv",
    ".html",
    ".pdf",
    ".png",
    ".svg",
)  # never DICOM: need not be opened


def list_structure_set(path: Path, *, search_ct: bool) -> dict[str, CaseFiles]:
    """The case of one RTSTRUCT, named by its file; its CT is looked for in its folder and below.

    Raises:
        InputFileError: another kind of file, or one that cannot be read.
    """
    from rtcontour.dicom import find_dicom_files

    if not find_dicom_files([path]).structure_sets:
        raise InputFileError(f"{path}: is neither a label map (NIfTI) nor an RTSTRUCT; name one of these, or a folder")
    image = path.parent if search_ct and holds_ct(path.parent) else None
    return {path.stem: CaseFiles(path.stem, path, image=image)}


def holds_ct(folder: Path) -> bool:
    """Whether CT slices lie in a folder or below it.

    Raises:
        InputFileError: what cannot be read.
    """
    from rtcontour.dicom import find_dicom_files

    return bool(find_dicom_files(files_below(folder)).ct)


def list_patients(folder: Path, ct: str | Path | None, *, below: bool = True) -> dict[str, CaseFiles]:
    """The structure sets of a folder as cases; {} where there are none.

    An RTSTRUCT in the folder itself makes it the folder of one patient, and so does a single RTSTRUCT whose CT lies in
    another folder than its own. Otherwise every folder in it that holds an RTSTRUCT is a patient.

    Args:
        folder: of one patient or of many.
        ct: what `list_cases` got: several RTSTRUCTs beside each other are cases where this has a folder for each.
        below: whether to look into the folders of the folder.

    Raises:
        InputFileError: several structure sets of one patient, or a file that cannot be read.
    """
    files = files_below(folder, only_here=not below)
    if not files:
        return {}
    from rtcontour.dicom import find_dicom_files

    found = find_dicom_files(files)
    inside = [path for path in found.structure_sets if path.parent == folder]
    if ct is not None and len(inside) > 1 and all((Path(ct) / path.stem).exists() for path in inside):
        return {path.stem: CaseFiles(path.stem, path) for path in inside}
    patients = list(dict.fromkeys(_child(folder, path) for path in found.structure_sets))
    with_ct = {_child(folder, path) for path in found.ct_files}
    if inside or (with_ct and not with_ct.intersection(patients)):
        patients = [folder] if patients else []
    return {patient.name: _case_of(patient, found) for patient in patients}


def _case_of(patient: Path, found: DicomFiles) -> CaseFiles:
    structure_sets = [path for path in found.structure_sets if path.is_relative_to(patient)]
    if len(structure_sets) > 1:
        raise InputFileError(
            f"{patient}: holds {len(structure_sets)} RTSTRUCTs of one patient ({_names(patient, structure_sets)}); "
            "name the one that is meant, or keep only that one in the folder"
        )
    image = patient if any(path.is_relative_to(patient) for path in found.ct_files) else None
    return CaseFiles(patient.name, structure_sets[0], image=image)


def _names(patient: Path, paths: Sequence[Path]) -> str:
    named = ", ".join(str(path.relative_to(patient)) for path in paths[:5])
    return f"{named}, ..." if len(paths) > 5 else named


def _child(folder: Path, path: Path) -> Path:
    """The folder in `folder` that leads to a file; `folder` itself for a file in it."""
    within = path.relative_to(folder).parts
    return folder if len(within) == 1 else folder / within[0]


def files_below(folder: Path, *, only_here: bool = False) -> list[Path]:
    """The files that are not plainly something else, in order of their paths; nothing hidden.

    Args:
        folder: searched with all that is below it, links to folders aside.
        only_here: leave out what is below it.

    Raises:
        InputFileError: a folder that may not be read.
    """
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = [] if only_here else [name for name in folders if not name.startswith(".")]
        shown = (name for name in names if not name.startswith(".") and not name.lower().endswith(OTHER_SUFFIXES))
        found += (path for path in (Path(parent, name) for name in shown) if path.is_file())
    return sorted(found)


def _refuse_folder(error: OSError) -> None:
    """One that vanished meanwhile holds nothing."""
    if not isinstance(error, FileNotFoundError):
        raise InputFileError(
            f"{error.filename}: cannot be read ({error.strerror}); check the rights of the folder"
        ) from error
