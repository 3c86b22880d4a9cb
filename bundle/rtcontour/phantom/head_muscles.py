"""Muscles and vessels of head and neck that have a shape of their own, and the fat around them."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, Knots, sided
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Samples

FAT: list[Knots] = [  # spaces on the left: beside the pharynx, under the jaw, in the cheek, above the collar bone
    [(28, -12, -20, 9), (30, -10, -60, 10), (32, -12, -110, 9), (30, -10, -160, 9)],
    [(20, -52, -78, 8), (38, -26, -84, 9)],
    [(48, -52, -10, 8), (46, -56, -40, 9)],
    [(54, 6, -140, 10), (60, 4, -170, 14)],
]
BELLIES: list[Knots] = [  # on the left
    [(60, 18, -24, 9), (56, 2, -70, 9.5), (44, -26, -130, 9), (24, -40, -180, 7)],  # sternocleidomastoid
    [(57, -30, -8, 6), (56, -28, -28, 8.5), (52, -24, -52, 6)],  # masseter
    [(60, -30, 34, 6), (60, -36, 8, 7), (52, -38, -14, 5)],  # temporalis
    [(20, -30, -12, 5), (34, -24, -30, 8), (40, -18, -50, 6)],  # medial pterygoid
    [(18, -34, -4, 6), (42, -18, -10, 5)],  # lateral pterygoid
    [(6, -4, -30, 3.5), (9, -4, -70, 5), (10, -3, -110, 5), (10, 4, -150, 5)],  # longus colli
    [(24, 8, -80, 4), (34, 4, -130, 6), (44, -4, -174, 7)],  # anterior scalene
    [(26, 18, -80, 5), (38, 22, -130, 7), (52, 26, -172, 7)],  # middle scalene
    [(8, -50, -100, 4), (12, -46, -140, 4.5), (12, -44, -190, 4.5)],  # strap muscles
    [(5, -74, -76, 4), (10, -48, -86, 4)],  # digastric, front
    [(12, 44, -30, 11), (14, 48, -80, 12), (16, 54, -130, 12), (18, 66, -200, 12)],  # deep muscles of the nape
    [(30, 40, -30, 9), (34, 42, -80, 10), (36, 46, -130, 11)],
    [(14, 68, -60, 7), (30, 62, -110, 10), (66, 50, -160, 13), (120, 40, -185, 12)],  # trapezius
]
UNDER_SKIN_MM = 5.0
JUGULAR: Knots = [(34, 2, -24, 4.5), (33, -4, -70, 5.5), (37, -8, -120, 6.5), (32, -16, -180, 6.5)]
INTERNAL_CAROTID: Knots = [(25, -4, -14, 2.6), (24, -6, -60, 3), (25, -10, -88, 4)]
COMMON_CAROTID: Knots = [(25, -10, -88, 4.2), (27, -12, -125, 3.8), (24, -14, -172, 3.9)]


def paint_neck(painter: HeadPainter, skin: Samples) -> None:
    """Fat first, then muscles in their sheaths of fat, then vessels; all of it under the skin of that distance."""
    patient = painter.patient
    rng = stream(patient.seed, "neck")
    sheath_mm = 0.4 + 0.9 * patient.marbling
    for side in (1, -1):
        for knots in FAT:
            painter.lay(sided(Chain.through(wobbled(rng, knots, 1.0), 5), side), patient.fat_hu + 6, rough_mm=1.5)
        for knots in BELLIES:
            _paint_belly(painter, sided(Chain.through(wobbled(rng, knots, 1.0), 4), side), skin, sheath_mm)
        painter.lay(sided(Chain.through(wobbled(rng, JUGULAR, 1.0), 2), side), patient.vein_hu)
        for knots in (COMMON_CAROTID, INTERNAL_CAROTID):
            painter.lay(sided(Chain.through(wobbled(rng, knots, 0.6), 2), side), patient.artery_hu)


def _paint_belly(painter: HeadPainter, belly: Chain, skin: Samples, sheath_mm: float) -> None:
    """One muscle in its sheath, flattened where it comes near the skin."""
    box, distance = painter.canvas.distance(belly, reach_mm=8)
    distance += 2.0 * painter.canvas.rough[box]
    distance = np.maximum(distance, skin[box] + np.float32(UNDER_SKIN_MM))
    painter.lay_within(box, distance - np.float32(sheath_mm), painter.patient.fat_hu + 15)
    painter.lay_within(box, distance, painter.patient.muscle_hu + 3)
