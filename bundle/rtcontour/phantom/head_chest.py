"""Upper chest: lungs' apices, ribs, sternum, collar bones, shoulders, great vessels."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, Knots, sided
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Loft

LUNG: dict[float, list[tuple[float, float, float]]] = {  # z -> ribbon on the left from back to front
    -330: [(72, 44, 46), (72, 0, 52), (66, -24, 40)],
    -270: [(64, 42, 40), (64, 10, 44), (56, -16, 34)],
    -230: [(56, 38, 32), (54, 14, 34), (46, -8, 24)],
    -195: [(46, 32, 23), (44, 20, 22), (40, 6, 16)],
    -172: [(38, 26, 8), (38, 22, 8), (37, 18, 6)],
}
CHEST_WALL_MM = 9.0
MEDIASTINUM = Chain.through([(0, 8, -190, 22), (0, 6, -250, 30), (0, 0, -330, 42)])
RIBS = [  # z at the spine, y at the spine, half width, front y, z in front
    (-160, 30, 52, -22, -188),
    (-182, 38, 72, -44, -218),
    (-204, 44, 88, -58, -248),
    (-226, 48, 100, -66, -276),
    (-249, 50, 110, -72, -302),
]
CLAVICLE = [(15, -38, -190, 7.5), (42, -42, -184, 6), (80, -26, -176, 5.5), (118, 0, -168, 6), (148, 12, -166, 6)]
STERNUM = [(0, -44, -204, 9), (0, -58, -240, 8), (0, -70, -300, 8)]
SCAPULA: dict[float, list[tuple[float, float, float]]] = {
    -300: [(84, 78, 3), (104, 74, 3.5), (124, 62, 4)],
    -230: [(70, 74, 3), (104, 62, 3), (136, 34, 7)],
    -190: [(66, 62, 3), (100, 52, 3.5), (132, 26, 8)],
}
SCAPULAR_SPINE = [(72, 66, -200, 4), (116, 62, -180, 5), (154, 30, -166, 6)]
HUMERUS = [(158, 20, -194, 22), (166, 19, -212, 20), (184, 20, -250, 13), (194, 21, -340, 12)]
ARCH: Knots = [(14, -24, -275, 15), (10, -22, -248, 14), (6, -12, -228, 12), (16, 10, -228, 12), (20, 26, -250, 12)]
DESCENDING: Knots = [(20, 26, -250, 12), (18, 28, -330, 12)]
BRANCHES: list[Knots] = [  # from the arch upwards; the first one is the right common carotid's
    [(2, -18, -228, 6.5), (-14, -18, -196, 6), (-22, -16, -170, 4)],
    [(12, -8, -226, 4.5), (20, -14, -180, 3.8)],
    [(17, 6, -226, 5), (34, 10, -184, 4.5), (62, -2, -176, 4.5), (104, 2, -196, 4.5)],
    [(-18, -16, -184, 4.8), (-34, 8, -180, 4.5), (-62, -2, -176, 4.5), (-104, 2, -196, 4.5)],
]
VEINS: list[Knots] = [
    [(-18, -20, -320, 10), (-18, -22, -222, 9), (-28, -26, -192, 7), (-60, -14, -182, 6), (-106, -6, -198, 5.5)],
    [(-16, -28, -222, 6.5), (10, -34, -206, 6.5), (30, -24, -188, 6.5), (60, -14, -182, 6), (106, -6, -198, 5.5)],
]


def paint_chest(painter: HeadPainter) -> None:
    """From the inside outwards: mediastinal fat, vessels, lungs, then the bones around them."""
    rng = stream(painter.patient.seed, "chest")
    painter.lay(MEDIASTINUM, painter.patient.fat_hu + 12, texture_hu=14)
    for side in (1, -1):
        _paint_lung(painter, side, rng)
        for start_z, start_y, half_width, front_y, front_z in RIBS:
            rib = _rib(start_z, start_y, half_width, front_y, front_z)
            painter.lay_bone(sided(rib, side), marrow_hu=250, cortex_hu=700, cortex_mm=1.3)
        _paint_shoulder(painter, side, rng)
    painter.lay_bone(Chain.through(STERNUM, 4), marrow_hu=160, cortex_hu=450)
    for knots in VEINS:
        painter.lay(Chain.through(wobbled(rng, knots, 0.8)), painter.patient.vein_hu)
    for knots in (ARCH, DESCENDING, *BRANCHES):
        painter.lay(Chain.through(wobbled(rng, knots, 0.5), 3), painter.patient.artery_hu)


def _paint_lung(painter: HeadPainter, side: int, rng: np.random.Generator) -> None:
    """Lung with its vessels, inside a wall of muscle."""
    canvas = painter.canvas
    lung = sided(Loft.ribbon(LUNG), side)
    painter.lay(lung.moved(0, 0, CHEST_WALL_MM), painter.patient.muscle_hu, texture_hu=8)
    box, distance = canvas.distance(lung)
    distance = np.maximum(distance, -canvas.distance_within(box, MEDIASTINUM, 20.0))
    vessels = np.clip(canvas.texture[box] - 1.6, 0, 1) * 700
    canvas.paint(box, canvas.cover(distance), float(rng.uniform(-870, -800)) + vessels)


def _rib(start_z: float, start_y: float, half_width: float, front_y: float, front_z: float) -> Chain:
    """Half an ellipse from the spine to the front, sloping down."""
    turns = np.linspace(0, np.pi, 11)
    middle, half_depth = (start_y + 16 + front_y) / 2, (start_y + 16 - front_y) / 2
    x = 16 + (half_width - 16) * np.sin(turns)
    y = middle + half_depth * np.cos(turns)
    z = start_z + (front_z - start_z) * turns / np.pi
    return Chain.through(np.column_stack([x, y, z, np.full(11, 4.6)]))


def _paint_shoulder(painter: HeadPainter, side: int, rng: np.random.Generator) -> None:
    painter.lay_bone(sided(Loft.ribbon(SCAPULA), side), marrow_hu=250, cortex_hu=800)
    painter.lay_bone(sided(Chain.through(wobbled(rng, SCAPULAR_SPINE, 1.0)), side), marrow_hu=250, cortex_hu=800)
    painter.lay_bone(sided(Chain.through(wobbled(rng, CLAVICLE, 1.2)), side), marrow_hu=330, cortex_hu=1100)
    painter.lay_bone(sided(Chain.through(wobbled(rng, HUMERUS, 1.0)), side), marrow_hu=170, cortex_hu=1000)
