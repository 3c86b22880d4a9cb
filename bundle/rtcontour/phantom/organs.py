"""Bladder, rectum with its mesorectum, prostate or uterus, perineum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.patient import Patient, stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Samples

RECTUM = [
    (0, 54, -78, 9),
    (0, 48, -56, 10),
    (0, 40, -36, 12),
    (0, 46, -12, 17),
    (6, 60, 16, 18),
    (2, 66, 38, 16),
    (4, 50, 58, 14),
]
SACRAL_FRONT = [(-40, 80), (10, 89), (28, 85), (48, 74), (66, 54)]  # z -> y
WALL_MM = 3.5


@dataclass(frozen=True, eq=False)
class Organs:
    """Truth on the canvas of the organs painted here; `near_bladder` keeps the bowel a little away from it."""

    bladder: NDArray[np.bool_]
    near_bladder: NDArray[np.bool_]
    rectum: NDArray[np.bool_]
    mesorectum: NDArray[np.bool_]
    genital: NDArray[np.bool_]
    bladder_top_mm: float


def paint_organs(canvas: Canvas, patient: Patient) -> Organs:
    """Paint from posterior to anterior; what comes later pushes aside what was there."""
    rng = stream(patient.seed, "organs")
    _paint_perineum(canvas, patient, rng)
    rectum, mesorectum = _paint_rectum(canvas, patient, rng)
    genital = _paint_prostate(canvas, patient, rng) if patient.male else _paint_uterus(canvas, patient, rng)
    bladder, near, top = _paint_bladder(canvas, patient, genital, rng)
    return Organs(bladder, near, rectum & ~bladder, mesorectum & ~bladder & ~genital, genital & ~bladder, top)


def _paint_bladder(
    canvas: Canvas, patient: Patient, genital: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """An uneven ellipsoid from its neck behind the symphysis upwards, dented by the uterus or prostate behind it."""
    growth = (patient.bladder_cc / 60) ** 0.25
    a = min(34 * growth * rng.normal(1, 0.06), 56.0)
    b = min(24 * growth * rng.normal(1, 0.06), 40.0)
    c = patient.bladder_cc * 1000 / (4 / 3 * np.pi * a * b)
    neck = rng.normal(-19 if patient.male else -24, 3.5)
    centre = (float(rng.normal(0, 3)), float(max(-24.0, -66 + b) + rng.normal(0, 2)), float(neck + c))
    shape = Ellipsoid(centre, (a, b, c), float(rng.normal(8, 6)))
    box, distance = canvas.distance(shape, reach_mm=8)
    distance = distance + 2.4 * canvas.rough[box]
    dent = gaussian_filter(genital[box].astype(np.float32), 2.0 / canvas.step_mm)
    distance = np.maximum(distance, 8 * (dent - 0.5))
    wall = float(rng.uniform(2.0, 4.5) * (60 / patient.bladder_cc) ** 0.2)
    canvas.paint(box, canvas.cover(distance - 1.5) * 0.8, patient.fat_hu + 25)
    canvas.paint(box, canvas.cover(distance), patient.muscle_hu - 8)
    urine = float(rng.uniform(-4, 34)) + np.zeros_like(distance)
    if patient.contrast and rng.random() < 0.3:  # excreted contrast settles at the back
        level = centre[1] + rng.uniform(-0.3, 0.8) * b
        urine += np.clip((canvas.y[box] - level) / rng.uniform(2, 10), 0, 1) * rng.uniform(15, 260)
    canvas.paint(box, canvas.cover(distance + wall), urine)
    return _masked(canvas, box, distance < 0), _masked(canvas, box, distance < 1.8), centre[2] + c


def _paint_rectum(
    canvas: Canvas, patient: Patient, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Wall, then gas, stool or nothing along it; mesorectal fat around."""
    knots = wobbled(rng, RECTUM, 2.0)
    knots[3:, 3] *= rng.uniform(0.75, 1.3)
    tube = Chain.through(knots, 6)
    reach = float(rng.uniform(13, 18))
    box, distance = canvas.distance(tube, reach_mm=reach + 3)
    distance += 1.3 * canvas.rough[box]
    y, z = canvas.y[box], canvas.z[box]
    before_sacrum = y < np.interp(z, *np.array(SACRAL_FRONT, np.float32).T).astype(np.float32)
    meso = (distance < reach) & (z > -38) & (z < 66) & (y > 14) & before_sacrum
    canvas.paint(box, canvas.cover(np.abs(distance - reach + 4) - 0.4) * 0.5 * (z > -25) * (y > 20), 10.0)
    canvas.paint(
        box, canvas.cover(distance), patient.muscle_hu + (14 if patient.contrast else 0) + 6 * canvas.texture[box]
    )
    rectum = (distance < 0) & (z > -50) & (z < 62)
    fill = canvas.noise(34.0, rng, box) + rng.normal(0.2, 0.7)
    stool = patient.fat_hu * 0.1 + 30 + 35 * canvas.texture[box]
    open_z = np.clip((z + 34) / 10, 0, 1)
    lumen = canvas.cover(distance + WALL_MM + 4 * np.clip(-fill, 0, 3)) * open_z
    gas = np.clip((fill - 0.7) * 6 - (y - np.interp(z, knots[:, 2], knots[:, 1]).astype(np.float32)) / 5, 0, 1)
    canvas.paint(box, lumen, stool + gas * (-940 - stool))
    return _masked(canvas, box, rectum), _masked(canvas, box, meso)


def _paint_prostate(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> NDArray[np.bool_]:
    size = rng.uniform(0.8, 1.45)
    gland = Ellipsoid((0, 4 + rng.normal(0, 2), -30 + 6 * size), (24 * size, 16 * size, 18 * size), 15)
    mask = canvas.inside(gland)
    canvas.paint_shape(gland, patient.muscle_hu + (12 if patient.contrast else 0), 9, 1.5)
    canvas.paint_shape(Ellipsoid((0, 0, -28), (9 * size, 8 * size, 10 * size)), patient.muscle_hu - 8, 6)
    vesicles = Chain.through(
        wobbled(rng, [(-32, 26, 2, 4), (-14, 22, -4, 5.5), (0, 19, -8, 4), (14, 22, -4, 5.5), (32, 26, 2, 4)], 1.5), 3
    )
    canvas.paint_shape(vesicles, patient.muscle_hu - 10, 12)
    return mask | canvas.inside(vesicles)


def _paint_uterus(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> NDArray[np.bool_]:
    vagina = Chain.through([(0, 24, -6, 9), (0, 18, -30, 9), (0, 8, -62, 8)], 4)
    mask = canvas.inside(vagina)
    canvas.paint_shape(vagina, patient.muscle_hu, 8)
    if not patient.uterus:
        return mask
    size, lean = rng.uniform(0.75, 1.2), rng.normal(0, 12)
    forward = -rng.uniform(0, 26)
    womb = Chain.through(
        [
            (0, 22, 4, 15 * size),
            (lean * 0.4, 14 + forward * 0.3, 24, 19 * size),
            (lean, 8 + forward, 46 * size, 24 * size),
        ],
        10,
    )
    box, distance = canvas.distance(womb)
    distance += 1.8 * canvas.rough[box]
    canvas.paint(
        box, canvas.cover(distance), patient.muscle_hu + (35 if patient.contrast else 0) + 8 * canvas.texture[box]
    )
    canvas.paint(box, canvas.cover(distance + 17 * size), patient.muscle_hu - 12)
    for side in (-1, 1):
        ovary = Ellipsoid((side * rng.uniform(36, 48), rng.uniform(0, 22), rng.uniform(18, 40)), (11, 9, 14), 20)
        canvas.paint_shape(ovary, patient.muscle_hu - 20, 14)
    return mask | _masked(canvas, box, distance < 0)


def _paint_perineum(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> None:
    """Levator sling and sphincter; root and shaft of the penis, or labial tissue."""
    flesh = patient.muscle_hu - 4
    for side in (-1, 1):
        sling = Chain.through([(side * 14, -28, -42, 3), (side * 20, 20, -38, 3), (side * 9, 58, -38, 3)])
        shelf = Chain.through([(side * 16, 44, -44, 3), (side * 34, 40, -18, 2.5), (side * 44, 30, -4, 2.5)])
        canvas.paint_shape(sling, flesh, 5)
        canvas.paint_shape(shelf, flesh, 5)
    floor = Ellipsoid((0, 12, -44), (31 + rng.normal(0, 2), 46, 17 + rng.normal(0, 2)), -12)
    canvas.paint_shape(floor, flesh - 4, 7, 2.0)
    canvas.paint_shape(Chain.through([(0, 40, -40, 14), (0, 54, -82, 13)]), flesh, 6)
    if patient.male:
        canvas.paint_shape(Chain.through([(0, 8, -58, 12), (0, -30, -74, 11), (0, -70, -92, 13)]), flesh, 5)
        for side in (-1, 1):
            canvas.paint_shape(Chain.through([(side * 8, -20, -66, 6), (side * 26, 16, -66, 5)]), flesh, 5)
            canvas.paint_shape(Chain.through([(side * 44, -84, 0, 4), (side * 34, -82, -50, 5)]), flesh - 30, 25)
    else:
        canvas.paint_shape(Chain.through([(0, -20, -70, 10), (0, 20, -78, 10)]), flesh - 15, 15)


def _masked(canvas: Canvas, box: Box, inside: NDArray[np.bool_] | Samples) -> NDArray[np.bool_]:
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    mask[box] = inside
    return mask
