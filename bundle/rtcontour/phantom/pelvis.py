"""draw_pelvis: one synthetic patient, CT and structures, from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.phantom.body import body_reach, paint_body
from rtcontour.phantom.bones import paint_bones
from rtcontour.phantom.bowel import paint_bowel
from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.femurs import femoral_head
from rtcontour.phantom.framing import back_mm, canvas_over, sampling_stride, to_mask
from rtcontour.phantom.habits import contour_by_habit, draw_habit
from rtcontour.phantom.muscles import paint_muscles, paint_spaces
from rtcontour.phantom.organs import paint_organs
from rtcontour.phantom.patient import Patient, draw_patient, stream
from rtcontour.phantom.phantom import Phantom, describe
from rtcontour.phantom.pose import draw_pose
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
    start, canvas = canvas_over(grid, pose, body_reach(patient), stream(seed, "texture"))
    truth = _paint(canvas, patient)
    scanner = draw_scanner(rng)
    back = back_mm(truth["External"], start, grid)
    hu = scan(canvas.hu, sampling_stride(grid), start, grid, scanner, back, stream(seed, "noise"))
    masks = {name: to_mask(mask, start, grid) for name, mask in truth.items()}
    habit = draw_habit(stream(seed, "habit"), list(masks), patient.contrast)
    contoured = contour_by_habit(masks, habit, stream(seed, "hand"))
    description = describe(patient, grid, habit, scanner) | {"bladder_cc": round(masks["Bladder"].volume_cc, 1)}
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
