"""ImagedCases: the cases whose CT is known, read one at a time for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import Finding, RtContourError
from rtcontour.evaluation.inputs import Pair, Reading, check_image, read_hu, read_pair
from rtcontour.evaluation.orientation import patient_order, turn_array, turn_grid, turn_masks
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@dataclass(frozen=True, eq=False)
class ImagedCase:
    """A CT with the contours of the evaluated method and those of the truth.

    However the CT is stored, i runs to the patient's left, j to the back and k to the head, as pictures show it.
    """

    hu: NDArray[np.int16]
    grid: Grid
    predicted: Mapping[str, Mask]
    truth: Mapping[str, Mask]


class ImagedCases:
    """Reads cases for pictures, and remembers what was odd with their CT.

    Scores need no CT, so one that cannot be read, or lies on another grid than the contours, costs pictures only.

    Args:
        pairs: case -> its predicted and its true files.
        reading: how contours are read.
    """

    def __init__(self, pairs: Mapping[str, Pair], reading: Reading) -> None:
        self.pairs = {case: pair for case, pair in pairs.items() if pair[1].image}
        self.reading = reading
        self.findings: list[Finding] = []

    def read(self, case: str) -> ImagedCase | None:
        """A case of `pairs`; None, and a finding, where its CT is of no use."""
        files = self.pairs[case][1]
        predicted, truth = read_pair(self.pairs[case], self.reading)
        grid = next(mask.grid for mask in (*truth.values(), *predicted.values()))
        found: list[Finding] = []
        try:
            check_image(files, grid)
            hu, grid = read_hu(files, findings=found)
        except RtContourError as error:
            message = f"no picture of this case, since its CT cannot be used: {error}"
            self.findings.append(Finding("picture-left-out", message, subject=case))
            return None
        self.findings += found
        order = patient_order(grid)
        return ImagedCase(
            turn_array(hu, order), turn_grid(grid, order), turn_masks(predicted, order), turn_masks(truth, order)
        )
