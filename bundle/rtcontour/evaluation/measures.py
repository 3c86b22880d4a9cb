"""The measures of an evaluation: how each is headed, in which unit, how many decimals, and when it is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtcontour.evaluation.in_print import number

Better = Literal["higher", "lower", "near zero", "neither"]


@dataclass(frozen=True)
class Measure:
    """One attribute of `StructureScores` as tables and figures show it.

    Attributes:
        name: the attribute.
        heading: for people, without the unit.
        unit: "mm" or "cc", "" for a share.
        decimals: how many are printed.
        better: which values are the better ones.
        definition: one or two sentences; docs/metrics.md has the whole.
    """

    name: str
    heading: str
    unit: str
    decimals: int
    better: Better
    definition: str

    @property
    def heading_with_unit(self) -> str:
        """Such as HD95, mm."""
        return f"{self.heading}, {self.unit}" if self.unit else self.heading

    def in_print(self, value: float | None) -> str:
        """The value with the measure's decimals; a dash where there is none."""
        return number(value, self.decimals)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("dice", "Dice", "", 3, "higher", "Twice the common volume over the sum of both volumes (Dice 1945)."),
        Measure(
            "msd_mm",
            "MSD",
            "mm",
            2,
            "lower",
            "Mean surface distance: for each surface voxel of one mask the distance to the nearest surface voxel of "
            "the other, averaged; the same the other way; the mean of the two averages (Sartor 2020).",
        ),
        Measure(
            "hd95_mm",
            "HD95",
            "mm",
            2,
            "lower",
            "95th percentile of the surface distances of each direction; the larger of the two.",
        ),
        Measure(
            "hd95_pooled_mm",
            "HD95 pooled",
            "mm",
            2,
            "lower",
            "95th percentile of the surface distances of both directions together (Geng 2024).",
        ),
        Measure("hd_mm", "HD", "mm", 2, "lower", "Hausdorff distance: the largest of all surface distances."),
        Measure(
            "surface_dice",
            "Surface Dice",
            "",
            3,
            "higher",
            "Share of both surfaces, by area of the marching-cubes elements, that lies within the structure's "
            "tolerance of the other surface (Nikolov 2021).",
        ),
        Measure("sensitivity", "Sensitivity", "", 3, "higher", "Share of the true volume that was predicted."),
        Measure(
            "specificity",
            "Specificity",
            "",
            4,
            "higher",
            "Share of what is not the structure, in the whole image, that was left free.",
        ),
        Measure("precision", "Precision", "", 3, "higher", "Share of the predicted volume that is true."),
        Measure(
            "volume_cc", "Volume", "cc", 1, "neither", "Predicted volume: number of voxels times the volume of one."
        ),
        Measure("truth_volume_cc", "True volume", "cc", 1, "neither", "The same of the truth."),
        Measure("volume_error", "Volume error", "", 3, "near zero", "Predicted volume over the true one, minus 1."),
        Measure(
            "added_path_length_mm",
            "Added path",
            "mm",
            0,
            "lower",
            "Boundary pixels of the truth that the prediction does not have, times the mean pixel spacing "
            "(Vaassen 2020).",
        ),
        Measure("centroid_shift_mm", "Centroid shift", "mm", 2, "lower", "Distance between the centres of mass."),
        Measure(
            "lateral_bias_mm",
            "Lateral bias",
            "mm",
            2,
            "near zero",
            "How far the predicted centre of mass lies to the patient's left of the true one.",
        ),
        Measure("ap_bias_mm", "AP bias", "mm", 2, "near zero", "The same towards posterior."),
        Measure("si_bias_mm", "SI bias", "mm", 2, "near zero", "The same towards superior."),
    )
}
