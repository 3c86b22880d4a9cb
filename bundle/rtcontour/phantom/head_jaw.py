"""The mandible with its joints, the tongue and the floor of the mouth."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, Knots, sided, suffix
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft

LOWER_BORDER: Knots = [
    (45, -15, -57, 5),
    (41, -36, -66, 5.2),
    (30, -58, -74, 5.2),
    (14, -75, -79, 5.5),
    (0, -80, -80, 6),
]
ALVEOLAR: Knots = [(43, -28, -50, 4.4), (33, -42, -56, 5), (26, -60, -60, 5), (13, -75, -64, 4.8), (0, -79, -66, 4.6)]
RAMUS: list[Knots] = [
    [(51, -13, -11, 4.8), (49, -13, -30, 4.4), (45, -15, -56, 5.4)],
    [(48, -22, -24, 3.2), (46, -25, -56, 5)],
    [(47, -38, -12, 2.8), (46, -34, -32, 4), (43, -30, -54, 5.4)],
]
CONDYLE: Knots = [(45, -13, -9.5, 4.6), (57, -14, -9.5, 4.6)]
JOINT = Ellipsoid((51, -13, -8), (11.5, 7.5, 8))
TONGUE = [(0, -64, -38, 10), (0, -50, -40, 15), (0, -36, -46, 15), (0, -34, -62, 13)]
MOUTH_FLOOR = Ellipsoid((0, -52, -66), (24, 24, 9), -14)
MOUTH: dict[float, list[tuple[float, float]]] = {  # z -> left half of the oral cavity, from front to back
    -70: [(0, -64), (10, -62), (16, -52), (19, -42), (16, -31), (0, -28)],
    -60: [(0, -73), (13, -69), (22, -56), (26, -42), (23, -27), (0, -25)],
    -46: [(0, -79), (15, -74), (24, -60), (28, -44), (25, -26), (0, -24)],
    -33: [(0, -79), (15, -74), (24, -60), (28, -44), (25, -27), (0, -24)],
    -23: [(0, -72), (14, -69), (22, -58), (24, -44), (20, -30), (0, -27)],
}


def paint_mouth(painter: HeadPainter) -> None:
    """Tongue, floor of the mouth and a little air below the palate; the teeth come later."""
    rng = stream(painter.patient.seed, "mouth")
    flesh = painter.patient.muscle_hu
    painter.lay(Loft.outline(MOUTH), flesh - 22, texture_hu=14)
    painter.lay(MOUTH_FLOOR, flesh - 8, texture_hu=14)
    painter.lay(Chain.through(wobbled(rng, TONGUE, 1.0), 8), flesh - 2, texture_hu=12)
    if rng.random() < 0.6:
        gap = Ellipsoid((0, float(rng.uniform(-66, -56)), -25), (15, 14, float(rng.uniform(1.0, 2.5))))
        painter.lay_air(gap)


def paint_mandible(painter: HeadPainter) -> None:
    """Body, rami and condyles in one piece."""
    rng = stream(painter.patient.seed, "mandible")
    stout = float(rng.normal(-0.4, 0.35))
    chains = [LOWER_BORDER, ALVEOLAR, *RAMUS, CONDYLE]
    left = [Chain.through(wobbled(rng, knots, 0.4)).thicker(stout) for knots in chains]
    right = [part.mirrored() for part in left]
    jaw = left[0].joined(*left[1:], *right, blend_mm=8)
    painter.lay_bone(jaw, "Bone_Mandible", marrow_hu=420, cortex_hu=1350, cortex_mm=2.0)


def claim_joints(painter: HeadPainter) -> None:
    """The condyles with what is around them in the joint; they are no longer the mandible's."""
    rng = stream(painter.patient.seed, "joints")
    for side in (1, -1):
        a, b, c = (axis * rng.normal(1, 0.04) for axis in JOINT.semi_axes)
        painter.claim(
            sided(Ellipsoid(JOINT.centre, (float(a), float(b), float(c))), side), f"Joint_TM{suffix(side)}", keep=False
        )


def claim_mouth(painter: HeadPainter) -> None:
    """The oral cavity: everything between palate, teeth and the floor of the mouth that nobody else owns."""
    wider = np.array([float(stream(painter.patient.seed, "oral").normal(1.0, 0.03)), 1.0])
    levels = {z: np.asarray(half, np.float64) * wider for z, half in MOUTH.items()}
    painter.claim(Loft.outline(levels), "Cavity_Oral")
