"""How this clinic contours: margins, hand jitter from slice to slice, and structures it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter1d

from rtcontour.mask import Mask

STYLES = {"tight": -0.8, "faithful": 0.0, "generous": 1.3}  # mean shift of the contour in mm
LEFT_OUT = {
    "CTVn": 0.15,
    "Bag_Bowel": 0.1,
    "CTV": 0.3,
    "Bowel_Small": 0.3,
    "Rectum": 0.1,
    "Bladder": 0.03,
    "Femur_Head_L": 0.04,
    "Femur_Head_R": 0.04,
    "External": 0.2,
    "BrachialPlexs": 0.7,
    "Glnd_Sublings": 0.6,
    "Musc_Constrict": 0.45,
    "Pituitary": 0.4,
    "Glnd_Thyroid": 0.4,
    "Lobe_Temporal_L": 0.35,
    "Lobe_Temporal_R": 0.35,
    "Glnd_Submand_L": 0.35,
    "Glnd_Submand_R": 0.35,
    "OpticChiasm": 0.3,
    "Ear_L": 0.3,
    "Ear_R": 0.3,
    "Trachea": 0.3,
    "Joint_TM_L": 0.3,
    "Joint_TM_R": 0.3,
    "OpticNrv_L": 0.25,
    "OpticNrv_R": 0.25,
    "Cavity_Oral": 0.25,
    "Lens_L": 0.2,
    "Lens_R": 0.2,
    "Eye_L": 0.12,
    "Eye_R": 0.12,
    "Larynx": 0.15,
    "Bone_Mandible": 0.1,
    "Parotid_L": 0.06,
    "Parotid_R": 0.06,
    "Brainstem": 0.05,
    "SpinalCord": 0.03,
}
LEFT_OUT_WITHOUT_CONTRAST = {"CTVn": 0.45}


@dataclass(frozen=True)
class Habit:
    """A clinic's contouring style.

    Attributes:
        style: "tight" | "faithful" | "generous".
        shift_mm: mean outward shift.
        jitter_mm: standard deviation of the shift from slice to slice.
        left_out: names of structures not contoured.
    """

    style: str
    shift_mm: float
    jitter_mm: float
    left_out: frozenset[str]


def draw_habit(rng: np.random.Generator, names: list[str], contrast: bool) -> Habit:
    """Draw a style and what is left out; nodal volumes are left out more often without contrast."""
    style = str(rng.choice(list(STYLES), p=[0.2, 0.55, 0.25]))
    chance = LEFT_OUT | ({} if contrast else LEFT_OUT_WITHOUT_CONTRAST)
    complete = rng.random() < 0.5
    left_out = {name for name in names if rng.random() < chance.get(name, 0.0) and (name == "CTVn" or not complete)}
    shift = STYLES[style] + rng.normal(0, 0.3)
    return Habit(style, float(shift), float(rng.uniform(0.1, 0.6)), frozenset(left_out))


def contour_by_habit(truth: Mapping[str, Mask], habit: Habit, rng: np.random.Generator) -> dict[str, Mask]:
    """The structures as this clinic draws them, without those it leaves out."""
    drawn = {}
    for name, mask in truth.items():
        noise = gaussian_filter1d(rng.normal(0, 1, max(mask.voxels.shape[2], 1)), 1.0, mode="nearest") * 1.9
        if name in habit.left_out:
            continue
        shift = np.zeros_like(noise) if name == "External" else habit.shift_mm + habit.jitter_mm * noise
        drawn[name] = _shifted(mask, shift)
    return drawn


def _shifted(mask: Mask, shift_mm: NDArray[np.float64]) -> Mask:
    """Every slice grown or shrunk in its plane by its own distance."""
    if mask.voxel_count == 0 or not np.any(shift_mm):
        return mask
    room = int(np.ceil(max(0.0, float(shift_mm.max())) / min(mask.grid.spacing_mm[:2]))) + 1
    low = np.maximum(np.array(mask.start[:2]) - room, 0)
    high = np.minimum(np.array(mask.start[:2]) + mask.voxels.shape[:2] + room, mask.grid.shape[:2])
    wide = np.zeros((*(high - low), mask.voxels.shape[2]), np.bool_, order="F")
    at = np.array(mask.start[:2]) - low
    wide[at[0] : at[0] + mask.voxels.shape[0], at[1] : at[1] + mask.voxels.shape[1]] = mask.voxels
    for k in np.flatnonzero(wide.any(axis=(0, 1))):
        wide[:, :, k] = _grown(wide[:, :, k], float(shift_mm[k]), mask.grid.spacing_mm[:2])
    return Mask(mask.grid, (int(low[0]), int(low[1]), mask.start[2]), wide)


def _grown(inside: NDArray[np.bool_], by_mm: float, spacing_mm: tuple[float, ...]) -> NDArray[np.bool_]:
    """Half a voxel is the edge: a shift below that still moves pixels whose centre is near enough."""
    half = min(spacing_mm) / 2
    if by_mm > 0:
        return distance_transform_edt(~inside, sampling=spacing_mm) - half < by_mm
    kept = distance_transform_edt(inside, sampling=spacing_mm) - half >= -by_mm
    return kept if kept.any() else inside
