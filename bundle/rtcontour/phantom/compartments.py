"""Muscle compartments: bellies with planes of fat between them, and fat within.

Muscles without a shape of their own are cells around seeds drawn out along z; the gluteus maximus and the abdominal
wall are layers along the fascia.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.patient import Patient
from rtcontour.phantom.shapes import Samples

SEED_REACH_MM = 85.0  # no cell is larger


def paint_compartments(canvas: Canvas, patient: Patient, fascia: Samples, rng: np.random.Generator) -> None:
    """Fill the fascia with muscle, the planes between the bellies and the streaks of fat within.

    Args:
        canvas: skin and fat are painted already.
        patient: how much fat, and the HU.
        fascia: signed distance to the muscle envelope on the whole canvas, mm.
        rng: random numbers.
    """
    bend, fine = canvas.noise(26.0, rng), canvas.noise(2.5, rng)
    layer_mm = np.float32(rng.uniform(28, 40))  # thickness of the gluteus maximus
    planes = _fat_planes(canvas.x, canvas.y, canvas.z, fascia, canvas.rough, bend, _muscle_seeds(rng), layer_mm)
    widest_mm = np.float32(0.4 + 1.8 * patient.marbling)
    for slab in canvas.slabs():
        muscle = patient.muscle_hu + 3 * canvas.texture[slab]
        streaks = np.clip((fine[slab] + 0.8 * bend[slab] - 2.7 + 1.8 * patient.marbling) * 0.8, 0, 0.6)
        muscle += streaks * (patient.fat_hu - muscle)
        looser = 1 + 0.8 * np.clip((-45 - canvas.z[slab]) / 40, 0, 1)  # the thighs
        plane_mm = widest_mm * (0.7 - 0.9 * canvas.rough[slab]) * looser
        flesh = np.clip(0.5 + (planes[slab] - plane_mm) / 1.6, 0, 1)
        canvas.paint(slab, canvas.cover(fascia[slab]), patient.fat_hu + flesh * (muscle - patient.fat_hu))


def _muscle_seeds(rng: np.random.Generator) -> Samples:
    """(n, 3) seeds on a jittered hexagonal lattice, alike on both sides but for a few mm."""
    half = []
    for level, z in enumerate(np.arange(-220, 240, 85.0)):
        for row, y in enumerate(np.arange(-110, 125, 33.0)):
            for x in np.arange(10 + 20 * ((row + level) % 2), 190, 42.0):
                half.append((x + rng.normal(0, 9), y + rng.normal(0, 8), z + rng.normal(0, 18)))
    left = np.asarray(half, np.float32)
    right = left * (-1, 1, 1) + rng.normal(0, 2.5, left.shape)
    return np.vstack([left, right]).astype(np.float32)


@njit(cache=True, fastmath=True)
def _fat_planes(
    x: Samples,
    y: Samples,
    z: Samples,
    fascia: Samples,
    bend_x: Samples,
    bend_y: Samples,
    seeds: Samples,
    depth: np.float32,
) -> Samples:
    """Distance in mm to the nearest plane between two muscles, within the fascia."""
    ni, nj, nk = x.shape
    out = np.full((nk, nj, ni), np.float32(9.0)).T
    flat = np.float32(0.1)  # muscles run along z
    near = np.empty(seeds.shape[0], np.int64)
    for k in range(nk):
        for j0 in range(0, nj, 16):
            for i0 in range(0, ni, 16):
                i1, j1 = min(i0 + 16, ni), min(j0 + 16, nj)
                if fascia[(i0 + i1) // 2, (j0 + j1) // 2, k] > 24:
                    continue
                count = _seeds_in_reach(x, y, z, seeds, near, (i0 + i1) // 2, (j0 + j1) // 2, k, flat)
                for j in range(j0, j1):
                    for i in range(i0, i1):
                        if fascia[i, j, k] > 1:
                            continue
                        px, py, pz = x[i, j, k] + 3 * bend_x[i, j, k], y[i, j, k] + 3 * bend_y[i, j, k], z[i, j, k]
                        first, second = np.float32(1e9), np.float32(1e9)
                        for n in range(count):
                            s = near[n]
                            d = (px - seeds[s, 0]) ** 2 + (py - seeds[s, 1]) ** 2 + flat * (pz - seeds[s, 2]) ** 2
                            if d < first:
                                first, second = d, first
                            elif d < second:
                                second = d
                        plane = (np.sqrt(second) - np.sqrt(first)) / 2
                        plane = _layered(plane, px, py, pz, fascia[i, j, k], depth)
                        out[i, j, k] = plane
    return out


@njit(cache=True, fastmath=True)
def _layered(
    plane: np.float32, px: np.float32, py: np.float32, pz: np.float32, fascia: np.float32, depth: np.float32
) -> np.float32:
    """Planes along the surface: gluteus maximus over the deeper muscles, and the layers of the abdominal wall."""
    if py < -25 and pz > 15 - (py + 60) * np.float32(0.4) and fascia > -22:
        layers = min(abs(fascia + 7), abs(fascia + 13)) * np.float32(1.6)
        return min(abs(px), layers if abs(px) > 62 else np.float32(9.0))
    gluteal = depth * (1 - max(np.float32(0.0), pz - 55) / 50) + max(np.float32(0.0), 25 - py) * np.float32(1.5)
    if gluteal > 4 and py > -30:
        edge = abs(fascia + gluteal)
        return min(plane, edge) if fascia < -gluteal else edge
    return plane


@njit(cache=True, fastmath=True)
def _seeds_in_reach(
    x: Samples,
    y: Samples,
    z: Samples,
    seeds: Samples,
    near: NDArray[np.int64],
    i: int,
    j: int,
    k: int,
    flat: np.float32,
) -> int:
    count = 0
    for s in range(seeds.shape[0]):
        d = (x[i, j, k] - seeds[s, 0]) ** 2 + (y[i, j, k] - seeds[s, 1]) ** 2 + flat * (z[i, j, k] - seeds[s, 2]) ** 2
        if d < SEED_REACH_MM**2:
            near[count] = s
            count += 1
    return count
