"""Implicit shapes in anatomical millimetres: signed distance, negative inside.

A `Chain` is a smooth union of round cones (bones, vessels, bowel). A `Loft` is a planar figure that changes with z:
an open ribbon with a thickness (iliac wing, flat muscles) or a closed outline (body cavity). An `Ellipsoid` is what
it says. Every `distance` takes three arrays of sample coordinates of one shape and gives a float32 array of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

Samples = NDArray[np.floating[Any]]  # float32 wherever whole volumes are concerned
LOFT_STEP_MM = 2.0  # lofts are tabulated this finely, and are linear in between


class Shape(Protocol):
    """What the canvas asks of a shape."""

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner of a box that holds the shape, mm."""

    def distance(self, x: Samples, y: Samples, z: Samples) -> Samples:
        """Signed distance in mm at the samples."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Round cones joined by a smooth union.

    Attributes:
        segments: (n, 8): start x, y, z, radius, end x, y, z, radius, in mm.
        blend_mm: how far the joints are filled.
    """

    segments: NDArray[np.float32]
    blend_mm: float = 0.0

    @classmethod
    def through(cls, points: ArrayLike, blend_mm: float = 0.0) -> Chain:
        """A chain through points (n, 4) of x, y, z, radius."""
        knots = np.asarray(points, np.float32)
        return cls(np.hstack([knots[:-1], knots[1:]]), blend_mm)

    @classmethod
    def ball(cls, centre: ArrayLike, radius_mm: float) -> Chain:
        """One sphere."""
        knot = np.append(np.asarray(centre, np.float32), np.float32(radius_mm))
        return cls(np.hstack([knot, knot])[None].astype(np.float32))

    def joined(self, *others: Chain, blend_mm: float | None = None) -> Chain:
        """All segments as one smooth union."""
        segments = np.vstack([self.segments, *(other.segments for other in others)])
        return Chain(segments, self.blend_mm if blend_mm is None else blend_mm)

    def mirrored(self) -> Chain:
        """The same on the other side of the body."""
        return Chain(self.segments * np.array([-1, 1, 1, 1, -1, 1, 1, 1], np.float32), self.blend_mm)

    def thicker(self, by_mm: float) -> Chain:
        """All radii increased."""
        return Chain(self.segments + np.array([0, 0, 0, by_mm, 0, 0, 0, by_mm], np.float32), self.blend_mm)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner, mm."""
        ends = self.segments.reshape(-1, 4).astype(np.float64)
        reach = ends[:, 3:] + self.blend_mm / 4
        return (ends[:, :3] - reach).min(axis=0), (ends[:, :3] + reach).max(axis=0)

    def distance(self, x: Samples, y: Samples, z: Samples) -> Samples:
        """Signed distance, mm."""
        return _chain_distance(x, y, z, self.segments, np.float32(self.blend_mm))


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid with axes along x, y, z, tilted about the x axis; distance is exact near the surface only."""

    centre: tuple[float, float, float]
    semi_axes: tuple[float, float, float]
    tilt_degrees: float = 0.0

    def mirrored(self) -> Ellipsoid:
        """The same on the other side of the body."""
        x, y, z = self.centre
        return Ellipsoid((-x, y, z), self.semi_axes, self.tilt_degrees)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner, mm."""
        reach = np.array([self.semi_axes[0], max(self.semi_axes[1:]), max(self.semi_axes[1:])])
        return np.asarray(self.centre) - reach, np.asarray(self.centre) + reach

    def distance(self, x: Samples, y: Samples, z: Samples) -> Samples:
        """Signed distance, mm."""
        a, b, c = self.semi_axes
        cos, sin = np.cos(np.radians(self.tilt_degrees)), np.sin(np.radians(self.tilt_degrees))
        u = x - np.float32(self.centre[0])
        v = (y - np.float32(self.centre[1])) * np.float32(cos) + (z - np.float32(self.centre[2])) * np.float32(sin)
        w = (z - np.float32(self.centre[2])) * np.float32(cos) - (y - np.float32(self.centre[1])) * np.float32(sin)
        level = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        slope = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2 + (w / c**2) ** 2)
        return (level * (level - 1) / np.maximum(slope, 1e-6)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Loft:
    """A planar figure that changes smoothly with z.

    Attributes:
        bottom_mm: z of the first row of the table.
        table: (levels, points, 3): x, y, radius every LOFT_STEP_MM.
        closed: the points are an outline, grown by the radius, instead of a ribbon that is 2 radii thick.
    """

    bottom_mm: float
    table: NDArray[np.float32]
    closed: bool

    @classmethod
    def ribbon(cls, levels: Mapping[float, ArrayLike]) -> Loft:
        """An open ribbon: z -> points (n, 3) of x, y, radius; every level has equally many points."""
        return cls._through(levels, closed=False)

    @classmethod
    def outline(cls, levels: Mapping[float, ArrayLike], rounding_mm: float = 0.0) -> Loft:
        """A closed outline, symmetric about x = 0: z -> its left half (n, 2) from front to back."""
        whole = {}
        for z, half in levels.items():
            left = np.asarray(half, np.float64)
            both = np.vstack([left, left[-2:0:-1] * (-1, 1)])
            whole[z] = np.column_stack([both, np.full(len(both), rounding_mm)])
        return cls._through(whole, closed=True)

    @classmethod
    def _through(cls, levels: Mapping[float, ArrayLike], closed: bool) -> Loft:
        heights = np.array(sorted(levels), np.float64)
        knots = np.stack([np.asarray(levels[z], np.float64) for z in sorted(levels)])
        fine = np.arange(heights[0], heights[-1] + LOFT_STEP_MM / 2, LOFT_STEP_MM)
        return cls(float(heights[0]), PchipInterpolator(heights, knots)(fine).astype(np.float32), closed)

    @property
    def top_mm(self) -> float:
        """Height of the last row of the table."""
        return self.bottom_mm + LOFT_STEP_MM * (len(self.table) - 1)

    def mirrored(self) -> Loft:
        """The same on the other side of the body."""
        return Loft(self.bottom_mm, self.table * np.array([-1, 1, 1], np.float32), self.closed)

    def moved(self, x_mm: float, y_mm: float, thicker_mm: float = 0.0) -> Loft:
        """Shifted, and thicker by so much on either side."""
        return Loft(self.bottom_mm, self.table + np.array([x_mm, y_mm, thicker_mm], np.float32), self.closed)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner, mm."""
        xy, radius = self.table[..., :2].astype(np.float64), self.table[..., 2:].astype(np.float64)
        low, high = (xy - radius).min(axis=(0, 1)), (xy + radius).max(axis=(0, 1))
        return np.append(low, self.bottom_mm), np.append(high, self.top_mm)

    def distance(self, x: Samples, y: Samples, z: Samples) -> Samples:
        """Signed distance within the plane z = constant, rounded over the flat ends, mm."""
        return _loft_distance(x, y, z, self.table, np.float32(self.bottom_mm), self.closed)


def smooth_union(a: Samples, b: Samples, blend_mm: float) -> Samples:
    """Distance to two shapes whose joint is filled over `blend_mm`; keeps float32."""
    overlap = np.maximum(np.float32(blend_mm) - np.abs(a - b), 0)
    return np.minimum(a, b) - overlap * overlap * np.float32(0.25 / blend_mm)


@njit(cache=True, fastmath=True)
def _chain_distance(x: Samples, y: Samples, z: Samples, segments: Samples, blend: np.float32) -> Samples:
    ni, nj, nk = x.shape
    out = np.empty((nk, nj, ni), np.float32).T
    for k in range(nk):
        for j in range(nj):
            for i in range(ni):
                best = np.float32(1e6)
                for s in range(segments.shape[0]):
                    d = _round_cone(x[i, j, k], y[i, j, k], z[i, j, k], segments[s])
                    if blend > 0 and abs(d - best) < blend:
                        h = (blend - abs(d - best)) / blend
                        best = min(best, d) - h * h * blend * np.float32(0.25)
                    elif d < best:
                        best = d
                out[i, j, k] = best
    return out


@njit(cache=True, fastmath=True, inline="always")
def _round_cone(px: np.float32, py: np.float32, pz: np.float32, cone: Samples) -> np.float32:
    ux, uy, uz = cone[4] - cone[0], cone[5] - cone[1], cone[6] - cone[2]
    wx, wy, wz = px - cone[0], py - cone[1], pz - cone[2]
    length2 = ux * ux + uy * uy + uz * uz
    t = np.float32(0.0)
    if length2 > 0:
        t = min(np.float32(1.0), max(np.float32(0.0), (wx * ux + wy * uy + wz * uz) / length2))
    dx, dy, dz = wx - t * ux, wy - t * uy, wz - t * uz
    return np.sqrt(dx * dx + dy * dy + dz * dz) - (cone[3] + t * (cone[7] - cone[3]))


@njit(cache=True, fastmath=True)
def _loft_distance(x: Samples, y: Samples, z: Samples, table: Samples, bottom: np.float32, closed: bool) -> Samples:
    ni, nj, nk = x.shape
    levels, n = table.shape[0], table.shape[1]
    out = np.empty((nk, nj, ni), np.float32).T
    edges = n if closed else n - 1
    for k in range(nk):
        for j in range(nj):
            for i in range(ni):
                px, py = x[i, j, k], y[i, j, k]
                level = (z[i, j, k] - bottom) / np.float32(LOFT_STEP_MM)
                beyond = max(-level, level - (levels - 1)) * np.float32(LOFT_STEP_MM)
                level = min(np.float32(levels - 1), max(np.float32(0.0), level))
                m = min(int(level), levels - 2)
                f = level - m
                best = np.float32(1e6)
                inside = False
                ax = table[m, 0, 0] + f * (table[m + 1, 0, 0] - table[m, 0, 0])
                ay = table[m, 0, 1] + f * (table[m + 1, 0, 1] - table[m, 0, 1])
                ar = table[m, 0, 2] + f * (table[m + 1, 0, 2] - table[m, 0, 2])
                for e in range(edges):
                    q = e + 1 if e + 1 < n else 0
                    bx = table[m, q, 0] + f * (table[m + 1, q, 0] - table[m, q, 0])
                    by = table[m, q, 1] + f * (table[m + 1, q, 1] - table[m, q, 1])
                    br = table[m, q, 2] + f * (table[m + 1, q, 2] - table[m, q, 2])
                    ux, uy, wx, wy = bx - ax, by - ay, px - ax, py - ay
                    t = (wx * ux + wy * uy) / max(ux * ux + uy * uy, np.float32(1e-6))
                    t = min(np.float32(1.0), max(np.float32(0.0), t))
                    dx, dy = wx - t * ux, wy - t * uy
                    d = np.sqrt(dx * dx + dy * dy)
                    if not closed:
                        d -= ar + t * (br - ar)
                    best = min(best, d)
                    if closed and (ay <= py) != (by <= py) and px < ax + (py - ay) * ux / uy:
                        inside = not inside
                    ax, ay, ar = bx, by, br
                if closed:
                    best = (-best if inside else best) - ar
                if beyond > 0:
                    best = np.sqrt(max(best, np.float32(0.0)) ** 2 + beyond * beyond)
                elif beyond > best and closed is False:
                    best = max(best, beyond)
                out[i, j, k] = best
    return out
