"""Eyes with their lenses, the muscles that move them, and the optic nerves to the chiasm."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, sided, suffix
from rtcontour.phantom.patient import stream
from rtcontour.phantom.shapes import Chain, Ellipsoid

EYE_MM = (32.0, -72.0, 14.0)
EYE_RADIUS_MM = 12.1
LENS_SEMI_AXES_MM = (4.6, 2.1, 4.6)
LENS_FORWARD_MM = 8.0  # of the centre of the eye
APEX_MM = (16.0, -37.0, 25.0)  # where muscles and nerve leave the orbit
NERVE = [(24, -50, 19.5, 2.3), (15.5, -36, 26.5, 2.3), (8, -26.5, 31, 2.2)]
MUSCLES = [(9.5, 0.0), (-9.5, 0.0), (0.0, 9.5), (0.0, -9.5)]  # x, z beside the centre of the eye


def paint_eyes(painter: HeadPainter) -> None:
    """Both eyes, a little apart in size and gaze; the chiasm is laid later and cuts the nerves short."""
    rng = stream(painter.patient.seed, "eyes")
    radius = EYE_RADIUS_MM * float(rng.normal(1, 0.02))
    gaze = rng.normal(0, 0.12, 2)
    for side in (1, -1):
        _paint_muscles(painter, side)
        _paint_eye(painter, side, radius * float(rng.normal(1, 0.008)), gaze * (side, 1))


def _paint_muscles(painter: HeadPainter, side: int) -> None:
    x, y, z = EYE_MM
    for across, up in MUSCLES:
        middle = (x - 3 + 1.15 * across, y + 14, z + 3 + 1.15 * up)
        belly = [(*APEX_MM, 1.4), (*middle, 2.2), (x + 1.15 * across, y + 2, z + 1.15 * up, 1.2)]
        painter.lay(sided(Chain.through(belly), side), painter.patient.muscle_hu)


def _paint_eye(painter: HeadPainter, side: int, radius_mm: float, gaze: np.ndarray) -> None:
    """Nerve from the back of the globe, sclera, vitreous, lens behind the cornea."""
    x, y, z = EYE_MM
    behind = (x - 3, y + radius_mm - 1.5, z + 1.5)
    nerve = Chain.through([(*behind, 2.4), *NERVE])
    painter.lay(sided(nerve, side), 34, f"OpticNrv{suffix(side)}", texture_hu=3)
    name = f"Eye{suffix(side)}"
    painter.lay(sided(Chain.ball(EYE_MM, radius_mm), side), 42, name)
    painter.lay(sided(Chain.ball(EYE_MM, radius_mm - 1.2), side), 8, name, texture_hu=2)
    forward = LENS_FORWARD_MM * radius_mm / EYE_RADIUS_MM
    centre = (x + forward * float(gaze[0]), y - forward * 0.99, z + forward * float(gaze[1]))
    painter.lay(sided(Ellipsoid(centre, LENS_SEMI_AXES_MM), side), 95, f"Lens{suffix(side)}", texture_hu=3)
