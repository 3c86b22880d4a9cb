"""Surface Dice: how much of two surfaces lies within a tolerance of each other, weighted by area."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import hypot

import numpy as np
from numpy.typing import NDArray

from rtcontour.metrics.joint_box import ELEMENT, JointBox, Triple
from rtcontour.metrics.nearest import Spacing, distances_mm

Point = tuple[float, float, float]
Polygon = tuple[Point, ...]  # vertices in order
Triangle = tuple[Point, Point, Point]
Ring = tuple[int, int, int, int]

# A distance equal to the tolerance counts as within it. NIfTI keeps spacings as float32, so that three steps of 0.1 mm
# are 5e-9 mm more than 0.3 mm; such a number is off by up to 6e-8 of itself, and one reckoned from several by more.
ROUNDING = 1e-6  # of the tolerance
CORNERS = np.array([(c & 1, c >> 1 & 1, c >> 2 & 1) for c in range(8)])  # corner c of a cell is bit c of its code


def surface_dice(box: JointBox, spacing_mm: Spacing, tolerance_mm: float) -> float:
    """Share of both surfaces, by area, that lies within a tolerance of the other one.

    A cell spans the centres of 2 x 2 x 2 voxels. Where some of the eight are inside and some outside it holds a
    surface element: the marching-cubes polygons through the midpoints between them. Distances are taken between the
    centres of such cells, and an element counts when its distance is at most the tolerance.

    Args:
        box: the two masks, with the margin of `steps_around`; neither is empty.
        spacing_mm: distance between voxel centres along i, j and k.
        tolerance_mm: the largest distance that counts as agreement.

    Returns:
        0 (no part of one surface is near the other) to 1 (all of both is).

    Source:
        Nikolov et al., J Med Internet Res 2021;23(7):e26151, "Performance Metrics"; the cell polygons follow
        Lorensen and Cline, SIGGRAPH 1987.
    """
    areas = element_areas(spacing_mm)[_codes_along_i_j_k(box.axes)]
    to_predicted, to_truth = ELEMENT
    within_mm = tolerance_mm * (1 + ROUNDING)
    within, total = 0.0, 0.0
    for side, mark in ((box.predicted, to_truth), (box.truth, to_predicted)):
        distances = distances_mm(box, side.own_elements, mark, spacing_mm, needed_mm=within_mm)
        apart = np.bincount(side.own_codes[distances > within_mm], minlength=256)
        # Elements are whole numbers until here, so that no agreement is exactly 0 and complete agreement exactly 1.
        within += float((side.element_codes - apart) @ areas)
        total += float(side.element_codes @ areas)
    return within / total


@cache
def _codes_along_i_j_k(axes: Triple) -> NDArray[np.intp]:
    """For each code of a box whose axes lie in memory in another order, the code of the same cell along i, j, k."""
    slow, middle, fast = axes
    corners = CORNERS[:, np.argsort((fast, middle, slow))] @ (1, 2, 4)
    return np.array([sum(1 << int(corners[c]) for c in range(8) if code >> c & 1) for code in range(256)])


@cache
def element_areas(spacing_mm: Spacing) -> NDArray[np.float64]:
    """Area in mm2 of the surface inside a cell, for each of the 256 codes."""
    codes, normals = _triangles_of_all_codes()
    i, j, k = spacing_mm
    areas = np.sqrt(np.square(normals * (j * k, k * i, i * j)).sum(axis=1)) / 2
    return np.asarray(np.bincount(codes, weights=areas, minlength=256), np.float64)


@cache
def _triangles_of_all_codes() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The code (n,) and the normal (n, 3), of twice the area's length, of every triangle in a cell of side 1."""
    triangles = [(code, _normal(triangle)) for code in range(256) for triangle in cell_triangles(code)]
    return np.array([code for code, _ in triangles]), np.array([normal for _, normal in triangles])


@cache
def cell_triangles(code: int) -> tuple[Triangle, ...]:
    """The surface inside a cell of side 1 as triangles."""
    if code.bit_count() > 4:
        return cell_triangles(255 - code)
    return tuple(triangle for polygon in cell_polygons(code) for triangle in _triangulate(polygon))


def _triangulate(polygon: Polygon) -> tuple[Triangle, ...]:
    """Cut a polygon that need not be flat into triangles, of all ways the one with the greatest area.

    Nikolov's table takes these cuts too; taking them at side 1 makes them the same for every spacing.
    """
    if len(polygon) < 3:
        return ()
    first, last = polygon[0], polygon[-1]
    cuts = (
        ((first, polygon[n], last), *_triangulate(polygon[: n + 1]), *_triangulate(polygon[n:]))
        for n in range(1, len(polygon) - 1)
    )
    return max(cuts, key=lambda triangles: sum(hypot(*_normal(triangle)) for triangle in triangles))


def _normal(triangle: Triangle) -> Point:
    # Plain numbers: every first comparison waits for these, and numpy takes ten times as long on so few.
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle
    ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@cache
def cell_polygons(code: int) -> tuple[Polygon, ...]:
    """The closed polygons that part inside from outside corners in a cell of side 1.

    Every cell edge between an inside and an outside corner has a vertex at its midpoint, and every cell face joins
    the vertices on its edges. On a face whose two inside corners are diagonal, each inside corner is cut off on its
    own; a cell with more than four corners inside is cut as its complement, so that inside and outside are alike.
    """
    if code.bit_count() > 4:
        return cell_polygons(255 - code)
    neighbours: dict[Point, list[Point]] = {}
    for one, other in _face_segments(code):
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    polygons = []
    while neighbours:
        vertex = next(iter(neighbours))
        loop = []
        while vertex in neighbours:  # every vertex lies on two faces, so each walk closes
            loop.append(vertex)
            onward = [v for v in neighbours.pop(vertex) if v in neighbours]
            vertex = onward[0] if onward else vertex
        polygons.append(tuple(loop))
    return tuple(polygons)


def _face_segments(code: int) -> list[tuple[Point, Point]]:
    """The segments that part inside from outside on the six faces of a cell."""
    segments = []
    for ring, middles in _faces():
        inside = [code >> n & 1 for n in ring]
        crossed = [middles[n] for n in range(4) if inside[n] != inside[(n + 1) % 4]]
        if len(crossed) == 2:
            segments.append((crossed[0], crossed[1]))
        elif len(crossed) == 4:
            segments.extend((middles[n - 1], middles[n]) for n in range(4) if inside[n])
    return segments


@cache
def _faces() -> tuple[tuple[Ring, tuple[Point, ...]], ...]:
    """For each face of a cell its corners, one after the other around it, and the middle of the edge after each."""
    faces = []
    for axis, side in product(range(3), (0, 1)):
        a, b, d, c = (n for n in range(8) if CORNERS[n, axis] == side)
        middles = [(CORNERS[one] + CORNERS[other]) / 2 for one, other in ((a, b), (b, c), (c, d), (d, a))]
        faces.append(((a, b, c, d), tuple((float(x), float(y), float(z)) for x, y, z in middles)))
    return tuple(faces)
