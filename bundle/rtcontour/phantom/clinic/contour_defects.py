"""Defects of what is contoured: too much, too little, or elsewhere."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from rtcontour.errors import GeometryError
from rtcontour.mask import Mask
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.mask_edits import (
    ball,
    centre_mm,
    disc,
    inmost,
    moved,
    slices_of_mask,
    tongue,
    with_volume,
)
from rtcontour.phantom.clinic.place import Place

HEADS = ("Femur_Head_L", "Femur_Head_R")
STRAY_RADIUS_MM = 11.0
CLEAR_MM = 12.0  # from the edge of a forgotten blob to the structure
FEWEST_SLICES = 7  # of a structure, so that one left out is in its middle
MOST_HOLE_MM = 11.0  # radius
BEYOND_SKIN_MM = (16.0, 26.0)
SLIP_WIDTH_MM = 22.0


def forget_blob(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A blob of 1 to 3 cc some cm beside the structure."""
    structure = str(rng.choice([*HEADS, "Bladder"]))
    case = case.contoured(structure)
    mask, volume = case.mask(structure), float(rng.uniform(1.4, 3.0))
    radius = (volume * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    centre = _beside(case, mask, radius, rng)
    blob = ball(case.grid, centre, radius)
    return _with_island(case, structure, mask, blob)


def stray_contour(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """One contour on one slice, some cm beside the structure."""
    structure = str(rng.choice([*HEADS, "Bladder"]))
    case = case.contoured(structure)
    mask = case.mask(structure)
    centre = _beside(case, mask, STRAY_RADIUS_MM, rng)
    k = round(float(case.grid.to_index([centre])[0][2]))
    return _with_island(case, structure, mask, disc(case.grid, centre, STRAY_RADIUS_MM, [k]))


def pierce(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """An inner contour of the same size on every slice from the middle upwards, as far as it keeps a wall."""
    structure = str(rng.choice([*HEADS, "Bladder", "Bag_Bowel"]))
    case = case.contoured(structure)
    mask = case.mask(structure)
    slices = slices_of_mask(mask)
    centre, radius = _inner_disc(mask, int(slices[len(slices) // 2]))
    gone = disc(case.grid, centre, radius, slices[len(slices) // 2 :])
    inner = binary_erosion(mask.full(), np.ones((3, 3, 1)))
    gone[:, :, (gone & ~inner).any(axis=(0, 1))] = False
    return _with_hole(case, structure, mask, gone)


def hollow_out(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A cavity that is closed all around."""
    structure = str(rng.choice([*HEADS, "Bladder"]))
    case = case.contoured(structure)
    mask = case.mask(structure)
    slices = slices_of_mask(mask)
    centre, radius = _inner_disc(mask, int(slices[len(slices) // 2]))
    inner = slices[2:-2] if len(slices) >= 5 else slices[1:-1]
    gone = ball(case.grid, centre, radius)
    gone[:, :, [k for k in range(gone.shape[2]) if k not in inner]] = False
    return _with_hole(case, structure, mask, gone)


def leave_slices_out(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """One to three slices in the middle without a contour."""
    structure = str(rng.choice([*HEADS, "Bladder", "Bag_Bowel", "CTVn"]))
    case = case.contoured(structure)
    mask = case.mask(structure)
    slices = slices_of_mask(mask)
    count = int(rng.integers(1, 4)) if len(slices) >= FEWEST_SLICES else 1
    first = (len(slices) - count) // 2
    gone = slices[first : first + count]
    full = mask.full()
    full[:, :, gone] = False
    where = {"slices": [int(k) for k in gone], "z_mm": [_z(case, k) for k in gone]}
    return case.with_mask(structure, Mask.from_array(full, case.grid)), Place(structure, where)


def slip_outside(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """On some slices the bowel bag, which is near the skin, was dragged through it, in front or at the side."""
    structure = "Bag_Bowel"
    case = case.contoured(structure)
    mask, body = case.mask(structure), case.body.full()
    slices = slices_of_mask(mask)
    count = max(2, round(18 / case.grid.spacing_mm[2]))
    first = max(0, (len(slices) - count) // 2)
    here = slices[first : first + count]
    start, stop = _through_skin(case, mask, body, int(here[len(here) // 2]), float(rng.uniform(*BEYOND_SKIN_MM)))
    slipped = tongue(case.grid, start, stop, SLIP_WIDTH_MM, here)
    outside = slipped & ~body
    where = {
        "slices": [int(k) for k in np.flatnonzero(outside.any(axis=(0, 1)))],
        "volume_cc": _cc(case, outside),
        "beyond_mm": [round(float(c), 1) for c in stop],
    }
    return case.with_mask(structure, Mask.from_array(mask.full() | slipped, case.grid)), Place(structure, where)


def draw_too_large(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A femoral head of 2.5 times its volume."""
    return _other_volume(case, str(rng.choice(HEADS)), 2.5)


def draw_too_small(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A femoral head of a third of its volume."""
    return _other_volume(case, str(rng.choice(HEADS)), 1 / 3)


def displace(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A structure 5 to 8 cm from where it is, and still inside the patient."""
    structure = str(rng.choice(HEADS))
    case = case.contoured(structure)
    mask, body = case.mask(structure), case.body.full()
    distance = float(rng.uniform(52, 78))
    signs = [s for s in product((-1, 0, 1), repeat=3) if any(s)]
    for direction in rng.permutation(np.array(signs, np.float64)):
        by_mm = direction / np.linalg.norm(direction) * distance
        by = tuple(int(n) for n in np.rint(by_mm / np.array(case.grid.spacing_mm)))
        there = moved(mask, (by[0], by[1], by[2]))
        if there.voxel_count == mask.voxel_count and np.all(body[there.box][there.voxels]):
            shift = np.multiply(by, case.grid.spacing_mm)
            where = {"shift_mm": [float(s) for s in shift], "distance_mm": round(float(np.linalg.norm(shift)), 1)}
            return case.with_mask(structure, there), Place(structure, where)
    raise GeometryError(f"{structure}: has no place {distance:.0f} mm away in this patient; draw more slices")


def _beside(case: Case, mask: Mask, radius_mm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A voxel centre inside the patient on a middle slice of the structure, near it and clear of it."""
    slices = slices_of_mask(mask)
    k = int(slices[len(slices) // 2])
    i, j = np.nonzero(case.body.full()[:, :, k])
    candidates = case.grid.to_mm(np.column_stack([i, j, np.full(i.size, k)]))
    inside = case.grid.to_mm(np.argwhere(mask.full()[:, :, slices].any(axis=2)) @ np.eye(2, 3) + [0, 0, k])
    low, high = inside.min(axis=0), inside.max(axis=0)
    # From the box around the structure, which is quick and never nearer than the structure itself.
    away = np.linalg.norm(np.maximum(0, np.maximum(low - candidates, candidates - high))[:, :2], axis=1)
    near = candidates[(away > radius_mm + CLEAR_MM) & (away < radius_mm + CLEAR_MM + 30)]
    if not len(near):
        raise GeometryError("the patient has no room beside the structure; draw a larger matrix")
    deep = [one for one in rng.permutation(near)[:200] if _covered(case, one, radius_mm)]
    return np.asarray(deep[0] if deep else near[0])


def _covered(case: Case, centre: NDArray[np.float64], radius_mm: float) -> bool:
    around = centre + radius_mm * np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
    i, j, k = np.rint(case.grid.to_index(around)).astype(int).T
    if min(i.min(), j.min()) < 0 or i.max() >= case.grid.shape[0] or j.max() >= case.grid.shape[1]:
        return False
    return bool(np.all(case.body.full()[i, j, k]))


def _with_island(case: Case, structure: str, mask: Mask, island: NDArray[np.bool_]) -> tuple[Case, Place]:
    where = {
        "slices": [int(k) for k in np.flatnonzero(island.any(axis=(0, 1)))],
        "centre_mm": [round(float(c), 1) for c in centre_mm(Mask.from_array(island, case.grid))],
        "volume_cc": _cc(case, island),
    }
    return case.with_mask(structure, Mask.from_array(mask.full() | island, case.grid)), Place(structure, where)


def _inner_disc(mask: Mask, k: int) -> tuple[NDArray[np.float64], float]:
    """Centre and radius of a hole that leaves a wall, on slice k."""
    flat = mask.full()[:, :, k]
    (i, j), depth = inmost(flat, mask.grid.spacing_mm)
    return mask.grid.to_mm([[i, j, k]])[0], min(0.6 * depth, MOST_HOLE_MM)


def _with_hole(case: Case, structure: str, mask: Mask, gone: NDArray[np.bool_]) -> tuple[Case, Place]:
    full = mask.full()
    hole = full & gone
    where = {
        "slices": [int(k) for k in np.flatnonzero(hole.any(axis=(0, 1)))],
        "centre_mm": [round(float(c), 1) for c in centre_mm(Mask.from_array(hole, case.grid))],
        "volume_cc": _cc(case, hole),
    }
    return case.with_mask(structure, Mask.from_array(full & ~hole, case.grid)), Place(structure, where)


def _through_skin(
    case: Case, mask: Mask, body: NDArray[np.bool_], k: int, beyond_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From a point of the structure straight out in front or to the side, whichever is nearer, and so far beyond."""
    flat = mask.full()[:, :, k]
    middle = np.rint(np.argwhere(flat).mean(axis=0)).astype(int)
    i, j = np.argwhere(flat)[np.argmin(np.abs(np.argwhere(flat) - middle).sum(axis=1))]
    ways = []
    for step in ((0, -1), (1, 0), (-1, 0)):
        line = _ray(body.shape, int(i), int(j), step)
        skin = next((n for n, (a, b) in enumerate(line) if not body[a, b, k]), len(line))
        edge = max((n for n, (a, b) in enumerate(line) if flat[a, b]), default=0)
        length = case.grid.spacing_mm[0 if step[0] else 1]
        ways.append(((skin - edge) * length, step, skin * length))
    _, step, to_skin = min(ways)
    start = case.grid.to_mm([[i, j, k]])[0]
    return start, start + np.array([*step, 0]) * (to_skin + beyond_mm)


def _ray(shape: tuple[int, ...], i: int, j: int, step: tuple[int, int]) -> list[tuple[int, int]]:
    line = []
    while 0 <= i < shape[0] and 0 <= j < shape[1]:
        line.append((i, j))
        i, j = i + step[0], j + step[1]
    return line


def _other_volume(case: Case, structure: str, factor: float) -> tuple[Case, Place]:
    case = case.contoured(structure)
    before = case.mask(structure)
    after = with_volume(before, factor)
    where = {"volume_cc": round(after.volume_cc, 2), "usual_cc": round(before.volume_cc, 2)}
    return case.with_mask(structure, after), Place(structure, where)


def _cc(case: Case, voxels: NDArray[np.bool_]) -> float:
    return round(int(np.count_nonzero(voxels)) * case.grid.voxel_volume_cc, 2)


def _z(case: Case, k: int) -> float:
    return round(float(case.grid.to_mm([[0, 0, k]])[0][2]), 1)
