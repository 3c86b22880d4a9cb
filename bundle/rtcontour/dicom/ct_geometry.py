"""From the headers of a CT series to its grid: like slices in order, on a regular stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.dicom.archive_patient_id import canonical_patient_id
from rtcontour.dicom.ct_headers import STUDY_ATTRIBUTES
from rtcontour.dicom.ct_image import CtImage
from rtcontour.dicom.ct_scan import depths_mm, find_ct_images
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.ct_slices import POSITION_TOLERANCE_MM, SliceStack, Uneven, stack_slices
from rtcontour.dicom.dicom_file import quiet_pydicom, text
from rtcontour.dicom.uids import uid_or_nothing
from rtcontour.errors import ConfigError, Finding, GeometryError, InputFileError
from rtcontour.grid import Grid

CLOSE_TOLERANCE = 1e-4  # of cosines and of spacings in mm: 0.05 mm across 500 voxels


@dataclass(frozen=True, eq=False)
class CtStack:
    """A CT series before its pixels are read.

    Attributes:
        images: ascending along the normal.
        stack: where they lie on the slices of the grid.
        geometry: the grid, the UIDs, the findings.
    """

    images: tuple[CtImage, ...]
    stack: SliceStack
    geometry: CtGeometry


@quiet_pydicom()
def read_ct_geometry(folder: str | Path, *, series_uid: str | None = None, uneven: Uneven = "resample") -> CtGeometry:
    """Read the headers of a CT series: its grid, its UIDs, no pixels.

    Slices are ordered by the projection of their position on the slice normal, whatever the files are called.

    Args:
        folder: walked recursively; whatever is not a CT slice is counted in a finding.
        series_uid: which series; None if the folder holds only one.
        uneven: what to do where slices are not evenly spaced: "resample" them to the finest regular grid, with a
            finding, or "refuse" them. Slices that are merely missing leave a regular grid, with a finding.

    Raises:
        InputFileError: no folder, no CT, several series to choose from, or a header that cannot be read.
        GeometryError: slices of different size or orientation, two at one position, sheared, or refused as uneven.

    Source: DICOM PS3.3 C.7.6.2, Image Plane Module.
    """
    return stack_ct(folder, series_uid, uneven).geometry


def stack_ct(folder: str | Path, series_uid: str | None, uneven: Uneven) -> CtStack:
    """The same with the images, for the reader of their pixels."""
    images, findings = find_ct_images(folder, series_uid)
    return stack_images(images, findings, Path(folder), uneven)


def stack_images(images: list[CtImage], findings: Iterable[Finding], folder: Path, uneven: Uneven) -> CtStack:
    """The images of one series as a stack; `folder` is for messages.

    Raises:
        GeometryError: slices of different size or orientation, two at one position, sheared, or refused as uneven.
    """
    if uneven not in ("resample", "refuse"):
        raise ConfigError(f"uneven is {uneven!r}; expected 'resample' or 'refuse'")
    _check_alike(images, str(folder))
    depths = depths_mm(images)
    order = np.argsort(depths, kind="stable")
    images, depths = [images[n] for n in order], depths[order]
    stack, odd = _stack(images, depths, str(folder), uneven)
    first = images[0]
    frame_of_reference_uid = uid_or_nothing(text(first.header, "FrameOfReferenceUID")) or None
    if frame_of_reference_uid is None:
        missing = "the CT names no frame of reference"
        odd.append(Finding("frame-of-reference-missing", missing, subject=folder.name))
    on_slice = [None if n is None else images[n] for n in stack.image_of_slice()]
    geometry = CtGeometry(
        grid=_grid(first, stack, str(folder)),
        series_uid=first.series_uid,
        study_uid=text(first.header, "StudyInstanceUID"),
        frame_of_reference_uid=frame_of_reference_uid,
        image_uids=tuple(None if image is None else image.uid or None for image in on_slice),
        paths=tuple(image.path for image in images),
        study=_study_attributes(first.header),
        findings=(*findings, *odd),
        frames=tuple(0 if image is None else image.frame or 0 for image in on_slice) if first.frame else (),
    )
    return CtStack(tuple(images), stack, geometry)


def _grid(first: CtImage, stack: SliceStack, where: str) -> Grid:
    normal = np.cross(*first.axes)
    try:
        return Grid(
            shape=(*first.shape, stack.slices),
            spacing_mm=(*first.spacing_mm, stack.spacing_mm),
            origin_mm=tuple(first.position_mm - stack.at[0] * stack.spacing_mm * normal),
            direction=(*map(tuple, first.axes), tuple(normal)),
        )
    except GeometryError as error:
        raise GeometryError(f"{where}: {error}; export the series again") from error


SAME: dict[str, Callable[[CtImage], Hashable]] = {
    "columns x rows": lambda image: f"{image.shape[0]} x {image.shape[1]}",
    "FrameOfReferenceUID": lambda image: text(image.header, "FrameOfReferenceUID"),
    "StudyInstanceUID": lambda image: text(image.header, "StudyInstanceUID"),
    "PatientID": lambda image: (
        canonical_patient_id(text(image.header, "PatientID")) or text(image.header, "PatientName")
    ),
}
CLOSE: dict[str, Callable[[CtImage], NDArray[np.float64]]] = {
    "orientation": lambda image: image.axes,
    "spacing in mm": lambda image: image.spacing_mm,
}


def _check_alike(images: list[CtImage], where: str) -> None:
    """Refuse a series that mixes stacks, and say how many slices are of which kind."""
    for what, same in SAME.items():
        kinds = [same(image) for image in images]
        if len(set(kinds)) > 1:
            _refuse_mixture(images, kinds, what, where)
    for what, close in CLOSE.items():
        values = np.stack([close(image).ravel() for image in images])
        if np.ptp(values, axis=0).max() > CLOSE_TOLERANCE:
            _refuse_mixture(images, [tuple(row) for row in values.round(4).tolist()], what, where)


def _refuse_mixture(images: list[CtImage], kinds: list[Hashable], what: str, where: str) -> None:
    counts = Counter(kinds).most_common()
    (usual, most), (odd, least) = counts[0], counts[-1]
    like, unlike = (images[kinds.index(kind)].path.name for kind in (usual, odd))
    shown = "" if what.startswith("Patient") else f" ({usual} and {odd})"
    raise GeometryError(
        f"{where}: the slices of one series differ in {what}{shown}: {most} like {like}, {least} like {unlike}"
        f"{' and others' if len(counts) > 2 else ''}; expected one stack of like slices: put each stack in a folder "
        "of its own, or export the series again, alone"
    )


def _stack(
    images: list[CtImage], depths: NDArray[np.float64], where: str, uneven: Uneven
) -> tuple[SliceStack, list[Finding]]:
    if len(images) == 1:
        return _single_slice(images[0])
    names = [image.path.name if image.frame is None else f"frame {image.frame}" for image in images]
    stack, findings = stack_slices(depths, names, where, uneven)
    _check_not_sheared(images, where)
    return stack, findings


def _single_slice(image: CtImage) -> tuple[SliceStack, list[Finding]]:
    thickness = image.thickness_mm
    if thickness is None:
        raise InputFileError(f"{image.path}: is the only slice and has no SliceThickness; give the complete series")
    message = f"one slice only: its thickness, {thickness:g} mm, stands for the slice spacing"
    return SliceStack(1, thickness, np.zeros(1)), [Finding("single-slice", message, subject=image.path.name)]


def _check_not_sheared(images: list[CtImage], where: str) -> None:
    positions = np.stack([image.position_mm for image in images])
    sideways = np.abs((positions - positions[0]) @ images[0].axes.T).max()
    if sideways > POSITION_TOLERANCE_MM:
        raise GeometryError(
            f"{where}: slices shift by {sideways:.2f} mm across their normal (gantry tilt?); "
            "expected a straight stack: resample the series to one"
        )


def _study_attributes(header: Dataset) -> Dataset:
    study = Dataset()
    for keyword in STUDY_ATTRIBUTES:
        if keyword in header:
            study[keyword] = header[keyword]
    return study
