"""Shapes whose inside, volume and centroid are known by formula.

A shape lives in scan coordinates: millimetres along i, j and k of a grid, from the centre of its voxel (0, 0, 0). So
slices are planes of constant w whatever the orientation of the scan, and where a shape lies in the patient follows
from the grid. Every shape says which points it holds and which contours a plane w cuts out of it; neither is computed
from the other, nor by anything of the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Millimetres = tuple[float, float, float]
CHORD_MM = 0.1  # length of a polygon's edges; written coordinates are rounded to a tenth of it
FEWEST_CHORDS = 64


class Shape(Protocol):
    """What the suite asks of a shape; all lengths in mm of scan coordinates."""

    def contains(self, u: Points, v: Points, w: Points) -> NDArray[np.bool_]:
        """Whether the points, arrays that broadcast together, are inside."""

    def sections(self, w: float) -> list[Points]:
        """The closed contours (n, 2) in the plane w; holes are contours too. None where the plane misses the shape."""

    @property
    def volume_mm3(self) -> float:
        """Its volume."""

    @property
    def centroid(self) -> Millimetres:
        """Its centre of mass."""


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned about i and then about k; a sphere where the semi-axes are equal."""

    centre: Millimetres
    semi_axes_mm: Millimetres
    tilt_deg: float = 0.0
    turn_deg: float = 0.0

    def contains(self, u: Points, v: Points, w: Points) -> NDArray[np.bool_]:
        """Inside where x A x < 1."""
        x, y, z = u - self.centre[0], v - self.centre[1], w - self.centre[2]
        (a, b, c), (_, d, e), (_, _, f) = self._form()
        inside: NDArray[np.bool_] = a * x * x + d * y * y + f * z * z + 2 * (b * x * y + c * x * z + e * y * z) < 1
        return inside

    def sections(self, w: float) -> list[Points]:
        """One ellipse: with z fixed, x A x = 1 is a quadratic form in two variables about a shifted middle."""
        form, z = self._form(), w - self.centre[2]
        middle = -np.linalg.solve(form[:2, :2], form[:2, 2]) * z
        height = 1 - z * z * (form[2, 2] - form[2, :2] @ np.linalg.solve(form[:2, :2], form[:2, 2]))
        if height <= 0:
            return []
        stretch = np.sqrt(height) * np.linalg.inv(np.linalg.cholesky(form[:2, :2]))
        circle = unit_circle(np.sqrt(height) / np.sqrt(np.linalg.eigvalsh(form[:2, :2])[0]))
        return [circle @ stretch + middle + self.centre[:2]]

    def _form(self) -> NDArray[np.float64]:
        """The symmetric matrix A."""
        tilt, turn = np.deg2rad([self.tilt_deg, self.turn_deg])
        about_i = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
        about_k = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        axes = about_k @ about_i
        form: NDArray[np.float64] = axes @ np.diag(1 / np.square(self.semi_axes_mm)) @ axes.T
        return form

    @property
    def volume_mm3(self) -> float:
        """4/3 pi a b c."""
        return float(4 / 3 * np.pi * np.prod(self.semi_axes_mm))

    @property
    def centroid(self) -> Millimetres:
        """Its centre."""
        return self.centre


@dataclass(frozen=True)
class Tube:
    """A slanting cylinder with round sections, solid or with a round hole all along it.

    Attributes:
        centre: the middle of its axis.
        radius_mm: within the slice.
        length_mm: along k.
        slant: how far (along i, along j) its axis moves with every mm along k.
        hole: centre (u, v) of the hole relative to that of the tube, and its radius; None for a solid tube.
        keyhole: the hole is part of the outer contour, joined to it by a channel without width.
    """

    centre: Millimetres
    radius_mm: float
    length_mm: float
    slant: tuple[float, float]
    hole: Millimetres | None = None
    keyhole: bool = False

    def contains(self, u: Points, v: Points, w: Points) -> NDArray[np.bool_]:
        """Inside the cylinder, between its ends, and not in the hole."""
        z = w - self.centre[2]
        x, y = u - self.centre[0] - self.slant[0] * z, v - self.centre[1] - self.slant[1] * z
        inside: NDArray[np.bool_] = (np.hypot(x, y) < self.radius_mm) & (abs(z) < self.length_mm / 2)
        if self.hole is not None:
            inside = inside & (np.hypot(x - self.hole[0], y - self.hole[1]) >= self.hole[2])
        return inside

    def sections(self, w: float) -> list[Points]:
        """One circle, two, or the two as one contour."""
        z = w - self.centre[2]
        if abs(z) >= self.length_mm / 2:
            return []
        middle = np.add(self.centre[:2], np.multiply(self.slant, z))
        outer = self.radius_mm * unit_circle(self.radius_mm) + middle
        if self.hole is None:
            return [outer]
        inner = self.hole[2] * unit_circle(self.hole[2])[::-1] + middle + self.hole[:2]
        # There and back along the same edge: outer[0] to inner[0], and the closing edge from inner[0] to outer[0].
        return [np.vstack([outer, outer[:1], inner, inner[:1]])] if self.keyhole else [outer, inner]

    @property
    def volume_mm3(self) -> float:
        """Pi r^2 l, less the hole."""
        hole_mm = 0.0 if self.hole is None else self.hole[2]
        return float(np.pi * (self.radius_mm**2 - hole_mm**2) * self.length_mm)

    @property
    def centroid(self) -> Millimetres:
        """On the axis, or away from the hole."""
        u, v, w = self.centre
        if self.hole is None:
            return self.centre
        lack = self.hole[2] ** 2 / (self.radius_mm**2 - self.hole[2] ** 2)
        return u - lack * self.hole[0], v - lack * self.hole[1], w


@dataclass(frozen=True)
class Bifurcation:
    """A slanting tube that splits: from `centre` upwards two axes part along i, and every section is two discs.

    The volume formula holds where the branches come wholly apart: apart_per_mm * branch_mm >= 2 * radius_mm.

    Attributes:
        centre: where the axes part.
        radius_mm: of the trunk and of each branch, within the slice.
        trunk_mm: length below the centre.
        branch_mm: height above it.
        apart_per_mm: how much farther apart the two axes are after 1 mm along k.
        slant: how far (along i, along j) the whole moves with every mm along k.
    """

    centre: Millimetres
    radius_mm: float
    trunk_mm: float
    branch_mm: float
    apart_per_mm: float
    slant: tuple[float, float]

    def contains(self, u: Points, v: Points, w: Points) -> NDArray[np.bool_]:
        """In either disc, between the ends."""
        z = w - self.centre[2]
        x, y = u - self.centre[0] - self.slant[0] * z, v - self.centre[1] - self.slant[1] * z
        nearer: NDArray[np.float64] = np.hypot(abs(x) - self.apart_per_mm / 2 * np.maximum(z, 0), y)
        return (nearer < self.radius_mm) & (z > -self.trunk_mm) & (z < self.branch_mm)

    def sections(self, w: float) -> list[Points]:
        """A circle, the outline of two discs that overlap, or two circles."""
        z = w - self.centre[2]
        if not -self.trunk_mm < z < self.branch_mm:
            return []
        middle = np.add(self.centre[:2], np.multiply(self.slant, z))
        circle = self.radius_mm * unit_circle(self.radius_mm)
        offset = self.apart_per_mm / 2 * max(z, 0.0)
        right = circle + np.array([offset, 0.0])
        left = -right
        if offset == 0:
            return [circle + middle]
        if offset >= self.radius_mm:
            return [right + middle, left + middle]
        # The arc of each disc outside of the other, from notch to notch; it begins where the angle is lowest.
        half = np.roll(right, len(right) // 2, axis=0)
        arc = half[half[:, 0] > 0]
        notch = np.array([[0.0, np.sqrt(self.radius_mm**2 - offset**2)]])
        return [np.vstack([arc, notch, -arc, -notch]) + middle]

    @property
    def volume_mm3(self) -> float:
        """Trunk and two branches, less what these share: two discs at d share an area whose integral is 8/3 r^3."""
        trunk = np.pi * self.radius_mm**2 * self.trunk_mm
        branches = 2 * np.pi * self.radius_mm**2 * self.branch_mm
        return float(trunk + branches - 8 / 3 * self.radius_mm**3 / self.apart_per_mm)

    @property
    def centroid(self) -> Millimetres:
        """On the slanting axis; the moment of what the branches share is pi r^4 / (2 apart_per_mm^2)."""
        r, apart = self.radius_mm, self.apart_per_mm
        moment = np.pi * r**2 * (self.branch_mm**2 - self.trunk_mm**2 / 2) - np.pi / 2 * r**4 / apart**2
        height = float(moment / self.volume_mm3)
        u, v, w = self.centre
        return u + self.slant[0] * height, v + self.slant[1] * height, w + height


@dataclass(frozen=True)
class Box:
    """A box along the axes of the scan: as a line of voxels it is one voxel wide."""

    centre: Millimetres
    size_mm: Millimetres

    def contains(self, u: Points, v: Points, w: Points) -> NDArray[np.bool_]:
        """Between all six faces."""
        along_i, along_j, along_k = (
            abs(x - middle) < size / 2 for x, middle, size in zip((u, v, w), self.centre, self.size_mm, strict=True)
        )
        inside: NDArray[np.bool_] = along_i & along_j & along_k
        return inside

    def sections(self, w: float) -> list[Points]:
        """One rectangle of four points."""
        if abs(w - self.centre[2]) >= self.size_mm[2] / 2:
            return []
        corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        return [corners * self.size_mm[:2] + self.centre[:2]]

    @property
    def volume_mm3(self) -> float:
        """Length, width and height."""
        return float(np.prod(self.size_mm))

    @property
    def centroid(self) -> Millimetres:
        """Its centre."""
        return self.centre


def unit_circle(radius_mm: float) -> Points:
    """A regular polygon (n, 2) of the area of the unit circle, which it leaves by less than its edges' sagitta.

    Args:
        radius_mm: what it is to be enlarged to: decides how many edges of CHORD_MM or less it has, an even number.
    """
    chords = max(FEWEST_CHORDS, 2 * int(np.ceil(np.pi * radius_mm / CHORD_MM)))
    angle = 2 * np.pi / chords
    # Half a step off the axes: no two points of a circle share a coordinate with its centre.
    turns = angle * (np.arange(chords) + 0.5)
    return np.sqrt(angle / np.sin(angle)) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
