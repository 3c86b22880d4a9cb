"""ImagedCases: the cases whose CT is known, read one at a time for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import Finding, RtContourError
from rtcontour.evaluation.inputs import Pair, Reading, read_hu, read_pair
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@dataclass(frozen=True, eq=False)
class ImagedCase:
    """A CT with the contours of the evaluated method and those of the truth."""

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
        predicted, truth = read_pair(self.pairs[case], self.reading)
        files = self.pairs[case][1]
        found: list[Finding] = []
        try:
            hu, grid = read_hu(files, findings=found)
        except RtContourError as error:
            self._leave_out(case, f"its CT cannot be used: {error}")
            return None
        self.findings += found
        drawn = next(iter([*truth.values(), *predicted.values()]), None)
        if drawn and not drawn.grid.matches(grid):
            self._leave_out(case, f"{files.image} is on another grid than the contours in {files.path}")
            return None
        return ImagedCase(hu, grid, predicted, truth)

    def _leave_out(self, case: str, reason: str) -> None:
        self.findings.append(Finding("picture-left-out", f"no picture of this case: {reason}", subject=case))
