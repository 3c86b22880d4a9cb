"""The hip bone: iliac wing, socket, pubis with its symphysis, and ischium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.cortex import paint_bone
from rtcontour.phantom.femurs import Femur
from rtcontour.phantom.patient import Patient, wobbled
from rtcontour.phantom.shapes import Chain, Loft, Samples, smooth_union

# z -> ribbon of x, y, half thickness from the anterior spine or crest to the sacroiliac joint, left side, mm
ILIUM: dict[float, list[tuple[float, float, float]]] = {
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
FEMALE_WIDTH_MM = 3.0  # how much further apart the rami are below
CUP_MM = 7.0  # thickness of the socket behind its cartilage
OPEN_TO = (0.72, -0.18, -0.66)  # where the left socket opens: to the side, a little forward, and down
SYMPHYSIS_MM = 2.4  # half its width


def draw_hip_bone(patient: Patient, rng: np.random.Generator) -> tuple[Loft, Chain]:
    """The left iliac wing, and everything of the hip bone around and below the socket."""
    wide = 0.0 if patient.male else FEMALE_WIDTH_MM
    flare = rng.normal(0, 2.5) + 0.7 * wide
    levels = {}
    for z, ribbon in ILIUM.items():
        levels[z] = np.asarray(ribbon) + rng.normal(0, 1.0, (4, 3)) * (1, 1, 0.3)
        levels[z][0, 0] += flare * (z - 14) / 100
    upper_ramus = [(84, -22, 16, 11), (66, -27, 4, 10), (46, -40, -12, 7.5), (28, -48, -22, 9), (12, -52, -26, 9)]
    pubis = [(27, -44, -26, 9), (12, -50, -28, 9.5), (10.5, -38, -38, 8), (12, -28, -46, 6.5)]
    lower_ramus = [(12, -28, -46, 6.5), (32 + wide, 4, -58, 5.5), (54 + wide, 36, -66, 7)]
    column = [(74, 22, 16, 12), (67, 30, 0, 11), (66, 37, -18, 11), (65, 42, -40, 12.5), (60 + wide, 43, -62, 10)]
    ischium = [(62, 18, -8, 6), (66, 20, -24, 9), (65, 25, -42, 10.5), (56 + wide, 34, -62, 8)]
    spine = [(62, 36, 6, 6), (50, 50, 4, 2.5)]
    wall = [(60, -18, 2, 4), (55.5, 0, 2, 3), (60, 20, 0, 4)]
    parts = [
        Chain.through(wobbled(rng, knots, 0.8))
        for knots in (upper_ramus, pubis, lower_ramus, column, ischium, spine, wall)
    ]
    return Loft.ribbon(levels), parts[0].joined(*parts[1:], blend_mm=7.0)


def paint_hip_bone(
    canvas: Canvas, mask: NDArray[np.bool_], wing: Loft, lower: Chain, femur: Femur, dense: float
) -> None:
    """Paint one side with the cartilage of symphysis and sacroiliac joint, leaving the joint space of the hip free."""
    low, high = (np.stack(corner) for corner in zip(wing.bounds(), lower.bounds(), strict=True))
    box = canvas.box(low.min(axis=0) - 6, high.max(axis=0) + 6)
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    to_head = canvas.distance_within(box, femur.head, reach_mm=30.0)
    cup = np.maximum(to_head - (femur.joint_space_mm + CUP_MM), _beyond_rim(x, y, z, femur))
    above, below = (canvas.distance_within(box, part, reach_mm=12.0) for part in (wing, lower))
    bone = smooth_union(smooth_union(above, below, 9.0), cup, 5.0)
    at_symphysis = (np.abs(x) < 8) & (z < 0) & (y < 0)
    at_sacrum = (y > 15) & (np.abs(np.abs(x) - 58) < 22) & (z > 30)
    canvas.paint(box, canvas.cover(bone + 1.0) * at_symphysis, 90.0)
    canvas.paint(box, canvas.cover(bone - 2.2) * at_sacrum, 95.0)
    bone = np.maximum(bone, femur.joint_space_mm - to_head)
    bone = np.maximum(bone, np.where(at_symphysis, SYMPHYSIS_MM - np.abs(x), -99)).astype(np.float32)
    marrow_hu = (170 + 60 * np.exp(-to_head.clip(0) / 14)) * dense
    cortex_hu = (760 + 250 * np.clip(z / 120, 0, 1)) * dense
    paint_bone(canvas, mask, box, bone, marrow_hu=marrow_hu, cortex_hu=cortex_hu, cortex_mm=1.9)


def _beyond_rim(x: Samples, y: Samples, z: Samples, femur: Femur) -> Samples:
    """Signed distance to the plane of the socket's rim, positive on the open side."""
    side = np.sign(femur.centre[0])
    opening = (side * OPEN_TO[0], *OPEN_TO[1:])
    offsets = [c - np.float32(m) for c, m in zip((x, y, z), femur.centre, strict=True)]
    return offsets[0] * opening[0] + offsets[1] * opening[1] + offsets[2] * opening[2] - np.float32(2.0)
