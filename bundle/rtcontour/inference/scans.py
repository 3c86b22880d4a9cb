"""find_scans: what there is to contour in a folder."""

from __future__ import annotations

from pathlib import Path

from rtcontour.errors import InputFileError


def find_scans(folder: str | Path) -> list[dict[str, str]]:
    """List the scans of a folder as items {"image": path, "case": name}, by name.

    NIfTI files, in the folder or in its images/, are scans of their own. Otherwise every folder that holds files,
    the given one or any below it, is one DICOM series.

    Raises:
        InputFileError: no such folder, or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"{folder}: no such folder; name one with DICOM slices or NIfTI images")
    images = folder / "images" if (folder / "images").is_dir() else folder
    nifti = sorted(path for path in images.iterdir() if path.name.endswith((".nii", ".nii.gz")))
    if nifti:
        return [{"image": str(path), "case": path.name.split(".nii")[0]} for path in nifti]
    series = sorted({path.parent for path in folder.rglob("*") if path.is_file()})
    if not series:
        raise InputFileError(f"{folder}: is empty; name a folder with DICOM slices or NIfTI images")
    return [{"image": str(path), "case": path.name} for path in series]
