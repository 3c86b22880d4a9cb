"""Reading: both sides of a comparison, read in one way and brought to one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtcontour.errors import Finding, GeometryError
from rtcontour.evaluation.inputs.case import CaseFiles, ContouredCase
from rtcontour.evaluation.inputs.pairs import Pair
from rtcontour.evaluation.inputs.read import Structures, describe_grid, read_case
from rtcontour.evaluation.inputs.resample import has_same_voxels, resample_mask
from rtcontour.mask import Mask


@dataclass(frozen=True)
class Reading:
    """How cases are read.

    Attributes:
        resample: put predictions on the grid of the truth where that is another, a finding; False is an error then.
            The same voxels in another order are put in that of the truth in any case.
        ignore_frame_of_reference: go on where an RTSTRUCT and its CT are in different frames of reference.
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
        """The predicted masks on the truth's grid, and a finding where they had to be reordered or resampled.

        Raises:
            GeometryError: the grids differ, and `resample` is False.
        """
        if predicted.grid.matches(truth.grid):
            return predicted.masks, []
        found, expected = describe_grid(predicted.grid), describe_grid(truth.grid)
        reordered = has_same_voxels(predicted.grid, truth.grid)
        if not (reordered or self.resample):
            raise GeometryError(
                f"{predicted.files.path}: is not on the grid of {truth.files.path}: found {found}, expected "
                f"{expected}; predict on the truth's grid, or say --resample"
            )
        masks = {name: resample_mask(mask, truth.grid) for name, mask in predicted.masks.items()}
        if reordered:
            message = (
                f"the prediction has the voxels of the truth in another order ({found}) and was put in the truth's"
            )
            return masks, [Finding("prediction-reoriented", message, "note", truth.files.name)]
        message = f"the prediction was resampled from {found} to the truth's grid, {expected}, by nearest neighbour"
        return masks, [Finding("prediction-resampled", message, subject=truth.files.name)]


def read_pair(pair: Pair, reading: Reading) -> tuple[dict[str, Mask], dict[str, Mask]]:
    """The predicted masks of a case on the truth's grid, and the masks of the structures that the truth contoured.

    Raises:
        RtContourError: what `read_case` raises, or another grid that is not to be resampled.
    """
    predicted, truth = (reading.read(files) for files in pair)
    masks, _ = reading.on_grid_of(truth, predicted)
    return dict(masks), {name: mask for name, mask in truth.masks.items() if name in truth.annotated}
