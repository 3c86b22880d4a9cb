"""How the patient lies: from scanner millimetres to the anatomical frame, with a smooth individual warp.

The anatomical frame has its origin midway between the femoral heads of a patient of average size; x points to the
patient's left, y to posterior, z to superior, in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

WAVES = 6  # plane waves per axis of the warp


@dataclass(frozen=True, eq=False)
class Pose:
    """Rotation, size and place of the patient, and the warp that makes every patient a little different.

    Attributes:
        centre_mm: scanner position of the anatomical origin.
        axes: rows are the anatomical axes in scanner coordinates.
        scale: patient size along the anatomical axes, 1 for average.
        waves: (3, WAVES, 5): wave vector in radians per mm, phase and amplitude in mm, per axis.
    """

    centre_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    scale: NDArray[np.float64]
    waves: NDArray[np.float64]

    @property
    def per_mm(self) -> float:
        """Anatomical millimetres per scanner millimetre, within the slice."""
        return float(1 / np.mean(self.scale[:2]))

    @property
    def warp_reach_mm(self) -> float:
        """The furthest that the warp moves anything, in scanner mm."""
        return float(np.abs(self.waves[..., 4]).sum(axis=1).max() * self.scale.max())

    def to_anatomical(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) scanner mm -> (n, 3) anatomical mm."""
        straight = (points_mm - self.centre_mm) @ self.axes.T / self.scale
        return _warp(np.ascontiguousarray(straight), self.waves)

    def to_scanner(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) anatomical mm -> (n, 3) scanner mm, exact but for the warp (at most `warp_reach_mm`)."""
        return (points * self.scale) @ self.axes + self.centre_mm


@njit(cache=True, fastmath=True)
def _warp(points: NDArray[np.float64], waves: NDArray[np.float64]) -> NDArray[np.float64]:
    bent = points.copy()
    for n in range(points.shape[0]):
        for axis in range(3):
            for w in range(waves.shape[1]):
                u, v, s, phase, amplitude = waves[axis, w]
                angle = u * points[n, 0] + v * points[n, 1] + s * points[n, 2] + phase
                bent[n, axis] += amplitude * np.sin(angle)
    return bent


def draw_pose(rng: np.random.Generator, centre_mm: NDArray[np.float64], scale: NDArray[np.float64]) -> Pose:
    """A supine patient, tilted and bent a little: up to about 10 degrees of pelvic tilt, 4 of roll and turn."""
    pitch, roll, turn = np.radians(np.clip(rng.normal(0, [4.5, 2.0, 2.0]), [-11, -5, -5], [11, 5, 5]))
    waves = np.empty((3, WAVES, 5))
    direction = rng.normal(size=(3, WAVES, 3))
    wavelength = rng.uniform(90, 260, size=(3, WAVES, 1))
    waves[..., :3] = 2 * np.pi * direction / np.linalg.norm(direction, axis=2, keepdims=True) / wavelength
    waves[..., 3] = rng.uniform(0, 2 * np.pi, size=(3, WAVES))
    waves[..., 4] = rng.normal(0, 1, size=(3, WAVES)) * wavelength[..., 0] / 170  # long waves may be higher
    return Pose(centre_mm, _turn(2, turn) @ _turn(1, roll) @ _turn(0, pitch), scale, waves)


def _turn(axis: int, angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    a, b = [n for n in range(3) if n != axis]
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = cos, -sin, sin, cos
    return matrix
