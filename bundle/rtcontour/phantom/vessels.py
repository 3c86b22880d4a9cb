"""Aorta, cava, iliac and femoral vessels, and the nodal volume around the pelvic ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.patient import Patient, stream, wobbled
from rtcontour.phantom.shapes import Chain

AORTA = [(12, -28, 225, 9), (10, -32, 180, 9), (4, -32, 152, 8.5)]
CAVA = [(-20, -22, 225, 11), (-18, -24, 180, 11), (-12, -22, 140, 10.5)]
COMMON_ARTERY = [(4, -32, 152, 6.5), (20, -30, 128, 5.8), (34, -22, 104, 5.5), (46, -12, 82, 5.5)]
COMMON_VEIN = [(-12, -22, 140, 8), (16, -18, 122, 7.5), (34, -10, 100, 7), (50, -2, 80, 7)]
COMMON_VEIN_RIGHT = [(12, -22, 140, 9), (26, -14, 120, 7.5), (40, -8, 100, 7), (52, -2, 80, 7)]
EXTERNAL_ARTERY = [
    (46, -12, 82, 5),
    (56, -24, 60, 4.6),
    (66, -40, 32, 4.5),
    (73, -50, 8, 4.6),
    (79, -50, -18, 4.6),
    (83, -48, -60, 4.2),
    (82, -42, -120, 4),
    (76, -30, -215, 3.8),
]
EXTERNAL_VEIN = [
    (50, -2, 80, 6.2),
    (58, -14, 58, 6),
    (62, -32, 30, 6),
    (65, -44, 6, 6),
    (70, -44, -18, 6.2),
    (76, -38, -60, 5.6),
    (78, -32, -120, 5),
    (78, -24, -215, 5),
]
INTERNAL_ARTERY = [(46, -12, 82, 4.2), (50, 8, 66, 3.8), (54, 28, 48, 3.2), (52, 34, 24, 2.4), (50, 30, 8, 1.8)]
INTERNAL_VEIN = [(50, -2, 80, 5), (53, 14, 64, 4.4), (56, 34, 46, 3.6), (54, 40, 24, 2.6), (51, 36, 6, 2)]
DEEP_FEMORAL = [(83, -47, -40, 3), (96, -34, -80, 3), (100, -22, -160, 2.5)]
NODAL_MARGIN_MM = 7.0  # around common, external and internal iliac vessels


@dataclass(frozen=True, eq=False)
class Vessels:
    """The vessels as painted, on the canvas: all of them, and the nodal region before bone and muscle are cut out."""

    mask: NDArray[np.bool_]
    nodal_region: NDArray[np.bool_]


def paint_vessels(canvas: Canvas, patient: Patient) -> Vessels:
    """Paint veins, then arteries with calcified plaques, and grow the nodal region around the pelvic ones."""
    rng = stream(patient.seed, "vessels")
    veins, arteries, pelvic = [Chain.through(wobbled(rng, CAVA, 1.5))], [Chain.through(wobbled(rng, AORTA, 1.5))], []
    for side in (-1, 1):
        common_vein = COMMON_VEIN_RIGHT if side < 0 else COMMON_VEIN
        drawn = [
            _sided(rng, knots, side)
            for knots in (common_vein, EXTERNAL_VEIN, INTERNAL_VEIN, COMMON_ARTERY, EXTERNAL_ARTERY, INTERNAL_ARTERY)
        ]
        veins += [*drawn[:3], _sided(rng, [(66, -58, -10, 2.2), (62, -66, -60, 2.5), (60, -62, -150, 2.5)], side)]
        arteries += [*drawn[3:], _sided(rng, DEEP_FEMORAL, side)]
        pelvic += drawn
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    for vein in veins:
        _paint_vessel(canvas, mask, vein, patient.vein_hu)
    for artery in arteries:
        _paint_vessel(canvas, mask, artery, patient.artery_hu)
    _paint_plaques(canvas, arteries, rng)
    return Vessels(mask, _nodal_region(canvas, pelvic, rng))


def _sided(rng: np.random.Generator, knots: Sequence[Sequence[float]], side: int) -> Chain:
    points = wobbled(rng, knots, 1.8)
    points[0] = knots[0]  # so that branches stay connected
    return Chain.through(points * (side, 1, 1, 1) if knots is not COMMON_ARTERY else _towards(points, side), 3)


def _towards(points: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """The common artery starts at the aorta, left of the middle, on both sides."""
    mirrored = points * (side, 1, 1, 1)
    mirrored[0, 0] = points[0, 0]
    return mirrored


def _paint_vessel(canvas: Canvas, mask: NDArray[np.bool_], vessel: Chain, blood_hu: float) -> None:
    box, distance = canvas.distance(vessel)
    canvas.paint(box, canvas.cover(distance), blood_hu)
    mask[box] |= distance < 0


def _paint_plaques(canvas: Canvas, arteries: list[Chain], rng: np.random.Generator) -> None:
    for _ in range(rng.poisson(rng.choice([0, 3, 14]))):
        segment = rng.choice(np.vstack([artery.segments for artery in arteries]))
        t = rng.random()
        spot = segment[:3] + t * (segment[4:7] - segment[:3])
        edge = rng.normal(size=3)
        spot = spot + edge / np.linalg.norm(edge) * (segment[3] - 1)
        canvas.paint_shape(Chain.ball(spot, float(rng.uniform(0.8, 2.2))), float(rng.uniform(300, 900)))


def paint_plexus(canvas: Canvas, patient: Patient) -> None:
    """Small veins and strands in the fat where bladder, prostate or uterus, and rectum will lie."""
    rng = stream(patient.seed, "plexus")
    for _ in range(int(rng.integers(25, 90))):
        angle, z = rng.uniform(0, 2 * np.pi), rng.uniform(-25, 45)
        spot = np.array([40 * np.cos(angle), 18 + 42 * np.sin(angle), z]) * rng.uniform(0.75, 1.1, 3)
        path = spot + np.cumsum(rng.normal(0, 5, (3, 3)), axis=0)
        strand = Chain.through(np.column_stack([path, rng.uniform(0.8, 2.4, 3)]), 2)
        canvas.paint_shape(strand, float(rng.uniform(0, patient.vein_hu)), 6)


def _nodal_region(canvas: Canvas, pelvic: list[Chain], rng: np.random.Generator) -> NDArray[np.bool_]:
    """All within the margin of the iliac vessels, from the lower end of the external ones to the promontory."""
    region = np.zeros(canvas.hu.shape, np.bool_, order="F")
    bottom, top = rng.uniform(-2, 14), rng.uniform(100, 128)
    for vessel in pelvic:
        box, distance = canvas.distance(vessel, reach_mm=NODAL_MARGIN_MM + 2)
        z = canvas.z[box]
        region[box] |= (distance < NODAL_MARGIN_MM) & (z > bottom) & (z < top)
    return region
