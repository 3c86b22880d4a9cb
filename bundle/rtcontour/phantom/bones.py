"""Hip bones, sacrum, lower spine and femurs, with cortex, marrow and joint spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.patient import Patient, stream, wobbled
from rtcontour.phantom.shapes import Chain, Loft, Samples

# z -> ribbon of x, y, half thickness from the anterior spine or crest to the sacroiliac joint, left side, mm
ILIUM = {
    14: [(86, -24, 11), (84, -6, 12), (72, 16, 11), (58, 34, 6)],
    24: [(90, -26, 12), (84, -4, 12), (74, 18, 11), (64, 34, 7)],
    38: [(106, -38, 8), (94, -12, 9), (82, 16, 10), (70, 38, 8)],
    50: [(120, -46, 6), (102, -14, 6), (84, 18, 10), (66, 46, 8)],
    62: [(127, -51, 5), (107, -16, 4), (84, 18, 9), (60, 60, 8)],
    80: [(134, -47, 5), (110, -6, 3.5), (80, 26, 7), (50, 76, 7)],
    100: [(137, -38, 5), (110, 0, 3), (78, 32, 5.5), (46, 76, 6)],
    118: [(135, -22, 5), (112, 8, 3.2), (82, 38, 4.5), (54, 74, 5)],
    134: [(129, -16, 5), (110, 10, 4), (86, 38, 4), (62, 66, 5)],
    146: [(122, -6, 4.5), (106, 14, 4.5), (92, 30, 4.5), (76, 48, 4)],
}
# z -> ribbon from the right to the left side: x, y, half thickness; sacrum and coccyx
SACRUM = {
    -10: [(-3, 90, 4), (-2, 90, 4), (0, 90, 4), (2, 90, 4), (3, 90, 4)],
    12: [(-10, 94, 4.5), (-5, 94, 5), (0, 94, 5), (5, 94, 5), (10, 94, 4.5)],
    28: [(-24, 90, 5), (-12, 91, 6), (0, 91, 7), (12, 91, 6), (24, 90, 5)],
    48: [(-44, 78, 6), (-22, 82, 8), (0, 82, 10), (22, 82, 8), (44, 78, 6)],
    66: [(-54, 52, 10), (-28, 64, 12), (0, 66, 13), (28, 64, 12), (54, 52, 10)],
    84: [(-56, 38, 12), (-28, 42, 15), (0, 42, 19), (28, 42, 15), (56, 38, 12)],
    97: [(-44, 34, 9), (-22, 28, 12), (0, 26, 20), (22, 28, 12), (44, 34, 9)],
}


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur: where its head is and where the neck leaves it."""

    centre: NDArray[np.float64]
    radius_mm: float
    neck_direction: NDArray[np.float64]
    head: Chain
    shaft: Chain


@dataclass(frozen=True, eq=False)
class Bones:
    """What others need to know of the skeleton."""

    femur_right: Femur
    femur_left: Femur
    mask: NDArray[np.bool_]


def paint_bones(canvas: Canvas, patient: Patient) -> Bones:
    """Paint the skeleton from the back to the front of the joints: sacrum, hip bones, femurs."""
    rng = stream(patient.seed, "bones")
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    dense = 0.7 + 0.6 * patient.bone_quality
    _paint_spine(canvas, mask, dense, rng)
    ilium, lower = _hip_bone(patient, rng)
    radius = float((rng.normal(23.6, 0.8) - (0 if patient.male else 1.0)) / np.prod(patient.scale) ** 0.2)
    gap = float(rng.uniform(2.4, 4.2))
    femurs = [_draw_femur(rng, radius) for _ in range(2)]
    right = _mirrored(femurs[0])
    for side, femur in (("right", right), ("left", femurs[1])):
        wing, column = (ilium.mirrored(), lower.mirrored()) if side == "right" else (ilium, lower)
        _paint_hip_bone(canvas, mask, wing, column, femur, gap, dense)
        _paint_femur(canvas, mask, femur, gap, dense)
    return Bones(right, femurs[1], mask)


def _paint_bone(
    canvas: Canvas,
    mask: NDArray[np.bool_],
    box: tuple[slice, ...],
    distance: Samples,
    marrow: float | Samples,
    cortex_hu: float | Samples,
    cortex_mm: float | Samples,
    grain_hu: float = 55.0,
) -> None:
    """Cortex outside, trabecular bone inside, with a soft step between them."""
    depth = -distance
    spongy = np.clip((depth - cortex_mm) / 1.2 + 0.5, 0, 1)
    inner = marrow + grain_hu * canvas.texture[box]
    canvas.paint(box, canvas.cover(distance), cortex_hu + spongy * (inner - cortex_hu))
    mask[box] |= distance < 0


def _paint_spine(canvas: Canvas, mask: NDArray[np.bool_], dense: float, rng: np.random.Generator) -> None:
    box, distance = canvas.distance(Loft.ribbon(SACRUM))
    canal = Chain.through([(0, 92, 40, 4), (0, 78, 66, 7), (0, 62, 84, 9), (0, 52, 100, 10)])
    holes = [
        Chain.through([(s * x, y - 12, z, 3), (s * x, y + 4, z, 3.5)])
        for s in (-1, 1)
        for x, y, z in ((21, 80, 44), (24, 66, 62), (27, 46, 80))
    ]
    hollow = canal.joined(*holes).distance(canvas.x[box], canvas.y[box], canvas.z[box])
    ring = np.maximum(distance, -hollow)
    _paint_bone(canvas, mask, box, ring, 170 * dense, 560 * dense, 1.2)
    canvas.paint(box, canvas.cover(hollow) * canvas.cover(distance), -5 + 12 * canvas.texture[box])
    back = Chain.through([(0, 100, 30, 4), (0, 96, 60, 5), (0, 84, 92, 5)], 6)
    _paint_bone(canvas, mask, *canvas.distance(back), 220 * dense, 600 * dense, 1.0)
    for z, y in ((116.0, 6.0), (152.0, -2.0), (189.0, -4.0)):
        _paint_vertebra(canvas, mask, y, z, dense, rng)


def _paint_vertebra(
    canvas: Canvas, mask: NDArray[np.bool_], y: float, z: float, dense: float, rng: np.random.Generator
) -> None:
    """Disc below, body, arch around a canal, transverse and spinous processes."""
    lean = float(np.clip((150 - z) / 34 * 6, -2, 7))  # the lower ones tilt with the sacrum
    body = {z + h: _oval(0, y - lean * h / 16, 24.5 + abs(h) / 12, 17.5) for h in (-13, -6, 6, 13)}
    disc = {z + h: _oval(0, y - lean * h / 16, 24, 17) for h in (-20, -16, -12)}
    canvas.paint_shape(Loft.outline(disc), float(rng.uniform(70, 95)), 8)
    arch = Chain.through(
        [
            (-18, y + 12, z + 2, 5),
            (-14, y + 30, z, 6),
            (0, y + 44, z - 6, 5),
            (14, y + 30, z, 6),
            (18, y + 12, z + 2, 5),
        ],
        4,
    )
    spine = Chain.through([(0, y + 44, z - 6, 4.5), (0, y + 62, z - 12, 4)])
    wings = [Chain.through([(s * 16, y + 18, z + 2, 5), (s * 40, y + 22, z + 3, 3.5)]) for s in (-1, 1)]
    facets = [Chain.through([(s * 20, y + 30, z - 14, 7), (s * 20, y + 32, z + 10, 7)]) for s in (-1, 1)]
    canvas.paint_shape(Chain.through([(0, y + 27, z - 22, 9.5), (0, y + 26, z + 16, 9.5)]), 15, 10)
    _paint_bone(canvas, mask, *canvas.distance(arch.joined(spine, *wings, *facets)), 260 * dense, 720 * dense, 1.6)
    _paint_bone(canvas, mask, *canvas.distance(Loft.outline(body)), 165 * dense, 480 * dense, 1.0)


def _oval(x: float, y: float, a: float, b: float) -> list[tuple[float, float]]:
    angles = np.linspace(0, np.pi, 9)
    return [(x + a * np.sin(t), y - b * np.cos(t) * (1.0 if np.cos(t) > 0 else 0.85)) for t in angles]


def _hip_bone(patient: Patient, rng: np.random.Generator) -> tuple[Loft, Chain]:
    """The iliac wing, and everything of the hip bone around and below the socket."""
    flare = rng.normal(0, 2.5) + (0 if patient.male else 2.0)
    levels = {}
    for z, ribbon in ILIUM.items():
        knots = np.asarray(ribbon, np.float64) + rng.normal(0, 1.0, (4, 3)) * (1, 1, 0.3)
        knots[0, 0] += flare * (z - 14) / 100
        levels[float(z)] = knots
    wide = 0 if patient.male else 3.0
    column_front = [(84, -22, 16, 11), (66, -27, 4, 10), (46, -40, -12, 7.5), (28, -48, -22, 9), (12, -52, -26, 9)]
    body_pubis = [(27, -44, -26, 9), (12, -50, -28, 9.5), (10.5, -38, -38, 8), (12, -28, -46, 6.5)]
    ramus = [(12, -28, -46, 6.5), (32 + wide, 4, -58, 5.5), (54 + wide, 36, -66, 7)]
    column_back = [(74, 22, 16, 12), (67, 30, 0, 11), (66, 37, -18, 11), (65, 42, -40, 12.5), (60 + wide, 43, -62, 10)]
    ischium = [(62, 18, -8, 6), (66, 20, -24, 9), (65, 25, -42, 10.5), (56 + wide, 34, -62, 8)]
    spine = [(62, 36, 6, 6), (50, 50, 4, 2.5)]
    wall = [(60, -18, 2, 4), (55.5, 0, 2, 3), (60, 20, 0, 4)]
    parts = [
        Chain.through(wobbled(rng, p, 0.8))
        for p in (column_front, body_pubis, ramus, column_back, ischium, spine, wall)
    ]
    return Loft.ribbon(levels), parts[0].joined(*parts[1:], blend_mm=7.0)


def _draw_femur(rng: np.random.Generator, radius: float) -> Femur:
    """The left femur; rotation of the leg and anteversion move the trochanter to the front or back."""
    centre = np.array([91.0, 0.0, 0.0]) + rng.normal(0, [1.2, 1.2, 1.5])
    turn, angle = np.radians(rng.normal(16, 9)), np.radians(rng.normal(38, 4))
    neck = np.array([np.cos(angle) * np.cos(turn), np.cos(angle) * np.sin(turn), -np.sin(angle)])
    across = np.array([np.cos(turn), np.sin(turn), 0.0])
    behind = np.array([-np.sin(turn), np.cos(turn), 0.0])
    base = centre + neck * 45
    shaft = base + across * 6 + np.array([0, -6, -24.0])
    lean, bow = rng.normal(-0.10, 0.04), rng.normal(-0.04, 0.05)
    tip = base + across * 15 + behind * 9 + np.array([0, 0, 24.0])
    bone = [
        Chain.through([(*(centre + neck * 8), 18.5), (*(centre + neck * 26), 14.5), (*base, 17.5)]),
        Chain.through(
            [
                (*base, 17.5),
                (*shaft, 16.5),
                (*(shaft + [lean * 40, bow * 40, -40]), 14.5),
                (*(shaft + [lean * 180, bow * 180, -180]), 14),
            ]
        ),
        Chain.through([(*tip, 9), (*(tip - [0, 0, 12]), 12), (*(base + across * 13 + behind * 5), 15), (*shaft, 15)]),
        Chain.through([(*(shaft + behind * 8 - across * 9 - [0, 0, 4]), 8), (*(shaft - [0, 0, 22]), 11)]),
    ]
    head = Chain.ball(centre, radius)
    return Femur(centre, radius, neck, head, bone[0].joined(*bone[1:], blend_mm=9.0))


def _mirrored(femur: Femur) -> Femur:
    flip = np.array([-1.0, 1.0, 1.0])
    return Femur(
        femur.centre * flip, femur.radius_mm, femur.neck_direction * flip, femur.head.mirrored(), femur.shaft.mirrored()
    )


def _paint_hip_bone(
    canvas: Canvas, mask: NDArray[np.bool_], wing: Loft, column: Chain, femur: Femur, gap: float, dense: float
) -> None:
    """Wing, columns and a cup around the head that is open to the side, below and in front."""
    low, high = (np.stack(b) for b in zip(wing.bounds(), column.bounds(), strict=True))
    box = canvas.box(low.min(axis=0) - 8, high.max(axis=0) + 8)
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    side = np.sign(femur.centre[0])
    to_head = femur.head.distance(x, y, z)
    open_to = np.array([side * 0.72, -0.18, -0.66])
    lip = sum((c - float(m)) * float(o) for c, m, o in zip((x, y, z), femur.centre, open_to, strict=True))
    cup = np.maximum(to_head - (gap + 7.0), lip - 2.0)
    outer = _smooth_min(_smooth_min(wing.distance(x, y, z), column.distance(x, y, z), 9.0), cup, 5.0)
    symphysis = (np.abs(x) < 8) & (z < 0) & (y < 0)
    canvas.paint(box, canvas.cover(outer + 1.0) * symphysis, 90.0)
    socket = np.maximum(np.maximum(outer, gap - to_head), np.where(symphysis, 2.4 - np.abs(x), -99))
    cortex_hu = (760 + 250 * np.clip(z / 120, 0, 1)) * dense
    joint = np.abs(np.abs(x) - 58)  # a rim of cartilage where the wing meets the sacrum
    near_sacrum = (y > 15) & (joint < 22) & (z > 30)
    canvas.paint(box, canvas.cover(outer - 2.2) * near_sacrum, 95.0)
    _paint_bone(canvas, mask, box, socket, (170 + 60 * np.exp(-to_head.clip(0) / 14)) * dense, cortex_hu, 1.9)


def _paint_femur(canvas: Canvas, mask: NDArray[np.bool_], femur: Femur, gap: float, dense: float) -> None:
    """Cartilage, then a head of dense trabeculae, a lighter neck and trochanter, and a hollow shaft."""
    canvas.paint_shape(Chain.ball(femur.centre, femur.radius_mm + gap - 0.6), 55, 8)
    box = canvas.around(femur.shaft.joined(femur.head))
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    to_head = femur.head.distance(x, y, z)
    distance = _smooth_min(to_head, femur.shaft.distance(x, y, z), 5.0)
    below = np.clip((-40 - z) / 45, 0, 1)  # from trochanter to shaft
    core = np.clip(-to_head / 12, 0, 1)
    marrow = (130 + 260 * core) * dense * (1 - below) + below * 10
    cortex_mm = 1.2 + 4.8 * below + 0.8 * (to_head > 4)
    cortex_hu = (520 + 260 * (to_head > 2)) * dense * (1 - below) + below * (1150 + 250 * dense)
    _paint_bone(canvas, mask, box, distance, marrow, cortex_hu, cortex_mm, grain_hu=45.0)


def _smooth_min(a: Samples, b: Samples, blend: float) -> Samples:
    h = np.maximum(blend - np.abs(a - b), 0) / np.float32(blend)
    return np.minimum(a, b) - h * h * np.float32(blend / 4)


def femoral_head(canvas: Canvas, femur: Femur, neck_cut: float) -> NDArray[np.bool_]:
    """The ball of the head, cut at the neck `neck_cut` radii from its centre: what departments contour."""
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    box, distance = canvas.distance(femur.head)
    along = sum(
        (c[box] - float(m)) * float(n)
        for c, m, n in zip((canvas.x, canvas.y, canvas.z), femur.centre, femur.neck_direction, strict=True)
    )
    mask[box] = (distance < 0) & (along < neck_cut * femur.radius_mm)
    return mask
