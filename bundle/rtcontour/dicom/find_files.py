"""Which files of a folder are structure sets and which are CT slices, told by their headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import RTStructureSetStorage

from rtcontour.dicom.ct_headers import CtFile, read_headers
from rtcontour.dicom.dicom_file import announced_sop_class, quiet_pydicom, text
from rtcontour.errors import InputFileError

STRUCTURE_SET = "RTSTRUCT"


@dataclass(frozen=True)
class DicomFiles:
    """What lies in a folder of DICOM files.

    Attributes:
        structure_sets: the RTSTRUCT files, in the order they were given.
        ct: Series Instance UID -> the files of its slices; localizers are left out.
    """

    structure_sets: tuple[Path, ...]
    ct: Mapping[str, tuple[Path, ...]]

    @property
    def ct_files(self) -> tuple[Path, ...]:
        """The slices of all series."""
        return tuple(path for paths in self.ct.values() for path in paths)


@quiet_pydicom()
def find_dicom_files(files: Iterable[Path]) -> DicomFiles:
    """Tell structure sets and CT slices from everything else, whatever the files are called.

    A file that is no longer there, as in a folder that somebody works in, is left out.

    Raises:
        InputFileError: a file that cannot be opened, or a broken one that may be a slice.
    """
    files = list(files)
    try:
        return _tell_apart(files)
    except InputFileError as error:
        left = [path for path in files if path.exists()]
        if not isinstance(error.__cause__, FileNotFoundError) or len(left) == len(files):
            raise
        return find_dicom_files(left)


def _tell_apart(files: list[Path]) -> DicomFiles:
    structure_sets: list[Path] = []
    ct: dict[str, list[Path]] = {}
    for path, found in zip(files, read_headers(files), strict=True):
        if isinstance(found, CtFile):
            if not found.is_localizer:
                ct.setdefault(text(found.header, "SeriesInstanceUID"), []).append(path)
        elif found == STRUCTURE_SET or (found and announced_sop_class(path) == RTStructureSetStorage):
            structure_sets.append(path)
    return DicomFiles(tuple(structure_sets), {uid: tuple(paths) for uid, paths in ct.items()})
