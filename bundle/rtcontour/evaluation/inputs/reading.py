"""Reading: both sides of a comparison, read in one way and brought to one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtcontour.errors import Finding, GeometryError
from rtcontour.evaluation.inputs.case import CaseFiles, ContouredCase
from rtcontour.evaluation.inputs.describe import describe_grid, tell_apart
from rtcontour.evaluation.inputs.pairs import Pair
from rtcontour.evaluation.inputs.read import Structures, read_case
from rtcontour.evaluation.inputs.resample import has_same_voxels, resample_mask
from rtcontour.mask import Mask


@dataclass(frozen=True)
class Reading:
    """How cases are read.

    Attributes:
        resample: put predictions on the grid of the truth where that is another, a finding; False is an error then.
            The same voxels in another order are put in that of the truth in any case.
        ignore_frame_of_reference: go on where an RTSTRUCT and its CT, or the two sides, are in different frames of
            reference.
        structures: a recipe's structures, unions too; None for every structure under its own name.
    """

    resample: bool = False
    ignore_frame_of_reference: bool = False
    structures: Structures | None = None

    def __post_init__(self) -> None:
        if self.structures is not None:
            object.__setattr__(self, "structures", tuple(self.structures))  # looked at for every case

    def read(self, files: CaseFiles) -> ContouredCase:
        """One case.

        Raises:
            RtContourError: what `read_case` raises.
        """
        return read_case(files, ignore_frame_of_reference=self.ignore_frame_of_reference, structures=self.structures)

    def on_grid_of(self, truth: ContouredCase, predicted: ContouredCase) -> tuple[Mapping[str, Mask], list[Finding]]:
        """The predicted masks on the truth's grid, and what was odd about the pair, such as that it was resampled.

        Raises:
            GeometryError: the frames of reference or the grids differ, and that is not to be ignored or resampled.
        """
        odd = self._compare_origins(truth, predicted)
        if predicted.grid.matches(truth.grid):
            return predicted.masks, odd
        reordered = has_same_voxels(predicted.grid, truth.grid)
        if not (reordered or self.resample):
            raise GeometryError(
                f"{predicted.files.path}: is not on the grid of {truth.files.path}: "
                f"{tell_apart(predicted.grid, truth.grid)}; predict on the truth's grid, or say --resample"
            )
        masks = {name: resample_mask(mask, truth.grid) for name, mask in predicted.masks.items()}
        found, expected = describe_grid(predicted.grid), describe_grid(truth.grid)
        if reordered:
            message = (
                f"the prediction has the voxels of the truth in another order ({found}) and was put in the truth's"
            )
            return masks, [*odd, Finding("prediction-reoriented", message, "note", truth.files.name)]
        message = f"the prediction was resampled from {found} to the truth's grid, {expected}, by nearest neighbour"
        return masks, [*odd, Finding("prediction-resampled", message, subject=truth.files.name)]

    def _compare_origins(self, truth: ContouredCase, predicted: ContouredCase) -> list[Finding]:
        """What says that the two sides are not of one scan, where both tell. Equal grids prove nothing."""
        findings = []
        found, expected = predicted.frame_of_reference_uid, truth.frame_of_reference_uid
        if found and expected and found != expected:
            where = f"its frame of reference is {found}, that of {truth.files.path} is {expected}"
            if not self.ignore_frame_of_reference:
                raise GeometryError(
                    f"{predicted.files.path}: {where}; compare contours of one CT, or say --ignore-frame-of-reference "
                    "if the coordinates are known to agree"
                )
            message = f"{predicted.files.path.name}: {where}"
            findings.append(Finding("frame-of-reference-ignored", message, subject=truth.files.name))
        if predicted.patient_id and truth.patient_id and predicted.patient_id != truth.patient_id:
            message = "prediction and truth have different Patient IDs; check that the two belong together"
            findings.append(Finding("patients-differ", message, subject=truth.files.name))
        return findings


def read_pair(pair: Pair, reading: Reading) -> tuple[dict[str, Mask], dict[str, Mask]]:
    """The predicted masks of a case on the truth's grid, and the masks of the structures that the truth contoured.

    Raises:
        RtContourError: what `read_case` raises, or another grid that is not to be resampled.
    """
    predicted, truth = (reading.read(files) for files in pair)
    masks, _ = reading.on_grid_of(truth, predicted)
    return dict(masks), {name: mask for name, mask in truth.masks.items() if name in truth.annotated}
