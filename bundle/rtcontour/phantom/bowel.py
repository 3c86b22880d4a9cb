"""Loops of small bowel and the colon inside the bowel bag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcontour.phantom.body import Body
from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.organs import Organs
from rtcontour.phantom.patient import Patient, stream, wobbled
from rtcontour.phantom.shapes import Chain, Samples

SIGMOID = [
    (4, 50, 58, 12),
    (-16, 30, 74, 11),
    (10, 4, 66, 12),
    (38, -10, 48, 12),
    (68, -46, 40, 12),
    (98, -44, 62, 12),
    (116, -26, 96, 13),
    (124, -8, 140, 14),
    (126, 0, 225, 15),
]
CAECUM = [(-88, -52, 46, 17), (-104, -38, 70, 22), (-116, -22, 104, 22), (-122, -8, 145, 21), (-124, 0, 225, 20)]
BAG_BACK = [(-10, 20), (20, 22), (45, 26), (70, 14), (95, -10), (130, -16), (225, -14)]  # z -> y in the middle
BAG_TOP_MM = 150.0  # departments stop about where the aorta divides
STEP_MM = 9.0  # between two points of a loop


@dataclass(frozen=True, eq=False)
class Bowel:
    """Truth on the canvas: the bowel bag and the small bowel inside it."""

    bag: NDArray[np.bool_]
    small_bowel: NDArray[np.bool_]


def paint_bowel(canvas: Canvas, patient: Patient, body: Body, organs: Organs, other: NDArray[np.bool_]) -> Bowel:
    """Fill the bag above the bladder with bowel; `other` holds vessels, muscles and bones that bowel does not enter."""
    rng = stream(patient.seed, "bowel")
    box = body.cavity_box
    bag = _bag(canvas, body, organs, other, rng)
    above = canvas.z[box] > BAG_TOP_MM - 20  # bowel goes on beyond the contoured bag
    free = (bag[box] | above & ~other[box]) & (body.cavity < -3) & ~organs.near_bladder[box]
    loops = _loops(canvas, box, free, rng)
    first, second, owner = _nearest_loops(canvas.x[box], canvas.y[box], canvas.z[box], loops)
    first += 1.4 * canvas.rough[box]
    first = np.maximum(first, -9.0 * free + 3.0)
    _paint_loops(canvas, patient, box, first, second, owner, rng)
    colon = np.zeros(canvas.hu.shape, np.bool_, order="F")
    room = np.zeros_like(colon)
    room[box] = (body.cavity < -1) & ~(other | organs.near_bladder | organs.genital)[box]
    for knots, stool_share in ((SIGMOID, 0.5), (CAECUM, 0.9)):
        tube = Chain.through(wobbled(rng, knots, 3.0), 6)
        _paint_colon(canvas, patient, tube, stool_share, room, colon, rng)
    small = np.zeros_like(colon)
    small[box] = (first < 0) & free
    return Bowel(bag, small & ~colon)


def _bag(
    canvas: Canvas, body: Body, organs: Organs, other: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """The peritoneal region: in front of the great vessels and the rectum, above and behind the bladder."""
    box = body.cavity_box
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    depth, top = rng.uniform(6, 24), rng.normal(BAG_TOP_MM, 6)
    heights, backs = np.array(BAG_BACK, np.float32).T
    sideways = np.clip((np.abs(x) - 60) / 40, 0, 1) * 40 * np.clip((z - 60) / 40, 0, 1)
    behind = y - np.interp(z, heights, backs).astype(np.float32) - sideways + 6 * canvas.rough[box] + x * x / 400
    below_dome = (z < organs.bladder_top_mm - 12) & (y < -20) & (np.abs(x) < 62)
    inside = (body.cavity < -2) & (behind < 0) & (z > depth - np.clip(-y - 20, 0, 30) * 0.1) & ~below_dome
    inside &= (z < top) & ~(other | organs.bladder | organs.rectum | organs.genital)[box]
    bag = np.zeros(canvas.hu.shape, np.bool_, order="F")
    bag[box] = inside
    return bag


def _loops(canvas: Canvas, box: Box, free: NDArray[np.bool_], rng: np.random.Generator) -> Samples:
    """(n, 9): round cones of winding loops that start anywhere in the free space, with the loop's number last."""
    places = np.argwhere(free[::4, ::4, ::2]) * (4, 4, 2)
    segments: list[NDArray[np.float64]] = []
    if len(places) == 0:
        return np.empty((0, 9), np.float32)
    volume_cc = float(np.count_nonzero(free)) * float(np.prod(canvas.step_mm)) / 1000
    count = int(np.clip(volume_cc * rng.uniform(0.45, 1.0) / 34, 4, 70))
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    for number in range(count):
        i, j, k = places[rng.integers(len(places))]
        start = np.array([x[i, j, k], y[i, j, k], z[i, j, k]], np.float64)
        segments.append(_winding(start, float(rng.uniform(8, 14)), number, rng))
    return np.vstack(segments).astype(np.float32)


def _winding(start: NDArray[np.float64], radius: float, number: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One loop of 80 to 160 mm: a walk that turns slowly."""
    steps = int(rng.integers(9, 18))
    heading, turn = rng.normal(size=3), rng.normal(size=3) * 0.5
    points = [start]
    for _ in range(steps):
        turn = 0.8 * turn + 0.35 * rng.normal(size=3)
        heading = heading / np.linalg.norm(heading) + 0.5 * turn
        points.append(points[-1] + STEP_MM * heading / np.linalg.norm(heading))
    radii = radius * (1 + 0.12 * rng.normal(size=len(points)))
    knots = np.column_stack([points, radii])
    return np.hstack([knots[:-1], knots[1:], np.full((steps, 1), number)])


@njit(cache=True, fastmath=True)
def _nearest_loops(x: Samples, y: Samples, z: Samples, loops: Samples) -> tuple[Samples, Samples, NDArray[np.int16]]:
    """Distance to the surface of the nearest loop and of the nearest other one, mm, and the number of the nearest."""
    ni, nj, nk = x.shape
    first = np.full((nk, nj, ni), np.float32(30.0)).T
    second = np.full((nk, nj, ni), np.float32(30.0)).T
    owner = np.full((nk, nj, ni), np.int16(-1)).T
    near = np.empty(loops.shape[0], np.int64)
    for k in range(nk):
        for j0 in range(0, nj, 12):
            for i0 in range(0, ni, 12):
                mi, mj = min(i0 + 6, ni - 1), min(j0 + 6, nj - 1)
                count = 0
                for s in range(loops.shape[0]):
                    reach = (
                        (x[mi, mj, k] - loops[s, 0]) ** 2
                        + (y[mi, mj, k] - loops[s, 1]) ** 2
                        + (z[mi, mj, k] - loops[s, 2]) ** 2
                    )
                    if reach < 42.0**2:
                        near[count] = s
                        count += 1
                for j in range(j0, min(j0 + 12, nj)):
                    for i in range(i0, min(i0 + 12, ni)):
                        a, b, who = np.float32(30.0), np.float32(30.0), -1
                        for n in range(count):
                            s = near[n]
                            ux, uy, uz = loops[s, 4] - loops[s, 0], loops[s, 5] - loops[s, 1], loops[s, 6] - loops[s, 2]
                            wx, wy, wz = x[i, j, k] - loops[s, 0], y[i, j, k] - loops[s, 1], z[i, j, k] - loops[s, 2]
                            t = (wx * ux + wy * uy + wz * uz) / (ux * ux + uy * uy + uz * uz)
                            t = min(np.float32(1.0), max(np.float32(0.0), t))
                            d = np.sqrt((wx - t * ux) ** 2 + (wy - t * uy) ** 2 + (wz - t * uz) ** 2)
                            d -= loops[s, 3] + t * (loops[s, 7] - loops[s, 3])
                            number = int(loops[s, 8])
                            if number == who:
                                a = min(a, d)
                            elif d < a:
                                b, a, who = a, d, number
                            elif d < b:
                                b = d
                        first[i, j, k], second[i, j, k], owner[i, j, k] = a, b, who
    return first, second, owner


def _paint_loops(
    canvas: Canvas,
    patient: Patient,
    box: Box,
    first: Samples,
    second: Samples,
    owner: NDArray[np.int16],
    rng: np.random.Generator,
) -> None:
    """Walls, and between them fluid, collapsed folds or gas that rises to the front."""
    count = int(owner.max()) + 2
    wall_mm = rng.uniform(1.8, 3.5)
    wall_hu = patient.muscle_hu + (rng.uniform(10, 45) if patient.contrast else -6)
    canvas.paint(box, canvas.cover(first), wall_hu + 7 * canvas.texture[box])
    depth = np.minimum(-first, (second - first) / 2) - wall_mm
    collapsed = rng.random(count) < 0.45
    fluid = np.where(collapsed, wall_hu - 8, rng.uniform(0, 35, count))[owner]
    if rng.random() < 0.12:  # oral contrast
        fluid = np.where(collapsed, wall_hu, rng.uniform(80, 300, count))[owner]
    gassy = (rng.random(count) < 0.16)[owner]
    gas_level = rng.uniform(-95, -35, count).astype(np.float32)[owner]
    gas = np.clip((gas_level - canvas.y[box]) / 2, 0, 1) * gassy
    canvas.paint(box, canvas.cover(-depth), fluid + 6 * canvas.texture[box] + gas * (-930 - fluid))


def _paint_colon(
    canvas: Canvas,
    patient: Patient,
    tube: Chain,
    stool_share: float,
    allowed: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """A wider tube with haustra, stool and gas."""
    box, distance = canvas.distance(tube, reach_mm=6)
    distance = distance + 2.8 * canvas.rough[box]
    distance = np.where(allowed[box], distance, 3.0).astype(np.float32)
    canvas.paint(box, canvas.cover(distance), patient.muscle_hu + (10 if patient.contrast else -4))
    filling = canvas.noise(30.0, rng, box) + rng.normal(0.2, 0.4)
    stool = 25 + 30 * canvas.texture[box] - 500 * np.clip(canvas.texture[box] - 1.4, 0, 1) * stool_share
    gas = np.clip((filling - 0.75) * 6, 0, 1)
    lumen = canvas.cover(distance + 3.0 + 5 * np.clip(-filling, 0, 2))
    canvas.paint(box, lumen, stool + gas * (-930 - stool))
    mask[box] |= distance < 0
