"""The muscles that border on organs and bones and have a shape of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.patient import Patient, stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft, Samples, Shape

PSOAS = [
    (44, 8, 220, 20),
    (50, 4, 170, 23),
    (58, 0, 132, 24),
    (62, -6, 105, 22),
    (70, -16, 78, 19),
    (84, -30, 48, 17),
    (95, -42, 22, 16),
    (99, -42, 0, 15),
    (105, -26, -28, 13),
    (108, 0, -52, 9),
]
ILIACUS = {
    34.0: [(100, -42, 8), (92, -28, 9), (84, -12, 8)],
    60.0: [(114, -44, 9), (96, -16, 10), (80, 8, 7)],
    90.0: [(124, -38, 8), (104, -8, 9), (84, 14, 7)],
    125.0: [(124, -22, 6), (106, 2, 7), (92, 20, 6)],
}
OBTURATOR = {
    -40.0: [(48, -22, 3), (48, 4, 5), (50, 24, 4)],
    -15.0: [(47, -26, 4), (47, 2, 7), (48, 30, 6)],
    15.0: [(52, -18, 4), (50, 4, 6), (52, 28, 5)],
    32.0: [(60, -8, 3), (58, 8, 4), (60, 24, 3)],
}
GROIN = [  # x, y, z, radius along each muscle: rectus femoris, sartorius, tensor fasciae latae, pectineus, adductors
    [(112, -40, 20, 9), (118, -46, -20, 14), (116, -48, -90, 19), (112, -46, -200, 20)],
    [(126, -58, 20, 6), (122, -62, -10, 9), (98, -64, -60, 10), (72, -58, -130, 10), (52, -40, -210, 10)],
    [(140, -38, 10, 8), (148, -36, -30, 12), (150, -28, -90, 9)],
    [(34, -54, -24, 8), (58, -38, -44, 12), (84, -16, -72, 9)],
    [(22, -46, -44, 8), (48, -36, -85, 18), (70, -20, -180, 20)],
]
FOSSA = [((30.0, 58.0, -42.0), (20.0, 24.0, 30.0)), ((22.0, 78.0, -14.0), (17.0, 14.0, 24.0))]


def paint_spaces(canvas: Canvas, patient: Patient) -> None:
    """Fat beside the anal canal, between the buttocks, in the groin and between the gluteal muscles and the bone."""
    rng = stream(patient.seed, "spaces")
    spaces: list[Shape] = [Chain.through([(0, 92, 44, 2), (0, 88, 10, 4), (0, 86, -30, 7), (0, 84, -75, 8)], 4)]
    for side in (-1, 1):
        width = rng.uniform(0.75, 1.1)
        spaces += [Ellipsoid((side * x, y, z), (a * width, b, c), 0) for (x, y, z), (a, b, c) in FOSSA]
        groin = [(72, -56, 10, 9), (78, -55, -25, 14), (76, -52, -70, 13), (74, -44, -130, 10)]
        behind_hip = [(84, 50, 22, 5), (92, 48, -15, 8), (92, 44, -50, 7)]
        cord = [(42, -58, -20, 9), (34, -66, -42, 11), (26, -66, -70, 10)]
        for knots in (groin, behind_hip, cord):
            spaces.append(Chain.through(wobbled(rng, knots, 2) * (side, 1, 1, 1), 4))
    for space in spaces:
        box, distance = canvas.distance(space, reach_mm=8)
        share = canvas.cover(distance + 2.5 * canvas.rough[box] + canvas.texture[box]) * canvas.in_tissue(box)
        canvas.paint(box, share, patient.fat_hu + 4 + 5 * canvas.texture[box])


def paint_muscles(canvas: Canvas, patient: Patient) -> NDArray[np.bool_]:
    """Paint iliopsoas, obturator internus, piriformis, and the groin; gives a mask of the inner ones."""
    rng = stream(patient.seed, "muscles")
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    bulk = rng.normal(1.0, 0.08)
    for side in (-1, 1):
        groin = [Chain.through(wobbled(rng, knots, 2.0)) for knots in GROIN]
        psoas = Chain.through(np.asarray(wobbled(rng, PSOAS, 1.5)) * [1, 1, 1, bulk], 4)
        piriformis = Chain.through(wobbled(rng, [(28, 78, 46, 7), (62, 60, 34, 10), (104, 38, 22, 7)], 1.5))
        pelvic: list[Chain | Loft] = [piriformis, Loft.ribbon(ILIACUS), Loft.ribbon(OBTURATOR), psoas]
        for shape in [*groin, *pelvic]:
            box, distance = _paint_belly(canvas, patient, shape if side > 0 else shape.mirrored())
            if shape in pelvic:
                mask[box] |= distance < 0
    return mask


def _paint_belly(canvas: Canvas, patient: Patient, shape: Chain | Loft) -> tuple[Box, Samples]:
    """One muscle with a thin layer of fat around it; gives its box and signed distance."""
    box, distance = canvas.distance(shape, reach_mm=8)
    distance += 2.0 * canvas.rough[box]
    sheath = np.float32(0.3 + 1.2 * patient.marbling) + canvas.rough[box] * 0.6
    canvas.paint(box, canvas.cover(distance - sheath) * 0.8 * canvas.in_tissue(box), patient.fat_hu + 20)
    share = canvas.cover(distance) * canvas.in_tissue(box)
    canvas.paint(box, share, patient.muscle_hu + 3 + 4 * canvas.texture[box])
    return box, distance
