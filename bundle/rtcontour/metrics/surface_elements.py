"""Surface Dice: how much of two surfaces lies within a tolerance of each other, weighted by area."""

from __future__ import annotations

from functools import cache
from itertools import product

import edt
import numpy as np
from numpy.typing import NDArray

Spacing = tuple[float, float, float]
Polygon = NDArray[np.float64]  # (n, 3) vertices in order

ROUNDING_MM = 1e-4  # edt works in float32: a distance equal to the tolerance must count as within it
CORNERS = np.array([(c & 1, c >> 1 & 1, c >> 2 & 1) for c in range(8)])  # corner c of a cell is bit c of its code


def surface_dice(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Spacing, tolerance_mm: float
) -> float:
    """Share of both surfaces, by area, that lies within a tolerance of the other one.

    A cell spans the centres of 2 x 2 x 2 voxels. Where some of the eight are inside and some outside it holds a
    surface element: the marching-cubes polygons through the midpoints between them. Distances are taken between the
    centres of such cells, and an element counts when its distance is at most the tolerance.

    Args:
        predicted: bool (i, j, k), not empty; beyond the array is outside.
        truth: the same shape, not empty.
        spacing_mm: distance between voxel centres along i, j and k.
        tolerance_mm: the largest distance that counts as agreement.

    Returns:
        0 (no part of one surface is near the other) to 1 (all of both is).

    Source:
        Nikolov et al., J Med Internet Res 2021;23(7):e26151, "Performance Metrics"; the cell polygons follow
        Lorensen and Cline, SIGGRAPH 1987.
    """
    areas = element_areas(tuple(spacing_mm))
    predicted_codes, truth_codes = _cell_codes(predicted), _cell_codes(truth)
    overlap, total = 0.0, 0.0
    for codes, other in ((predicted_codes, truth_codes), (truth_codes, predicted_codes)):
        on_surface = _has_element(codes)
        distances_mm = edt.edt(~_has_element(other), anisotropy=spacing_mm)[on_surface]
        element_mm2 = areas[codes[on_surface]]
        overlap += element_mm2[distances_mm <= tolerance_mm + ROUNDING_MM].sum()
        total += element_mm2.sum()
    return float(overlap / total)


def _cell_codes(inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """One code a cell, its eight voxels as bits; one cell more along each axis than there are voxels."""
    padded = np.pad(inside, 1).view(np.uint8)
    codes = np.zeros(np.add(inside.shape, 1), np.uint8, order="F")
    for bit, corner in enumerate(CORNERS):
        box = tuple(slice(a, a + n) for a, n in zip(corner, codes.shape, strict=True))
        codes |= padded[box] << bit
    return codes


def _has_element(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (codes != 0) & (codes != 255)


@cache
def element_areas(spacing_mm: Spacing) -> NDArray[np.float64]:
    """Area in mm2 of the surface inside a cell, for each of the 256 codes."""
    return np.array([_area(np.multiply(cell_triangles(code), spacing_mm)) for code in range(256)])


@cache
def cell_triangles(code: int) -> NDArray[np.float64]:
    """The surface inside a cell of side 1 as triangles: (n, 3 vertices, 3 coordinates)."""
    return np.concatenate([np.empty((0, 3, 3)), *(_triangulate(polygon) for polygon in cell_polygons(code))])


def _triangulate(polygon: Polygon) -> NDArray[np.float64]:
    """Cut a polygon that need not be flat into triangles, of all ways the one with the greatest area.

    Nikolov's table takes these cuts too; taking them at side 1 makes them the same for every spacing.
    """
    if len(polygon) < 3:
        return np.empty((0, 3, 3))
    first, last = polygon[0], polygon[-1]
    cuts = (
        np.concatenate([[(first, polygon[n], last)], _triangulate(polygon[: n + 1]), _triangulate(polygon[n:])])
        for n in range(1, len(polygon) - 1)
    )
    return max(cuts, key=_area)


def _area(triangles: NDArray[np.float64]) -> float:
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2


@cache
def cell_polygons(code: int) -> tuple[Polygon, ...]:
    """The closed polygons that part inside from outside corners in a cell of side 1.

    Every cell edge between an inside and an outside corner has a vertex at its midpoint, and every cell face joins
    the vertices on its edges. On a face whose two inside corners are diagonal, each inside corner is cut off on its
    own; a cell with more than four corners inside is cut as its complement, so that inside and outside are alike.
    """
    if code.bit_count() > 4:
        return cell_polygons(255 - code)
    neighbours: dict[tuple[float, ...], list[tuple[float, ...]]] = {}
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
        polygons.append(np.array(loop))
    return tuple(polygons)


def _face_segments(code: int) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """The segments that part inside from outside on the six faces of a cell."""
    segments = []
    for axis, side in product(range(3), (0, 1)):
        a, b, d, c = (n for n in range(8) if CORNERS[n, axis] == side)
        ring = (a, b, c, d)
        inside = [code >> n & 1 for n in ring]
        middles = [tuple((CORNERS[ring[n]] + CORNERS[ring[(n + 1) % 4]]) / 2) for n in range(4)]
        crossed = [middles[n] for n in range(4) if inside[n] != inside[(n + 1) % 4]]
        if len(crossed) == 2:
            segments.append((crossed[0], crossed[1]))
        elif len(crossed) == 4:
            segments.extend((middles[n - 1], middles[n]) for n in range(4) if inside[n])
    return segments
