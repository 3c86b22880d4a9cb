"""StructureScores: what is known about one structure of one case, predicted against truth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

Outcome = Literal["compared", "missed", "false organ", "both empty", "not contoured"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
FAILURES: tuple[Outcome, ...] = ("missed", "false organ")  # nothing of the structure can be compared


@dataclass(frozen=True)
class StructureScores:
    """Scores of one structure. None where a score is not defined, never NaN.

    TP, FP, FN and TN count voxels: inside both, predicted only, truth only, neither. The surface of a mask is its
    voxels with at least one of six face neighbours outside, where beyond the volume is outside. A directed set
    holds, for each surface voxel of one mask, the distance between voxel centres to the nearest surface voxel of the
    other. Percentiles interpolate linearly.

    Attributes:
        outcome: "compared"; "missed" (truth only), "false organ" (predicted only), "both empty", or "not contoured"
            (nobody looked for it in the truth: everything but `volume_cc` is None).
        volume_cc: voxels predicted times the volume of one.
        truth_volume_cc: the same of the truth.
        volume_error: volume_cc / truth_volume_cc - 1; None where the truth is empty.
        dice: 2 TP / (2 TP + FP + FN) (Dice 1945); 0 for a missed or false organ, None where both are empty.
        sensitivity: TP / (TP + FN); None where the truth is empty.
        specificity: TN / (TN + FP) over the whole array; None where the truth fills it.
        precision: TP / (TP + FP); None where nothing is predicted.
        msd_mm: mean of the means of the two directed sets (Sartor 2020). Distances: None unless compared.
        hd_mm: Hausdorff distance, the largest of both directed sets.
        hd95_mm: larger of the two directed 95th percentiles.
        hd95_pooled_mm: 95th percentile of both directed sets together (Geng 2024).
        surface_dice: share of both surfaces within the structure's tolerance of the other (Nikolov 2021); 0 for a
            missed or false organ, None where both are empty.
        added_path_length_mm: number of truth boundary pixels that are no predicted boundary pixels, times the mean
            in-plane spacing (Vaassen 2020): the whole boundary of a missed organ, 0 for a false one.
        centroid_shift_mm: distance between the two centres of mass; None unless compared.
        lateral_bias_mm: how far the predicted centre of mass lies to the patient's left of the true one; None unless
            compared, as are the next two.
        ap_bias_mm: the same towards posterior.
        si_bias_mm: the same towards superior.
    """

    outcome: Outcome
    volume_cc: float
    truth_volume_cc: float | None = None
    volume_error: float | None = None
    dice: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None
    precision: float | None = None
    msd_mm: float | None = None
    hd_mm: float | None = None
    hd95_mm: float | None = None
    hd95_pooled_mm: float | None = None
    surface_dice: float | None = None
    added_path_length_mm: float | None = None
    centroid_shift_mm: float | None = None
    lateral_bias_mm: float | None = None
    ap_bias_mm: float | None = None
    si_bias_mm: float | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the organ was missed or invented."""
        return self.outcome in FAILURES


MEASURE_NAMES = tuple(field.name for field in fields(StructureScores) if field.name != "outcome")
