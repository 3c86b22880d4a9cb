"""Algorithm: which program and which model made the ROIs of a structure set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

import rtcontour

LONGEST_LINE = 64  # LO


@dataclass(frozen=True)
class Algorithm:
    """What contoured, as DICOM records it with every ROI.

    Attributes:
        name: of the model, such as "pelvis_fcn".
        version: of the model.
        weights_hash: SHA-256 of the weights, hexadecimal.
    """

    name: str
    version: str = ""
    weights_hash: str = ""


def describe_algorithm(item: Dataset, algorithm: Algorithm) -> None:
    """Add program, model, version and hash to an item of the Structure Set ROI Sequence.

    In one line for people, and in the standard's place for software: family "Artificial Intelligence" (CID 7162).

    Source: DICOM PS3.3 C.8.8.5 and table 10-19, Algorithm Identification.
    """
    item.ROIGenerationDescription = ", ".join(_parts(algorithm))[:LONGEST_LINE].strip(", ")
    family = Dataset()
    family.CodeValue = "123110"
    family.CodingSchemeDesignator = "DCM"
    family.CodeMeaning = "Artificial Intelligence"
    derivation = Dataset()
    derivation.AlgorithmFamilyCodeSequence = [family]
    derivation.AlgorithmName = algorithm.name[:LONGEST_LINE]
    derivation.AlgorithmVersion = (algorithm.version or rtcontour.__version__)[:LONGEST_LINE]
    if algorithm.weights_hash:
        derivation.AlgorithmParameters = f"weights sha256 {algorithm.weights_hash}"
    derivation.AlgorithmSource = f"rtcontour {rtcontour.__version__}"
    item.ROIDerivationAlgorithmIdentificationSequence = [derivation]


def _parts(algorithm: Algorithm) -> Iterator[str]:
    yield f"rtcontour {rtcontour.__version__}"
    yield f"{algorithm.name} {algorithm.version}".strip()
    if algorithm.weights_hash:
        yield f"weights {algorithm.weights_hash[:12]}"
