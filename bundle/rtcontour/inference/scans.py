"""find_scans: what there is to contour in a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rtcontour.datasets import nifti_files, stem_of
from rtcontour.dicom import find_ct_folders
from rtcontour.errors import InputFileError


def find_scans(folder: str | Path) -> list[dict[str, str]]:
    """List the scans of a folder as items {"image": path, "case": name}, by name.

    NIfTI files, in the folder or in its images/, are scans of their own. Otherwise every folder that holds CT slices,
    the given one or any below it, is one DICOM series, named by the way to it; folders of other files are passed over.

    Raises:
        InputFileError: no such folder, no scan in it, a broken file, or two scans of one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"{folder}: no such folder; name one with DICOM slices or NIfTI images")
    images = folder / "images" if (folder / "images").is_dir() else folder
    scans = {path: stem_of(path) for path in nifti_files(images)}
    scans = scans or {path: _way(folder, path) for path in find_ct_folders(folder)}
    if not scans:
        raise InputFileError(f"{folder}: holds no scan; name a folder with DICOM slices or NIfTI images")
    twice = [case for case, count in Counter(scans.values()).items() if count > 1]
    if twice:
        raise InputFileError(f"{folder}: two scans would be named {twice[0]!r}; rename one, or contour them one by one")
    return [{"image": str(path), "case": case} for path, case in sorted(scans.items())]


def _way(folder: Path, path: Path) -> str:
    return "_".join(path.relative_to(folder).parts) or folder.resolve().name
