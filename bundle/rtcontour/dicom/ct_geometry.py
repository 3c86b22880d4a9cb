"""From the headers of a CT series to its grid: slices in order, evenly spaced, one at each place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.dicom.ct_scan import CtImage, depths_mm, find_ct_images
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.dicom_file import quiet_pydicom
from rtcontour.errors import Finding, GeometryError, InputFileError
from rtcontour.grid import SAME_POSITION_TOLERANCE_MM, Grid

POSITION_TOLERANCE_MM = 0.11  # positions rounded to one decimal, as some scanners write, make steps differ by 0.1
COSINE_TOLERANCE = 1e-4  # 0.05 mm across a body of 500 mm

STUDY_ATTRIBUTES = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "PositionReferenceIndicator",
)


@quiet_pydicom()
def read_ct_geometry(folder: str | Path, *, series_uid: str | None = None) -> CtGeometry:
    """Read the headers of a CT series: its grid, its UIDs, no pixels.

    Slices are ordered by the projection of their position on the slice normal, whatever the files are called.

    Args:
        folder: walked recursively; whatever is not a CT slice is counted in a finding.
        series_uid: which series; None if the folder holds only one.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a header that cannot be read.
        GeometryError: slices of different size or orientation, two at one position, one missing, or sheared.

    Source: DICOM PS3.3 C.7.6.2, Image Plane Module.
    """
    images, findings = find_ct_images(folder, series_uid)
    _check_alike(images)
    depths = depths_mm(images)
    order = np.argsort(depths, kind="stable")
    images, depths = [images[n] for n in order], depths[order]
    spacing_mm, more = _slice_spacing_mm(images, depths)
    first = images[0]
    frame_of_reference_uid = str(first.header.get("FrameOfReferenceUID") or "") or None
    if frame_of_reference_uid is None:
        more.append(
            Finding("frame-of-reference-missing", "the CT names no frame of reference", subject=Path(folder).name)
        )
    return CtGeometry(
        grid=Grid(
            shape=(*first.shape, len(images)),
            spacing_mm=(*first.spacing_mm, spacing_mm),
            origin_mm=tuple(first.position_mm),
            direction=(*map(tuple, first.axes), tuple(np.cross(*first.axes))),
        ),
        series_uid=first.series_uid,
        study_uid=str(first.header.get("StudyInstanceUID") or ""),
        frame_of_reference_uid=frame_of_reference_uid,
        image_uids=tuple(str(image.header.get("SOPInstanceUID")) for image in images),
        paths=tuple(image.path for image in images),
        study=_study_attributes(first.header),
        findings=(*findings, *more),
    )


def _check_alike(images: list[CtImage]) -> None:
    first = images[0]
    for image in images[1:]:
        if image.shape != first.shape:
            raise GeometryError(_unlike(first, image, f"{image.shape} and {first.shape} columns x rows"))
        if not np.allclose(image.axes, first.axes, rtol=0, atol=COSINE_TOLERANCE):
            raise GeometryError(_unlike(first, image, "different orientations"))
        if not np.allclose(image.spacing_mm, first.spacing_mm, rtol=0, atol=COSINE_TOLERANCE):
            raise GeometryError(_unlike(first, image, f"spacing {image.spacing_mm} and {first.spacing_mm} mm"))
        for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
            if image.header.get(keyword) != first.header.get(keyword):
                raise GeometryError(_unlike(first, image, f"different {keyword}"))


def _unlike(first: CtImage, image: CtImage, what: str) -> str:
    return (
        f"{image.path.parent}: slices {image.path.name} and {first.path.name} of one series have {what}; "
        "expected one stack of like slices: export the series again, alone"
    )


def _slice_spacing_mm(images: list[CtImage], depths: NDArray[np.float64]) -> tuple[float, list[Finding]]:
    """Distance of neighbouring slices in ascending order, after making sure that it is one distance."""
    if len(images) == 1:
        return _thickness_mm(images[0])
    steps = np.diff(depths)
    usual = float(np.median(steps))
    folder = images[0].path.parent
    for n in np.flatnonzero(steps < SAME_POSITION_TOLERANCE_MM)[:1]:
        raise GeometryError(
            f"{folder}: slices {images[n].path.name} and {images[n + 1].path.name} lie at one position "
            f"({depths[n]:.2f} mm); remove the copies, or export the series again"
        )
    uneven = np.flatnonzero(np.abs(steps - usual) > min(POSITION_TOLERANCE_MM, usual / 10))
    if uneven.size:
        places = ", ".join(f"{depths[n]:.2f} to {depths[n + 1]:.2f}" for n in uneven[:5])
        raise GeometryError(
            f"{folder}: slices lie {usual:.4g} mm apart, but not at {places} mm along the normal "
            f"({uneven.size} of {steps.size} steps); slices are missing: export the series again, complete"
        )
    _check_not_sheared(images, folder)
    return float(depths[-1] - depths[0]) / steps.size, []


def _thickness_mm(image: CtImage) -> tuple[float, list[Finding]]:
    thickness = float(image.header.get("SliceThickness") or 0)
    if not thickness > 0:
        raise InputFileError(f"{image.path}: is the only slice and has no SliceThickness; give the complete series")
    message = f"one slice only: its thickness, {thickness:g} mm, stands for the slice spacing"
    return thickness, [Finding("single-slice", message, subject=image.path.name)]


def _check_not_sheared(images: list[CtImage], folder: Path) -> None:
    positions = np.stack([image.position_mm for image in images])
    sideways = np.abs((positions - positions[0]) @ images[0].axes.T).max()
    if sideways > POSITION_TOLERANCE_MM:
        raise GeometryError(
            f"{folder}: slices shift by {sideways:.2f} mm across their normal (gantry tilt?); "
            "expected a straight stack: resample the series to one"
        )


def _study_attributes(header: Dataset) -> Dataset:
    study = Dataset()
    for keyword in STUDY_ATTRIBUTES:
        if keyword in header:
            study[keyword] = header[keyword]
    return study
