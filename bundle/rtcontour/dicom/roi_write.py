"""The items that one ROI needs in a structure set: definition, contours, observation."""

from __future__ import annotations

from collections.abc import Collection

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from rtcontour.contours import Contour, trace
from rtcontour.dicom.coordinates import points_element
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.errors import Finding, StructureNameError
from rtcontour.mask import Mask
from rtcontour.structures import Code, Structure, structure_or_fallback

LONGEST_NAME = 64  # ROI Name is an LO
LONGEST_LABEL = 16  # ROI Observation Label and Structure Set Label are SH


def add_roi(dataset: Dataset, name: str, mask: Mask, ct: CtGeometry, frame_uid: str, found: list[Finding]) -> None:
    """Append one ROI to the three sequences of a structure set, under fresh numbers.

    Colour, interpreted type and codes come from the structure that the name means. An empty mask becomes an ROI
    without contours.

    Source: DICOM PS3.3 C.8.8.5, C.8.8.6, C.8.8.8.
    """
    definitions, observations = dataset.StructureSetROISequence, dataset.RTROIObservationsSequence
    number = _next_number(definitions, "ROINumber")
    structure = structure_or_fallback(name)
    written_name = _fitting_name(name, [str(item.get("ROIName")) for item in definitions], found)
    observation = _observation(number, written_name, structure, found)
    observation.ObservationNumber = _next_number(observations, "ObservationNumber")
    definitions.append(_definition(number, written_name, frame_uid))
    dataset.ROIContourSequence.append(_drawing(number, structure, trace(mask), ct))
    observations.append(observation)


def shortened(label: str, what: str, found: list[Finding]) -> str:
    """A label of at most 16 characters; what is cut off is a finding."""
    if len(label) <= LONGEST_LABEL:
        return label
    short = label[:LONGEST_LABEL].strip()
    message = f"{what} is written as {short!r}: DICOM allows {LONGEST_LABEL} characters"
    found.append(Finding("label-shortened", message, "note", label))
    return short


def _next_number(items: Collection[Dataset], keyword: str) -> int:
    return 1 + max((int(item.get(keyword) or 0) for item in items), default=0)


def _fitting_name(name: str, taken: Collection[str], found: list[Finding]) -> str:
    """The name as an ROI name may be: 64 characters without backslash or control characters, and not used yet."""
    allowed = "".join(c if c.isprintable() and c != "\\" else "_" for c in name).strip()
    if not allowed:
        raise StructureNameError("a mask has an empty name; expected the name of its ROI: give it one")
    fitting, copy = allowed[:LONGEST_NAME].strip(), 1
    while fitting in taken:
        copy += 1
        fitting = f"{allowed[: LONGEST_NAME - len(f'_{copy}')].strip()}_{copy}"
    if fitting != name:
        found.append(Finding("roi-renamed", f"is written as {fitting!r}: long, unsafe or used already", subject=name))
    return fitting


def _definition(number: int, name: str, frame_uid: str) -> Dataset:
    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = frame_uid
    item.ROIName = name
    item.ROIGenerationAlgorithm = "AUTOMATIC"
    return item


def _drawing(number: int, structure: Structure, contours: tuple[Contour, ...], ct: CtGeometry) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = number
    item.ROIDisplayColor = list(structure.color)
    if contours:  # an empty sequence is no valid way to say "none"
        item.ContourSequence = [_contour(n, contour, ct) for n, contour in enumerate(contours, start=1)]
    return item


def _contour(number: int, contour: Contour, ct: CtGeometry) -> Dataset:
    k = round(float(ct.grid.to_index(contour.points_mm[:1])[0, 2]))
    item = Dataset()
    item.ContourNumber = number
    item.ContourImageSequence = [image_reference(ct.image_uids[k])]
    item.ContourGeometricType = contour.kind
    item.NumberOfContourPoints = len(contour.points_mm)
    item.add(points_element(contour.points_mm))
    return item


def image_reference(image_uid: str) -> Dataset:
    """A reference to one CT image."""
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = image_uid
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
