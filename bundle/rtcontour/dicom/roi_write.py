"""The items that one ROI needs in a structure set: definition, contours, observation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from pydicom.dataset import Dataset

from rtcontour.contours import FARTHEST_MM, Contour
from rtcontour.dicom.algorithm import Algorithm, describe_algorithm
from rtcontour.dicom.contour_items import contour_sequence
from rtcontour.dicom.coordinates import read_numbers
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.dicom_file import text
from rtcontour.errors import Finding, GeometryError, StructureNameError
from rtcontour.structures import Code, Structure, structure_or_fallback

KINDS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "INTERPOLATED_PLANAR", "OPEN_PLANAR", "OPEN_NONPLANAR", "POINT")
LONGEST_NAME = 64  # ROI Name is an LO
LONGEST_LABEL = 16  # ROI Observation Label and Structure Set Label are SH


def add_roi(
    dataset: Dataset,
    name: str,
    contours: Sequence[Contour],
    ct: CtGeometry,
    frame_uid: str,
    algorithm: Algorithm | None,
    found: list[Finding],
) -> None:
    """Append one ROI to the three sequences of a structure set, under fresh numbers.

    Colour, interpreted type and codes come from the structure that the name means. Without contours it is an ROI
    without contours.

    Source: DICOM PS3.3 C.8.8.5, C.8.8.6, C.8.8.8.
    """
    definitions, observations = dataset.StructureSetROISequence, dataset.RTROIObservationsSequence
    number = _next_number(definitions, "ROINumber", dataset.ROIContourSequence, observations)
    structure = structure_or_fallback(name)
    written_name = _fitting_name(name, [text(item, "ROIName") for item in definitions], found)
    observation = _observation(number, written_name, structure, found)
    observation.ObservationNumber = _next_number(observations, "ObservationNumber")
    definitions.append(_definition(number, written_name, frame_uid, algorithm))
    dataset.ROIContourSequence.append(_drawing(number, list(structure.color), contours, ct))
    observations.append(observation)


def replace_roi(
    dataset: Dataset,
    name: str,
    contours: Sequence[Contour],
    ct: CtGeometry,
    algorithm: Algorithm | None,
    found: list[Finding],
) -> None:
    """Give the ROI of this name new contours; its number, colour, type and observations stay.

    Raises:
        StructureNameError: several ROIs have this name.
    """
    same = [item for item in dataset.StructureSetROISequence if text(item, "ROIName") == name]
    if len(same) > 1:
        raise StructureNameError(
            f"{len(same)} ROIs of the structure set to extend are called {name!r}, so none of them can be replaced; "
            "rename one, or write the new one under a name of its own"
        )
    number = int(read_numbers(same[0], "ROINumber")[0])
    drawn = [item for item in dataset.ROIContourSequence if _number_of(item, "ReferencedROINumber") == number]
    others = [item for item in dataset.ROIContourSequence if _number_of(item, "ReferencedROINumber") != number]
    color = next((item.ROIDisplayColor for item in drawn if text(item, "ROIDisplayColor")), None)
    color = list(structure_or_fallback(name).color) if color is None else color
    dataset.ROIContourSequence = [*others, _drawing(number, color, contours, ct)]
    _declare_generation(same[0], algorithm)
    found.append(Finding("roi-replaced", "its contours in the structure set extended are replaced", "note", name))


def roi_names(dataset: Dataset) -> set[str]:
    """The names of the ROIs that a structure set has."""
    return {text(item, "ROIName") for item in dataset.StructureSetROISequence}


def check_contours(name: str, contours: Sequence[Contour]) -> None:
    """Make sure that contours can be written as they are.

    Raises:
        GeometryError: a contour of a type that DICOM does not have, or whose points are no (n, 3) positions.
    """
    for number, contour in enumerate(contours, start=1):
        points = np.asarray(contour.points_mm)
        if contour.kind not in KINDS:
            problem = f"is of type {contour.kind!r}, expected one of {', '.join(KINDS)}"
        elif points.ndim != 2 or points.shape[1] != 3 or not len(points):
            problem = f"has points of shape {points.shape}, expected (n, 3) with n of 1 or more"
        elif not np.all(np.abs(points) <= FARTHEST_MM):
            problem = "has a coordinate that is no position of a patient in mm"
        else:
            continue
        raise GeometryError(f"ROI {name!r}, contour {number}: {problem}; correct it or leave it out")


def shortened(label: str, what: str, found: list[Finding]) -> str:
    """A label of at most 16 characters; what is cut off is a finding."""
    if len(label) <= LONGEST_LABEL:
        return label
    short = label[:LONGEST_LABEL].strip()
    message = f"{what} is written as {short!r}: DICOM allows {LONGEST_LABEL} characters"
    found.append(Finding("label-shortened", message, "note", label))
    return short


def printable(text: str) -> str:
    """Text as DICOM allows it in one line: without backslash and control characters, and without blanks around it."""
    return "".join(c if c.isprintable() and c != "\\" else "_" for c in text).strip()


def _next_number(items: Collection[Dataset], keyword: str, *referring: Collection[Dataset]) -> int:
    """A number that no item has, and none refers to: a file may hold contours of an ROI that it does not define."""
    taken = [_number_of(item, keyword) for item in items]
    taken += [_number_of(item, "ReferencedROINumber") for items in referring for item in items]
    return 1 + max((number for number in taken if number is not None), default=0)


def _number_of(item: Dataset, keyword: str) -> int | None:
    numbers = read_numbers(item, keyword)
    return int(numbers[0]) if numbers.size == 1 else None


def _fitting_name(name: str, taken: Collection[str], found: list[Finding]) -> str:
    """The name as an ROI name may be: 64 characters without backslash or control characters, and not used yet."""
    allowed = printable(name)
    if not allowed:
        raise StructureNameError("a mask has an empty name; expected the name of its ROI: give it one")
    fitting, copy = allowed[:LONGEST_NAME].strip(), 1
    while fitting in taken:
        copy += 1
        fitting = f"{allowed[: LONGEST_NAME - len(f'_{copy}')].strip()}_{copy}"
    if fitting != name:
        found.append(Finding("roi-renamed", f"is written as {fitting!r}: long, unsafe or used already", subject=name))
    return fitting


def _definition(number: int, name: str, frame_uid: str, algorithm: Algorithm | None) -> Dataset:
    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = frame_uid
    item.ROIName = name
    _declare_generation(item, algorithm)
    return item


def _declare_generation(item: Dataset, algorithm: Algorithm | None) -> None:
    item.ROIGenerationAlgorithm = "AUTOMATIC"
    for keyword in ("ROIGenerationDescription", "ROIDerivationAlgorithmIdentificationSequence"):
        if keyword in item:
            delattr(item, keyword)
    if algorithm is not None:
        describe_algorithm(item, algorithm)


def _drawing(number: int, color: Sequence[int], contours: Sequence[Contour], ct: CtGeometry) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = number
    item.ROIDisplayColor = list(color)
    if contours:  # an empty sequence is no valid way to say "none"
        item.add(contour_sequence(contours, ct))
    return item


def _observation(number: int, name: str, structure: Structure, found: list[Finding]) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = number
    item.ROIObservationLabel = shortened(name, "its observation label", found)
    item.RTROIInterpretedType = structure.interpreted_type
    item.ROIInterpreter = ""
    if structure.codes:
        anatomy, *modifiers = (_code(code) for code in structure.codes)
        if modifiers:
            anatomy.SegmentedPropertyTypeModifierCodeSequence = modifiers
        item.RTROIIdentificationCodeSequence = [anatomy]
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item
