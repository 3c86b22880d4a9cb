"""The ROIs of a structure set: definitions, contours and observations, joined by ROI number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtcontour.contours import Contour, Roi
from rtcontour.dicom.character_set import declares_no_letters, undeclared_text
from rtcontour.dicom.coordinates import ContourDataError, read_numbers, read_points_mm
from rtcontour.dicom.dicom_file import NotUnderstood, items_of, stored_bytes, text
from rtcontour.errors import Finding, InputFileError

# Referenced SOP Instance UID in little endian: a VR or none, the lowest byte of its length, and a UID. A structure set
# repeats it for each contour, and pydicom would make three objects of every one.
FIRST_INSTANCE_UID = re.compile(rb"\x08\x00\x55\x11(?:UI(.)\0|(.)\0\0\0)([0-9.]{1,64})", re.DOTALL)


def read_rois(dataset: Dataset, path: Path, found: list[Finding]) -> tuple[Roi, ...]:
    """Every ROI that the file defines, in its order, with all its contours; oddities are added to `found`.

    Raises:
        InputFileError: no ROI is defined, two ROIs share a number, or a number or coordinate cannot be understood.

    Source: DICOM PS3.3 C.8.8.5, C.8.8.6, C.8.8.8.
    """
    definitions = items_of(dataset, "StructureSetROISequence")
    if not definitions:
        raise InputFileError(f"{path}: defines no ROIs (no StructureSetROISequence); cut short? Export it again")
    drawn = _by_number(_items(dataset, "ROIContourSequence", path, found), path, found)
    observed = _by_number(_items(dataset, "RTROIObservationsSequence", path, found), path, found)
    numbers = [_number(item, "ROINumber", path) for item in definitions]
    names = _names(dataset, definitions, numbers, path, found)
    _check_numbers(numbers, drawn, observed, path, found)
    rois = tuple(
        _roi(name, number, drawn.get(number, []), observed.get(number, []), path, found)
        for name, number in zip(names, numbers, strict=True)
    )
    _note_the_whole(rois, path, found)
    return rois


def _items(dataset: Dataset, keyword: str, path: Path, found: list[Finding]) -> list[Dataset]:
    items = items_of(dataset, keyword)
    if not items:
        found.append(Finding("sequence-missing", f"has no items in {keyword}", subject=path.name))
    return items


def _by_number(items: list[Dataset], path: Path, found: list[Finding]) -> dict[int, list[Dataset]]:
    """The items of each ROI number; one that names no ROI is a finding."""
    by_number: dict[int, list[Dataset]] = {}
    for item in items:
        if text(item, "ReferencedROINumber"):
            by_number.setdefault(_number(item, "ReferencedROINumber", path), []).append(item)
        else:
            contours = len(items_of(item, "ContourSequence"))
            message = f"an item without ReferencedROINumber, with {contours} contours, belongs to no ROI; left out"
            found.append(Finding("roi-number-unknown", message, subject=path.name))
    return by_number


def _number(item: Dataset, keyword: str, path: Path) -> int:
    values = read_numbers(item, keyword)
    if values.size != 1 or not values[0].is_integer():
        raise InputFileError(f"{path}: an item without {keyword}, so its ROI is unknown; export it again")
    return int(values[0])


def _check_numbers(
    numbers: list[int],
    drawn: dict[int, list[Dataset]],
    observed: dict[int, list[Dataset]],
    path: Path,
    found: list[Finding],
) -> None:
    twice = [number for number, count in Counter(numbers).items() if count > 1]
    if twice:
        raise InputFileError(
            f"{path}: several ROIs have number {twice[0]}, so it is unknown whose contours are whose; "
            "export the structure set again"
        )
    for number in drawn.keys() - set(numbers):
        contours = sum(len(items_of(item, "ContourSequence")) for item in drawn[number])
        message = f"{contours} contours belong to ROI number {number}, which the file does not define; left out"
        found.append(Finding("roi-number-unknown", message, subject=path.name))
    if observed.keys() - set(numbers):
        message = f"observations belong to ROI numbers {sorted(observed.keys() - set(numbers))}, which are not defined"
        found.append(Finding("roi-number-unknown", message, subject=path.name))


def _names(
    dataset: Dataset, definitions: list[Dataset], numbers: list[int], path: Path, found: list[Finding]
) -> list[str]:
    """The name of each ROI; one without is called by its number."""
    names, guessed = [], []
    undeclared = declares_no_letters(dataset)
    for item, number in zip(definitions, numbers, strict=True):
        stored = stored_bytes(item, "ROIName") or b""
        name = undeclared_text(stored) if undeclared and not stored.isascii() else text(item, "ROIName")
        if not name:
            name = f"ROI-{number}"
            found.append(Finding("roi-unnamed", f"ROI number {number} has no name; called {name}", subject=path.name))
        names.append(name)
        guessed += [name] if undeclared and not stored.isascii() else []
    if guessed:
        message = f"{len(guessed)} names hold letters of no declared character set, read as {', '.join(guessed)}"
        found.append(Finding("character-set-missing", message, subject=path.name))
    return names


def _roi(
    name: str, number: int, drawn: list[Dataset], observed: list[Dataset], path: Path, found: list[Finding]
) -> Roi:
    contours = _contours(drawn, name, path, found)
    if not contours:
        found.append(Finding("roi-empty", "has no contours", "note", name))
    interpreted_type = next((text(item, "RTROIInterpretedType") for item in observed), "")
    return Roi(number, name, contours, interpreted_type, _color(drawn, name, found))


def _contours(drawn: list[Dataset], name: str, path: Path, found: list[Finding]) -> tuple[Contour, ...]:
    items = [item for roi in drawn for item in items_of(roi, "ContourSequence")]
    try:
        points_mm = read_points_mm(items)
    except ContourDataError as error:
        raise InputFileError(
            f"{path}: ROI {name!r}, contour {error.contour + 1}: {error}; export the structure set again"
        ) from error
    _check_counts(items, points_mm, name, found)
    offset = sum(bool(np.any(read_numbers(item, "ContourOffsetVector"))) for item in items)
    if offset:
        message = f"{offset} of {len(items)} contours have an offset vector, which DICOM has retired; it is not applied"
        found.append(Finding("contour-offset", message, subject=name))
    return tuple(
        Contour(points, text(item, "ContourGeometricType"), _image_uid(item))
        for item, points in zip(items, points_mm, strict=True)
    )


def _check_counts(
    items: list[Dataset], points_mm: Sequence[NDArray[np.float64]], name: str, found: list[Finding]
) -> None:
    declared = [text(item, "NumberOfContourPoints") for item in items]
    wrong = [
        (count, len(points))
        for count, points in zip(declared, points_mm, strict=True)
        if count and count != str(len(points))
    ]
    if wrong:
        count, points = wrong[0]
        message = (
            f"{len(wrong)} of {len(items)} contours declare another number of points than they have, the first {count} "
            f"instead of {points}; those they have are taken"
        )
        found.append(Finding("point-count-differs", message, subject=name))


def _image_uid(item: Dataset) -> str | None:
    """The image that a contour names first, read from the bytes where they are still at hand."""
    stored = stored_bytes(item, "ContourImageSequence")
    if stored is not None:
        match = FIRST_INSTANCE_UID.search(stored)
        # A UID that an anonymiser replaced by a word, or by one with letters in it, is left to pydicom.
        if match and ord(match[1] or match[2]) - len(match[3]) in (0, 1):
            return match[3].decode("ascii")
    images = items_of(item, "ContourImageSequence")
    return next((uid for image in images if (uid := text(image, "ReferencedSOPInstanceUID"))), None)


def _color(drawn: list[Dataset], name: str, found: list[Finding]) -> tuple[int, int, int] | None:
    for item in drawn:
        if not text(item, "ROIDisplayColor"):
            continue
        with suppress(NotUnderstood):
            values = read_numbers(item, "ROIDisplayColor")
            if values.size == 3 and values.min() >= 0 and values.max() <= 255:
                red, green, blue = (int(value) for value in values)
                return red, green, blue
        found.append(Finding("color-odd", "its display colour is not three numbers from 0 to 255", "note", name))
    return None


def _note_the_whole(rois: tuple[Roi, ...], path: Path, found: list[Finding]) -> None:
    """What shows only over all ROIs: names used twice, contours that name no image."""
    for name, count in Counter(roi.name for roi in rois).items():
        if count > 1:
            found.append(Finding("roi-name-twice", f"{count} ROIs are called {name!r}", subject=path.name))
    contours = [contour for roi in rois for contour in roi.contours]
    unplaced = sum(contour.image_uid is None for contour in contours)
    if unplaced:
        message = f"{unplaced} of {len(contours)} contours name no image; their positions decide the slice"
        found.append(Finding("reference-missing", message, "note", path.name))
