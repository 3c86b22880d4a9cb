"""Phantom: a synthetic patient with its scan, its truth and what a clinic contoured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.habits import Habit
from rtcontour.phantom.patient import Patient
from rtcontour.phantom.scanner import Scanner


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic patient.

    Attributes:
        seed: the same seed gives the same patient.
        grid: the CT's voxels; head first supine, so +x is the patient's left.
        hu: int16, grid.shape, Fortran-ordered.
        masks: the exact truth by TG-263 name; structures may overlap.
        contoured: the same as this clinic drew them, without those it left out.
        description: plain values that tell the draw: contrast, spacing_mm, style, ...
    """

    seed: int
    grid: Grid
    hu: NDArray[np.int16]
    masks: dict[str, Mask]
    contoured: dict[str, Mask]
    description: dict[str, object]


def describe(patient: Patient, grid: Grid, habit: Habit, scanner: Scanner) -> dict[str, object]:
    """Plain values that tell how a patient of any anatomy was drawn."""
    return {
        "male": patient.male,
        "contrast": patient.contrast,
        "spacing_mm": grid.spacing_mm,
        "slices": grid.shape[2],
        "style": habit.style,
        "shift_mm": round(habit.shift_mm, 2),
        "left_out": sorted(habit.left_out),
        "fat_mm": round(patient.fat_mm, 1),
        "couch": scanner.couch,
        "noise_hu": round(scanner.noise_hu, 1),
    }
