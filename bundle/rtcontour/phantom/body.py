"""Skin, subcutaneous fat, muscle compartments and the body cavity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.compartments import paint_compartments
from rtcontour.phantom.patient import Patient, stream
from rtcontour.phantom.shapes import Loft, Samples

# z -> half width, front y, back y of the muscle envelope (fascia) of the trunk, mm
TRUNK = {
    -75: (120, -35, 70),
    -50: (152, -52, 88),
    -20: (163, -72, 96),
    0: (165, -82, 99),
    30: (164, -94, 97),
    60: (164, -103, 93),
    100: (166, -110, 88),
    130: (166, -113, 84),
    220: (156, -116, 82),
}
TRUNK_EXPONENT = 2.5
CAVITY: dict[float, list[tuple[float, float]]] = {
    -40: [(0, -36), (15, -34), (24, -5), (28, 20), (22, 48), (0, 60)],
    -25: [(0, -45), (25, -48), (33, -20), (33, 25), (25, 56), (0, 74)],
    0: [(0, -66), (50, -68), (50, -45), (42, 0), (38, 50), (0, 85)],
    25: [(0, -76), (85, -70), (88, -52), (58, 0), (52, 55), (0, 82)],
    50: [(0, -86), (112, -70), (108, -46), (72, 0), (58, 55), (0, 74)],
    75: [(0, -92), (126, -70), (118, -32), (78, 0), (46, 30), (0, 52)],
    100: [(0, -96), (132, -72), (134, -32), (98, 0), (46, 10), (0, 18)],
    130: [(0, -99), (136, -74), (146, -26), (120, 10), (56, 20), (0, -14)],
    220: [(0, -102), (130, -76), (144, -22), (126, 28), (56, 30), (0, -14)],
}
CAVITY_ROUNDING_MM = 10.0
SKIN_MM = 2.0
CLEFT_MM = 1.6  # half the width of the natal cleft


@dataclass(frozen=True, eq=False)
class Body:
    """Signed distances that the inner organs need, on the whole canvas, mm."""

    skin: Samples
    fascia: Samples
    cavity_box: Box
    cavity: Samples


def body_reach(patient: Patient) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the patient reaches from the anatomical origin: lowest and highest x, y in scanner mm."""
    side = 186 + patient.fat_mm + patient.buttock_fat_mm * 0.5
    front = 124 + patient.fat_mm + max(patient.belly_fat_mm, 22)
    back = 112 + patient.fat_mm + patient.buttock_fat_mm * 0.7
    slack = 14  # tilt and warp
    low, high = np.array([-side, -front]), np.array([side, back])
    return low * patient.scale[:2] - slack, high * patient.scale[:2] + slack


def paint_body(canvas: Canvas, patient: Patient) -> Body:
    """Fill the body with fat, skin, the muscle compartments with their fat planes, and the fat of the cavity."""
    rng = stream(patient.seed, "body")
    trunk = _trunk_table(patient, rng)
    legs = _legs(rng)
    fat = np.array([patient.fat_mm, patient.belly_fat_mm, patient.buttock_fat_mm], np.float32)
    skin, fascia = canvas.smooth_fields(lambda x, y, z: _skin_and_fascia(x, y, z, trunk, legs, fat))
    fascia += 1.8 * canvas.rough
    skin_hu = float(rng.uniform(-20, 30))
    for slab in canvas.slabs():
        skin[slab] = np.maximum(skin[slab], _natal_cleft(canvas, slab))
        _paint_skin_and_fat(canvas, patient, slab, skin[slab], skin_hu)
        fascia[slab] = np.maximum(fascia[slab] + 1.1 * canvas.rough[slab], skin[slab] + SKIN_MM + 2.0)
    paint_compartments(canvas, patient, fascia, rng)
    box, cavity = _paint_cavity(canvas, patient, rng)
    return Body(skin, fascia, box, cavity)


def _natal_cleft(canvas: Canvas, slab: Box) -> Samples:
    """Negative distance into the slit of air between the buttocks, deeper further down."""
    x, y, z = canvas.x[slab], canvas.y[slab], canvas.z[slab]
    floor = 55 + 0.6 * (z + 90).clip(-10)
    return np.minimum(np.float32(CLEFT_MM) - np.abs(x), y - floor)


def _paint_skin_and_fat(canvas: Canvas, patient: Patient, slab: Box, skin: Samples, skin_hu: float) -> None:
    """Fat with its septa and small vessels, inside a thin skin."""
    texture = canvas.texture[slab]
    body = canvas.cover(skin)
    canvas.paint(slab, body, patient.fat_hu + 5 * texture + 45 * np.clip(texture - 2.0, 0, 1))
    canvas.paint(slab, body * canvas.cover(-(skin + SKIN_MM)), skin_hu)


def _trunk_table(patient: Patient, rng: np.random.Generator) -> Samples:
    slack = rng.normal(0, 3)  # muscular or slim
    loft = Loft.ribbon({z: [(a + slack, front - slack, back + slack)] for z, (a, front, back) in TRUNK.items()})
    return np.ascontiguousarray(loft.table[:, 0])


def _legs(rng: np.random.Generator) -> Samples:
    """Per leg: x, y at z = -50, shift of x and y per mm of descent, half width, half depth."""
    spread, bend = rng.normal(0.02, 0.06), rng.normal(0, 0.06)
    girth = rng.normal(1.0, 0.06)
    legs = [
        (side * (95 + rng.normal(0, 2)), 9 + rng.normal(0, 3), side * spread, bend, 82 * girth, 81 * girth)
        for side in (-1, 1)
    ]
    return np.asarray(legs, np.float32)


@njit(cache=True, fastmath=True)
def _skin_and_fascia(
    x: Samples, y: Samples, z: Samples, trunk: Samples, legs: Samples, fat: Samples
) -> tuple[Samples, Samples]:
    """Signed distances: trunk and legs joined smoothly; the skin lies a varying thickness of fat outside."""
    ni, nj, nk = x.shape
    skin = np.empty((nk, nj, ni), np.float32).T
    fascia = np.empty((nk, nj, ni), np.float32).T
    for k in range(nk):
        for j in range(nj):
            for i in range(ni):
                px, py, pz = x[i, j, k], y[i, j, k], z[i, j, k]
                inner = _trunk_distance(px, py, pz, trunk)
                outer = _trunk_distance(px, py, max(pz, np.float32(-50.0)), trunk)
                outer += max(np.float32(0.0), -72 - pz) * np.float32(0.6)  # perineum and mons fill the gap of the legs
                down = max(np.float32(0.0), -50 - pz)
                for s in range(2):
                    leg = _ellipse(
                        px - legs[s, 0] - legs[s, 2] * down,
                        py - legs[s, 1] - legs[s, 3] * down,
                        legs[s, 4] * (1 - down * np.float32(0.0009)),
                        legs[s, 5] * (1 - down * np.float32(0.0009)),
                        np.float32(2.8),
                    )
                    leg += max(np.float32(0.0), pz + 20) * np.float32(0.6)
                    inner = _smooth_min(inner, leg, np.float32(12.0))
                    outer = _smooth_min(outer, leg, np.float32(40.0))
                fascia[i, j, k] = -_smooth_min(-inner, -_beyond_wing(px, py, pz), np.float32(20.0))
                skin[i, j, k] = min(outer, inner - 2) - _fat_thickness(px, py, pz, fat)
    return skin, fascia


@njit(cache=True, fastmath=True)
def _beyond_wing(px: np.float32, py: np.float32, pz: np.float32) -> np.float32:
    """Behind and beside the upper iliac wing there is little muscle: distance beyond the plane that ends it."""
    return abs(px) * np.float32(0.79) + py * np.float32(0.61) - 118 - max(np.float32(0.0), 132 - pz) * np.float32(0.6)


@njit(cache=True, fastmath=True)
def _trunk_distance(px: np.float32, py: np.float32, pz: np.float32, trunk: Samples) -> np.float32:
    level = min(np.float32(trunk.shape[0] - 1.001), max(np.float32(0.0), (pz + 75) / np.float32(2.0)))
    m = int(level)
    f = level - m
    a = trunk[m, 0] + f * (trunk[m + 1, 0] - trunk[m, 0])
    front = trunk[m, 1] + f * (trunk[m + 1, 1] - trunk[m, 1])
    back = trunk[m, 2] + f * (trunk[m + 1, 2] - trunk[m, 2])
    inner = _ellipse(px, py - (front + back) / 2, a, (back - front) / 2, np.float32(TRUNK_EXPONENT))
    return inner + max(np.float32(0.0), -60 - pz) * np.float32(1.2)


@njit(cache=True, fastmath=True)
def _ellipse(u: np.float32, v: np.float32, a: np.float32, b: np.float32, p: np.float32) -> np.float32:
    """Distance to a superellipse, true to first order at its edge."""
    us, vs = max(abs(u) / a, np.float32(1e-3)), max(abs(v) / b, np.float32(1e-3))
    up, vp = us ** (p - 1), vs ** (p - 1)
    level = (up * us + vp * vs) ** (1 / p)
    slope = level ** (1 - p) * np.sqrt((up / a) ** 2 + (vp / b) ** 2)
    return (level - 1) / max(slope, 1 / max(a, b))


@njit(cache=True, fastmath=True)
def _smooth_min(a: np.float32, b: np.float32, blend: np.float32) -> np.float32:
    h = max(blend - abs(a - b), np.float32(0.0)) / blend
    return min(a, b) - h * h * blend * np.float32(0.25)


@njit(cache=True, fastmath=True)
def _fat_thickness(px: np.float32, py: np.float32, pz: np.float32, fat: Samples) -> np.float32:
    """Subcutaneous fat: an even layer, thicker over the belly and the mons, and behind the iliac crests."""
    forward = min(np.float32(1.0), max(np.float32(0.0), (-py - 20) / np.float32(60.0)))
    middle = np.exp(-((px / np.float32(95.0)) ** 2))
    belly = fat[1] * forward * middle * min(np.float32(1.0), max(np.float32(0.0), (pz + 40) / np.float32(60.0)))
    mons = np.float32(22.0) * forward * np.exp(-((px / np.float32(60.0)) ** 2) - ((pz + 30) / np.float32(28.0)) ** 2)
    aside = np.exp(-(((abs(px) - 95) / np.float32(60.0)) ** 2) - ((pz - 85) / np.float32(60.0)) ** 2)
    behind = min(np.float32(1.0), max(np.float32(0.0), (py + 10) / np.float32(60.0)))
    leg = np.float32(1.0) - np.float32(0.25) * min(np.float32(1.0), max(np.float32(0.0), (-pz - 20) / np.float32(60.0)))
    thin_back = np.float32(1.0) - np.float32(0.45) * behind * np.exp(-((px / np.float32(60.0)) ** 2))
    return fat[0] * leg * thin_back + belly + mons + fat[2] * aside * behind


def _paint_cavity(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> tuple[Box, Samples]:
    """Visceral fat with strands, inside the abdominal wall."""
    wobble = rng.normal(0, 2, (6, 2)) * (0, 1)
    shrink = CAVITY_ROUNDING_MM * 1.0
    levels = {z: _shrunk(np.asarray(half, float) + wobble, shrink) for z, half in CAVITY.items()}
    box, distance = canvas.distance(Loft.outline(levels, CAVITY_ROUNDING_MM))
    strands = np.abs(canvas.rough[box] + 0.8 * canvas.texture[box])
    fat = patient.fat_hu + 6 + 5 * canvas.texture[box] + np.clip(40 * (0.25 - strands) / 0.25, 0, 40)
    fat += np.clip(canvas.texture[box] - 1.9, 0, 0.8) * (patient.vein_hu + 60)  # mesenteric vessels cut across
    canvas.paint(box, canvas.cover(distance), fat)
    return box, distance


def _shrunk(half: NDArray[np.float64], by_mm: float) -> NDArray[np.float64]:
    """An outline moved towards its middle, to make room for the rounding."""
    middle = np.array([0.0, half[:, 1].mean()])
    arm = half - middle
    length = np.maximum(np.linalg.norm(arm, axis=1, keepdims=True), by_mm + 4)
    return middle + arm * (1 - by_mm / length)
