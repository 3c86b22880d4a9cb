"""Sacrum, coccyx and the lowest lumbar vertebrae."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.cortex import paint_bone
from rtcontour.phantom.shapes import Chain, Loft

# z -> ribbon from the right to the left side: x, y, half thickness
SACRUM: dict[float, list[tuple[float, float, float]]] = {
    -10: [(-3, 90, 4), (-2, 90, 4), (0, 90, 4), (2, 90, 4), (3, 90, 4)],
    12: [(-10, 94, 4.5), (-5, 94, 5), (0, 94, 5), (5, 94, 5), (10, 94, 4.5)],
    28: [(-24, 90, 5), (-12, 91, 6), (0, 91, 7), (12, 91, 6), (24, 90, 5)],
    48: [(-44, 78, 6), (-22, 82, 8), (0, 82, 10), (22, 82, 8), (44, 78, 6)],
    66: [(-54, 52, 10), (-28, 64, 12), (0, 66, 13), (28, 64, 12), (54, 52, 10)],
    84: [(-56, 38, 12), (-28, 42, 15), (0, 42, 19), (28, 42, 15), (56, 38, 12)],
    97: [(-44, 34, 9), (-22, 28, 12), (0, 26, 20), (22, 28, 12), (44, 34, 9)],
}
SACRAL_CANAL = [(0, 92, 40, 4), (0, 78, 66, 7), (0, 62, 84, 9), (0, 52, 100, 10)]
FORAMINA = [(21, 80, 44), (24, 66, 62), (27, 46, 80)]  # x, y, z on the left
LUMBAR = [(116.0, 6.0), (152.0, -2.0), (189.0, -4.0)]  # z, y of the middle of L5, L4, L3


def paint_spine(canvas: Canvas, mask: NDArray[np.bool_], dense: float, rng: np.random.Generator) -> None:
    """Paint the spine as far as the canvas reaches, and add it to `mask`."""
    _paint_sacrum(canvas, mask, dense)
    for z, y in LUMBAR:
        _paint_vertebra(canvas, mask, y, z, dense, rng)


def _paint_sacrum(canvas: Canvas, mask: NDArray[np.bool_], dense: float) -> None:
    box, distance = canvas.distance(Loft.ribbon(SACRUM))
    holes = [
        Chain.through([(side * x, y - 12, z, 3), (side * x, y + 4, z, 3.5)]) for side in (-1, 1) for x, y, z in FORAMINA
    ]
    hollow = Chain.through(SACRAL_CANAL).joined(*holes).distance(canvas.x[box], canvas.y[box], canvas.z[box])
    ring = np.maximum(distance, -hollow)
    paint_bone(canvas, mask, box, ring, marrow_hu=170 * dense, cortex_hu=560 * dense, cortex_mm=1.2)
    canvas.paint(box, canvas.cover(hollow) * canvas.cover(distance), -5 + 12 * canvas.texture[box])
    crest = Chain.through([(0, 100, 30, 4), (0, 96, 60, 5), (0, 84, 92, 5)], 6)
    box, distance = canvas.distance(crest)
    paint_bone(canvas, mask, box, distance, marrow_hu=220 * dense, cortex_hu=600 * dense, cortex_mm=1.0)


def _paint_vertebra(
    canvas: Canvas, mask: NDArray[np.bool_], y: float, z: float, dense: float, rng: np.random.Generator
) -> None:
    """Disc below, canal, arch with its processes, and body."""
    lean = float(np.clip((150 - z) / 34 * 6, -2, 7))  # the lower ones tilt with the sacrum
    disc = {z + h: _oval(y - lean * h / 16, 24, 17) for h in (-20.0, -16.0, -12.0)}
    body = {z + h: _oval(y - lean * h / 16, 24.5 + abs(h) / 12, 17.5) for h in (-13.0, -6.0, 6.0, 13.0)}
    canvas.paint_shape(Loft.outline(disc), float(rng.uniform(70, 95)), 8)
    canvas.paint_shape(Chain.through([(0, y + 27, z - 22, 9.5), (0, y + 26, z + 16, 9.5)]), 15, 10)
    box, distance = canvas.distance(_arch(y, z))
    paint_bone(canvas, mask, box, distance, marrow_hu=260 * dense, cortex_hu=720 * dense, cortex_mm=1.6)
    box, distance = canvas.distance(Loft.outline(body))
    paint_bone(canvas, mask, box, distance, marrow_hu=165 * dense, cortex_hu=480 * dense, cortex_mm=1.0)


def _arch(y: float, z: float) -> Chain:
    """Pedicles and laminae, spinous and transverse processes, facet joints."""
    pedicle, lamina, back = (18, y + 12, z + 2, 5), (14, y + 30, z, 6), (0, y + 44, z - 6, 5)
    half = Chain.through([pedicle, lamina, back])
    wing = Chain.through([(16, y + 18, z + 2, 5), (40, y + 22, z + 3, 3.5)])
    facet = Chain.through([(20, y + 30, z - 14, 7), (20, y + 32, z + 10, 7)])
    spinous = Chain.through([(0, y + 44, z - 6, 4.5), (0, y + 62, z - 12, 4)])
    sides = [part.mirrored() for part in (half, wing, facet)]
    return half.joined(wing, facet, spinous, *sides, blend_mm=4)


def _oval(y: float, half_width: float, half_depth: float) -> list[tuple[float, float]]:
    """Left half of a vertebral body, flatter behind than in front."""
    angles = np.linspace(0, np.pi, 9)
    depths = np.where(np.cos(angles) > 0, half_depth, 0.85 * half_depth)
    return [(half_width * float(np.sin(t)), y - d * float(np.cos(t))) for t, d in zip(angles, depths, strict=True)]
