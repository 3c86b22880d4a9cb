"""Skin, subcutaneous fat, and the muscle with its fat planes that fills whatever gets no shape of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.head_painter import HeadPainter
from rtcontour.phantom.patient import Patient, stream
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft, Samples, smooth_union

CRANIUM = Ellipsoid((0, -1, 42), (75, 96, 83))
FACE: dict[float, list[tuple[float, float]]] = {  # z -> left half of the outline, from front to back
    -92: [(0, -70), (12, -68), (22, -58), (34, -40), (46, -20), (50, 15), (0, 45)],
    -84: [(0, -88), (16, -85), (28, -70), (40, -46), (51, -22), (54, 15), (0, 45)],
    -70: [(0, -93), (18, -90), (35, -76), (49, -50), (58, -22), (57, 15), (0, 45)],
    -45: [(0, -97), (20, -94), (39, -82), (55, -55), (64, -22), (62, 15), (0, 45)],
    -20: [(0, -97), (20, -95), (43, -84), (61, -57), (69, -22), (66, 15), (0, 45)],
    0: [(0, -95), (20, -93), (46, -84), (65, -60), (72, -22), (68, 15), (0, 45)],
    20: [(0, -95), (22, -92), (46, -82), (64, -57), (70, -22), (66, 20), (0, 40)],
    45: [(0, -96), (24, -92), (46, -79), (60, -52), (66, -20), (60, 20), (0, 30)],
}
NECK = {  # z -> half width, front y, back y
    -230: (95, -46, 98),
    -190: (82, -46, 92),
    -160: (64, -46, 84),
    -130: (57, -52, 76),
    -100: (56, -54, 72),
    -60: (57, -45, 72),
    -20: (58, -40, 76),
}
CHEST = {-330: (165, -85, 108), -270: (160, -76, 106), -235: (145, -62, 102), -212: (115, -46, 94)}
SHOULDER = [(0, 30, -222, 56), (80, 27, -205, 55), (158, 22, -206, 47)]
ARM = [(160, 22, -206, 47), (186, 22, -260, 44), (196, 22, -340, 42)]
NOSE = [(0, -89, 24, 6), (0, -106, -4, 8), (0, -112, -12, 7), (0, -98, -19, 8)]
PINNA = Ellipsoid((77, 10, 4), (4.5, 15, 28), -12)
SKIN_MM = 1.8


def body_reach(patient: Patient, scale: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the patient reaches from the anatomical origin: lowest and highest x, y in scanner mm."""
    slack = 22  # tilt and warp
    low = np.array([-(226 + patient.fat_mm), -118.0])
    high = np.array([226 + patient.fat_mm, 108 + 0.8 * patient.fat_mm])
    return low * scale[:2] - slack, high * scale[:2] + slack


def paint_surface(painter: HeadPainter) -> Samples:
    """Fill the outline with skin, fat and muscle; gives the signed distance to the skin on the whole canvas, mm."""
    canvas, patient = painter.canvas, painter.patient
    rng = stream(patient.seed, "surface")
    skin, fascia = canvas.smooth_fields(lambda x, y, z: _skin_and_fascia(x, y, z, patient.fat_mm), painter.field_step)
    bend = canvas.noise(13.0, rng)
    skin_hu = float(rng.uniform(-20, 30))
    for slab in canvas.slabs():
        texture = canvas.texture[slab]
        body = canvas.cover(skin[slab])
        canvas.paint(slab, body, patient.fat_hu + 5 * texture + 45 * np.clip(texture - 2.0, 0, 1))
        canvas.paint(slab, body * canvas.cover(-(skin[slab] + SKIN_MM)), skin_hu)
        front = np.clip((-canvas.y[slab]) / 30, 0, 1)  # looser in front of the spine
        plane = np.abs(bend[slab] + 0.3 * texture) - (0.10 + 0.15 * patient.marbling + 0.35 * front)
        flesh = canvas.cover(fascia[slab] + 1.2 * canvas.rough[slab]) * np.clip(0.5 + 6 * plane, 0, 1)
        canvas.paint(slab, flesh, patient.muscle_hu + 4 * texture)
    return skin


def _skin_and_fascia(x: Samples, y: Samples, z: Samples, fat_mm: float) -> tuple[Samples, Samples]:
    """Signed distances; the fat is thin over the head and thick over the shoulders."""
    neck = Loft.outline({level: _oval(*size) for level, size in NECK.items()})
    chest = Loft.outline({level: _oval(*size) for level, size in CHEST.items()})
    outline = smooth_union(CRANIUM.distance(x, y, z), Loft.outline(FACE).distance(x, y, z), 8.0)
    outline = smooth_union(outline, Chain.through(NOSE).distance(x, y, z), 6.0)
    for ear in (PINNA, PINNA.mirrored()):
        outline = smooth_union(outline, ear.distance(x, y, z), 3.0)
    outline = smooth_union(outline, neck.distance(x, y, z), 14.0)
    trunk = chest.distance(x, y, z)
    half = Chain.through(SHOULDER).joined(Chain.through(ARM), blend_mm=10)
    for shoulder in (half, half.mirrored()):
        trunk = smooth_union(trunk, shoulder.distance(x, y, z), 24.0)
    outline = smooth_union(outline, trunk, 45.0)
    thickness = np.interp(z, [-200, -140, -60, -10], [0.9, 0.35, 0.25, 0.05]).astype(np.float32) * np.float32(fat_mm)
    return outline - thickness, outline + np.float32(3.0)


def _oval(half_width: float, front: float, back: float) -> list[tuple[float, float]]:
    """Left half of a superellipse."""
    angles = np.linspace(0, np.pi, 13)
    sine, cosine = np.sin(angles) ** 0.85, np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** 0.85
    middle, half_depth = (front + back) / 2, (back - front) / 2
    return [(half_width * float(s), middle - half_depth * float(c)) for s, c in zip(sine, cosine, strict=True)]
