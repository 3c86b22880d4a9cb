"""Nose and sinuses, pharynx with the constrictor behind it, larynx, trachea and oesophagus."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, sided
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft

NASAL_CAVITY: dict[float, list[tuple[float, float]]] = {
    -19: [(0, -92), (8, -89), (13, -78), (14, -56), (12, -38), (0, -36)],
    -4: [(0, -92), (6, -88), (13, -76), (14, -58), (12, -42), (0, -40)],
    12: [(0, -87), (3, -85), (6, -75), (7, -60), (6, -50), (0, -48)],
    22: [(0, -82), (2, -80), (3, -74), (3, -60), (3, -54), (0, -52)],
}
NOSTRIL = Chain.through([(5, -90, -14, 4), (6, -101, -20, 3.2)])
TURBINATES = [((8.5, -64, -11), (3.2, 19, 5.5)), ((7.5, -62, 2), (2.2, 16, 5))]
ETHMOID = Chain.through([(8, -76, 20, 5), (8, -58, 19, 6.5), (8, -46, 18, 6)])
SPHENOID_SINUS = Ellipsoid((6, -32, 11), (7.5, 9, 8))
FRONTAL_SINUS = Ellipsoid((9, -89, 40), (9, 4, 9))
LUMEN: dict[float, list[tuple[float, float, float]]] = {  # z -> ribbon from right to left: x, y, half thickness
    -104: [(-10, -12, 0.9), (0, -11.5, 0.8), (10, -12, 0.9)],
    -90: [(-12, -14, 1.8), (0, -14.5, 2.6), (12, -14, 1.8)],
    -72: [(-13, -15.5, 2.4), (0, -16.5, 4.2), (13, -15.5, 2.4)],
    -55: [(-11, -16.5, 2.2), (0, -17.5, 4.0), (11, -16.5, 2.2)],
    -38: [(-10, -18.5, 2.0), (0, -19, 3.4), (10, -18.5, 2.0)],
    -22: [(-11, -21, 2.6), (0, -22, 4.6), (11, -21, 2.6)],
    -4: [(-14, -25, 4), (0, -27, 7), (14, -25, 4)],
}
CONSTRICTOR: dict[float, list[tuple[float, float, float]]] = {
    -128: [(-12, -13, 1.8), (-7, -9, 2), (0, -8, 2), (7, -9, 2), (12, -13, 1.8)],
    -104: [(-16, -14, 1.8), (-9, -9, 2), (0, -8, 2), (9, -9, 2), (16, -14, 1.8)],
    -72: [(-19, -19, 1.8), (-12, -11, 2), (0, -10.5, 2), (12, -11, 2), (19, -19, 1.8)],
    -38: [(-18, -22, 1.8), (-11, -15, 2), (0, -14.5, 2), (11, -15, 2), (18, -22, 1.8)],
    -8: [(-18, -25, 1.8), (-12, -18.5, 2), (0, -18, 2), (12, -18.5, 2), (18, -25, 1.8)],
}
LARYNX: dict[float, list[tuple[float, float]]] = {
    -129: [(0, -38), (6, -37), (10, -32), (10, -26), (7, -21), (0, -20)],
    -124: [(0, -40), (7, -38), (12, -32), (12.5, -25), (9, -18), (0, -17)],
    -114: [(0, -43), (7, -40), (13, -32), (15, -23), (12, -16), (0, -15)],
    -103: [(0, -43), (6, -40), (13, -32), (16.5, -22), (12, -15), (0, -14)],
    -91: [(0, -37), (7, -35), (12, -30), (14, -24), (9, -20), (0, -19)],
    -81: [(0, -31), (5, -30), (7, -28), (7, -26), (4, -24), (0, -23)],
}
THYROID_CARTILAGE: dict[float, list[tuple[float, float, float]]] = {
    -116: [(-14, -20, 1.1), (-9, -35, 1.3), (0, -41.5, 1.5), (9, -35, 1.3), (14, -20, 1.1)],
    -105: [(-16, -18, 1.2), (-10, -34, 1.4), (0, -42, 1.6), (10, -34, 1.4), (16, -18, 1.2)],
    -93: [(-15, -18, 1.2), (-10, -31, 1.3), (0, -38, 1.2), (10, -31, 1.3), (15, -18, 1.2)],
}
CRICOID = [(0, -37, -123, 1.8), (8, -33, -122, 2), (10.5, -25, -121, 2.3), (6, -19, -118, 3), (0, -18, -117, 3.2)]
GLOTTIS = [(0, -26, -82, 2.5), (0, -28, -93, 5), (0, -30, -104, 2.2), (0, -29, -113, 5.5), (0, -28, -130, 7)]
EPIGLOTTIS: dict[float, list[tuple[float, float, float]]] = {
    -98: [(-3, -35, 1.2), (0, -36, 1.3), (3, -35, 1.2)],
    -80: [(-7, -26, 1.2), (0, -29, 1.2), (7, -26, 1.2)],
}
HYOID = [(0, -46, -88, 3.2), (13, -40, -87, 3), (20, -20, -84, 2)]
TRACHEA = [(0, -28, -131, 8.8), (0, -20, -165, 8.8), (0, -6, -205, 8.8), (0, 2, -244, 9)]
BRONCHUS = [(0, 2, -244, 8), (24, 8, -275, 7)]
OESOPHAGUS = [(0, -9, -129, 6), (3, 0, -160, 6.5), (4, 12, -205, 7), (3, 17, -300, 7.5)]


def paint_nose(painter: HeadPainter) -> None:
    """Air of the nose and the sinuses, septum and turbinates; a sinus may be full."""
    rng = stream(painter.patient.seed, "nose")
    painter.lay_air(Loft.outline(NASAL_CAVITY))
    for side in (1, -1):
        painter.lay_air(sided(NOSTRIL, side))
        for centre, semi_axes in TURBINATES:
            _lay_in_air(painter, sided(Ellipsoid(centre, semi_axes, float(rng.normal(0, 4))), side), 45.0)
        for sinus in (ETHMOID, SPHENOID_SINUS, FRONTAL_SINUS):
            if rng.random() < 0.92:
                painter.lay_air(sinus if side > 0 else sinus.mirrored())
        _lay_cell_walls(painter, sided(ETHMOID, side), rng)
    septum = Ellipsoid((0, -66, 0), (1.8, 34, 30))
    _lay_in_air(painter, septum, 140.0)


def _lay_in_air(painter: HeadPainter, shape: Chain | Ellipsoid, hu: float) -> None:
    box, distance = painter.canvas.distance(shape)
    painter.canvas.paint(box, painter.canvas.cover(distance), hu)


def _lay_cell_walls(painter: HeadPainter, cells: Chain, rng: np.random.Generator) -> None:
    """Thin plates of bone through the air cells."""
    canvas = painter.canvas
    box, distance = canvas.distance(cells)
    plates = np.clip(1 - 3.0 * np.abs(canvas.noise(8.0, rng, box)), 0, 1)
    canvas.paint(box, canvas.cover(distance) * plates, 250.0)


def paint_pharynx(painter: HeadPainter) -> None:
    """The constrictor along the back of the pharynx, and the air in front of it."""
    flesh = painter.patient.muscle_hu
    painter.lay(Loft.ribbon(CONSTRICTOR), flesh + 6, "Musc_Constrict")
    painter.lay_air(Loft.ribbon(LUMEN))
    painter.lay_air(Chain.through([(0, -24, -14, 6), (0, -40, -8, 9)]))


def paint_larynx(painter: HeadPainter) -> None:
    """Soft tissue, cartilage as far as it is ossified, and the airway with the glottis."""
    rng = stream(painter.patient.seed, "larynx")
    ossified = float(rng.uniform(110, 420))
    outline = Loft.outline(LARYNX)
    painter.lay(outline, painter.patient.muscle_hu - 25, "Larynx", texture_hu=16)
    half = Chain.through(CRICOID)
    for shape in (Loft.ribbon(THYROID_CARTILAGE), half.joined(half.mirrored(), blend_mm=0)):
        painter.lay(shape, ossified, "Larynx", texture_hu=60)
    painter.lay_air(Chain.through(wobbled(rng, GLOTTIS, 0.5), 3), "Larynx")
    painter.lay(Loft.ribbon(EPIGLOTTIS), 50, "Larynx")
    hyoid = Chain.through(HYOID)
    painter.lay_bone(hyoid.joined(hyoid.mirrored()))


def paint_trachea(painter: HeadPainter) -> None:
    """Oesophagus, then the trachea in front of it down to where it divides."""
    rng = stream(painter.patient.seed, "trachea")
    gullet = wobbled(rng, OESOPHAGUS, 0.8)
    painter.lay(Chain.through(gullet), painter.patient.muscle_hu - 6, texture_hu=8)
    if rng.random() < 0.5:
        painter.lay_air(Chain.ball(gullet[2, :3], 2.5))
    knots = wobbled(rng, TRACHEA, 0.6)
    wall = float(rng.uniform(1.3, 2.0))
    for side in (1, -1):
        painter.lay(Chain.through(np.array(BRONCHUS) * (side, 1, 1, 1)), 45)
        painter.lay_air(Chain.through(np.array(BRONCHUS) * (side, 1, 1, 1)).thicker(-1.3))
    painter.lay(Chain.through(knots), 55, "Trachea", texture_hu=8)
    painter.lay_air(Chain.through(knots).thicker(-wall), "Trachea")
