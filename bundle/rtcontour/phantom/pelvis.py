"""draw_pelvis: one synthetic patient, CT and structures, from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.body import body_reach, paint_body
from rtcontour.phantom.bones import paint_bones
from rtcontour.phantom.bowel import paint_bowel
from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.femurs import femoral_head
from rtcontour.phantom.habits import contour_by_habit, draw_habit
from rtcontour.phantom.muscles import paint_muscles, paint_spaces
from rtcontour.phantom.organs import paint_organs
from rtcontour.phantom.patient import Patient, draw_patient, stream
from rtcontour.phantom.pose import Pose, draw_pose
from rtcontour.phantom.scanner import draw_scanner, scan
from rtcontour.phantom.vessels import paint_plexus, paint_vessels

PROTOCOLS = [  # spacing in mm and how often
    ((0.9765625, 0.9765625, 2.5), 0.2),
    ((0.9765625, 0.9765625, 3.0), 0.3),
    ((0.9765625, 0.9765625, 5.0), 0.2),
    ((1.26953125, 1.26953125, 5.0), 0.2),
    ((1.171875, 1.171875, 3.0), 0.1),
]
NEAREST_MM = np.array([170.0, 130.0])  # of the body, half width and depth, that are kept in the field of view
THICK_SLICE_MM = 4.0  # from here on, slices are sampled twice


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic patient.

    Attributes:
        seed: the same seed gives the same patient.
        grid: the CT's voxels; head first supine, so +x is the patient's left.
        hu: int16, grid.shape, Fortran-ordered.
        masks: the exact truth by TG-263 name; structures may overlap.
        contoured: the same as this clinic drew them, without those it left out.
        description: plain values that tell the draw: contrast, spacing_mm, style, bladder_cc, ...
    """

    seed: int
    grid: Grid
    hu: NDArray[np.int16]
    masks: dict[str, Mask]
    contoured: dict[str, Mask]
    description: dict[str, object]


def draw_pelvis(
    seed: int,
    *,
    spacing_mm: tuple[float, float, float] | None = None,
    slices: int | None = None,
    columns_rows: tuple[int, int] | None = None,
    contrast: bool | None = None,
) -> Phantom:
    """Draw a patient from a seed: anatomy, scan and contours.

    Args:
        seed: everything left None below is drawn from it.
        spacing_mm: voxel size along i, j, k.
        slices: how many; they stay around the femoral heads and bladder.
        columns_rows: matrix, 512 x 512 by default; a small one at a large spacing draws quickly.
        contrast: intravenous contrast.

    Returns:
        The phantom; structures outside of the slices drawn are empty masks.
    """
    patient = draw_patient(seed, contrast=contrast)
    rng = stream(seed, "scan")
    grid, origin = _draw_grid(rng, spacing_mm, slices, columns_rows)
    pose = draw_pose(rng, origin, patient.scale)
    stride = 2 if grid.spacing_mm[2] >= THICK_SLICE_MM else 1
    start, canvas = _canvas(grid, patient, pose, stride, stream(seed, "texture"))
    truth = _paint(canvas, patient)
    scanner = draw_scanner(rng)
    back = _back_mm(truth["External"], start, grid)
    hu = scan(canvas.hu, stride, start, grid, scanner, back, stream(seed, "noise"))
    masks = {name: _to_mask(mask, stride, start, grid) for name, mask in truth.items()}
    habit = draw_habit(stream(seed, "habit"), list(masks), patient.contrast)
    contoured = contour_by_habit(masks, habit, stream(seed, "hand"))
    description = {
        "male": patient.male,
        "contrast": patient.contrast,
        "spacing_mm": grid.spacing_mm,
        "slices": grid.shape[2],
        "style": habit.style,
        "shift_mm": round(habit.shift_mm, 2),
        "left_out": sorted(habit.left_out),
        "bladder_cc": round(masks["Bladder"].volume_cc, 1),
        "fat_mm": round(patient.fat_mm, 1),
        "couch": scanner.couch,
        "noise_hu": round(scanner.noise_hu, 1),
    }
    return Phantom(seed, grid, hu, masks, contoured, description)


def _draw_grid(
    rng: np.random.Generator,
    spacing_mm: tuple[float, float, float] | None,
    slices: int | None,
    columns_rows: tuple[int, int] | None,
) -> tuple[Grid, NDArray[np.float64]]:
    """The voxels, and where the anatomical origin (between the femoral heads) lies."""
    drawn = PROTOCOLS[rng.choice(len(PROTOCOLS), p=[share for _, share in PROTOCOLS])][0]
    spacing = drawn if spacing_mm is None else spacing_mm
    columns, rows = columns_rows or (512, 512)
    below = rng.choice([rng.uniform(60, 110), rng.uniform(110, 185)], p=[0.7, 0.3])
    above = rng.choice([rng.uniform(75, 140), rng.uniform(140, 205)], p=[0.6, 0.4])
    count = slices or int((below + above) / spacing[2])
    if slices is not None:
        below = min(below, 0.42 * slices * spacing[2])
    half = np.array([columns * spacing[0], rows * spacing[1]]) / 2
    room = np.maximum(half - NEAREST_MM, 0)
    wish = np.array([rng.normal(0, 12), rng.uniform(-20, 90)])
    centre = np.clip(wish, -room, room)
    origin = (-half[0] + spacing[0] / 2, -half[1] + spacing[1] / 2, float(np.round(rng.uniform(-1300, 300))))
    return Grid((columns, rows, count), spacing, origin), np.array([*centre, origin[2] + below])


def _canvas(
    grid: Grid, patient: Patient, pose: Pose, stride: int, rng: np.random.Generator
) -> tuple[tuple[int, int, int], Canvas]:
    """Samples of the box around the body, and the index of the first one in the grid."""
    low_mm, high_mm = body_reach(patient)
    spacing, origin = np.asarray(grid.spacing_mm), np.asarray(grid.origin_mm)
    low = np.floor((pose.centre_mm[:2] + low_mm - origin[:2]) / spacing[:2]).clip(0, None)
    high = np.ceil((pose.centre_mm[:2] + high_mm - origin[:2]) / spacing[:2]).clip(None, grid.shape[:2])
    start = (int(low[0]), int(low[1]), 0)
    step = spacing / (1, 1, stride)
    start_mm = origin + start * spacing - (0, 0, (stride - 1) * step[2])
    shape = (int(high[0] - low[0]), int(high[1] - low[1]), grid.shape[2] * stride + stride - 1)
    return start, Canvas.over(pose, start_mm, step, shape, rng)


def _paint(canvas: Canvas, patient: Patient) -> dict[str, NDArray[np.bool_]]:
    """Paint the patient from the skin inwards; gives the truth on the canvas."""
    body = paint_body(canvas, patient)
    paint_spaces(canvas, patient)
    muscle = paint_muscles(canvas, patient)
    paint_plexus(canvas, patient)
    organs = paint_organs(canvas, patient)
    bones = paint_bones(canvas, patient)
    vessels = paint_vessels(canvas, patient)
    external = body.skin < 0
    solid = muscle | bones.mask
    bowel = paint_bowel(canvas, patient, body, organs, solid | vessels.mask)
    cut = float(stream(patient.seed, "neck").uniform(0.62, 0.85))
    return {
        "Femur_Head_L": femoral_head(canvas, bones.femur_left, cut),
        "Femur_Head_R": femoral_head(canvas, bones.femur_right, cut),
        "Bladder": organs.bladder & ~bones.mask,
        "Bag_Bowel": bowel.bag,
        "CTVn": vessels.nodal_region & ~solid & ~organs.bladder & external,
        "CTV": (organs.mesorectum | organs.rectum) & ~solid,
        "Bowel_Small": bowel.small_bowel,
        "Rectum": organs.rectum & ~bones.mask,
        "External": external,
    }


def _back_mm(external: NDArray[np.bool_], start: tuple[int, int, int], grid: Grid) -> float:
    """Scanner y of the lowest point of the patient, who lies on it."""
    rows = np.flatnonzero(external.any(axis=(0, 2)))
    return grid.origin_mm[1] + (start[1] + (rows[-1] if rows.size else 0)) * grid.spacing_mm[1]


def _to_mask(samples: NDArray[np.bool_], stride: int, start: tuple[int, int, int], grid: Grid) -> Mask:
    """The samples at the slice centres as a mask of the grid."""
    centred = samples[:, :, 1:-1:2] if stride == 2 else samples
    full = np.zeros(grid.shape, np.bool_, order="F")
    full[start[0] : start[0] + centred.shape[0], start[1] : start[1] + centred.shape[1]] = centred
    return Mask.from_array(full, grid)
