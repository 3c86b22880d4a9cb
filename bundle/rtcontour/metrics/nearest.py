"""How far the nearest marked place of a joint box is, exactly: near ones by trial, far ones by a k-d tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rtcontour.metrics.joint_box import JointBox, Triple

Spacing = tuple[float, float, float]

TRIED = 600  # about so many steps are tried; whatever is further away is looked up in a tree
ROUNDS = (6, 18, 56, 150)  # steps tried together at first: few, while most places still have their nearest to find
GATHERED = 1 << 17  # places looked at in one go
PAIRS = 1 << 21  # so many pairs of places are measured before a tree takes less time


@dataclass(frozen=True, eq=False)
class Steps:
    """All steps from a voxel to those within a radius of it, shortest first, without the step to itself.

    Attributes:
        indices: (n, 3) along i, j and k.
        lengths_mm: (n,) ascending.
        reach_mm: the radius.
    """

    indices: NDArray[np.int64]
    lengths_mm: NDArray[np.float64]
    reach_mm: float

    @property
    def margin(self) -> Triple:
        """The longest step along each axis, and at least 1: so much room a joint box needs around it."""
        i, j, k = (max(1, int(n)) for n in self.indices.max(axis=0, initial=0))
        return i, j, k

    def up_to(self, length_mm: float) -> Steps:
        """The steps no longer than that."""
        number = int(np.searchsorted(self.lengths_mm, length_mm, side="right"))
        return Steps(self.indices[:number], self.lengths_mm[:number], min(self.reach_mm, length_mm))


@lru_cache(maxsize=64)
def steps_around(spacing_mm: Spacing) -> Steps:
    """About TRIED steps: those within a ball of as many voxels."""
    reach_mm = float(TRIED * np.prod(spacing_mm) * 3 / (4 * np.pi)) ** (1 / 3)
    most = [int(reach_mm / step) for step in spacing_mm]
    indices = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in most), indexing="ij"), axis=-1).reshape(-1, 3)
    lengths_mm = np.sqrt(np.square(indices * np.array(spacing_mm)).sum(axis=1))
    order = np.argsort(lengths_mm, kind="stable")
    order = order[(lengths_mm[order] > 0) & (lengths_mm[order] <= reach_mm)]
    return Steps(indices[order], lengths_mm[order], reach_mm)


def distances_mm(
    box: JointBox, places: NDArray[np.int64], mark: int, spacing_mm: Spacing, *, needed_mm: float = np.inf
) -> NDArray[np.float64]:
    """Distance from each place to the nearest that has the mark.

    Args:
        box: its margin is that of `steps_around`.
        places: (n,) without the mark themselves.
        mark: a bit of `box.marks`; some place has it.
        spacing_mm: distance between voxel centres along i, j and k.
        needed_mm: a distance beyond may be given as infinite.
    """
    steps = steps_around(spacing_mm).up_to(needed_mm)
    distances = _try_steps(box, places, mark, steps)
    far = np.flatnonzero(np.isinf(distances))
    if far.size and steps.reach_mm < needed_mm:
        distances[far] = _look_up(box, places[far], mark, spacing_mm)
    return distances


def _try_steps(box: JointBox, places: NDArray[np.int64], mark: int, steps: Steps) -> NDArray[np.float64]:
    """Distance to the nearest marked place where one of the steps leads to it, infinite elsewhere."""
    _, b, c = box.shape
    moves = steps.indices[:, box.axes] @ np.array([b * c, c, 1])
    distances = np.full(len(places), np.inf)
    still = np.arange(len(places))
    first = 0
    for number in (*ROUNDS, len(moves)):
        tried = slice(first, first + number)
        if not (still.size and moves[tried].size):
            break
        at_once = max(1, GATHERED // len(moves[tried]))
        for begin in range(0, len(still), at_once):
            chosen = still[begin : begin + at_once]
            marked = box.marks[places[chosen, None] + moves[tried]] & np.uint8(mark)
            nearest = marked.argmax(axis=1)  # the first of the largest: the shortest step that leads to a mark
            found = marked[np.arange(len(chosen)), nearest] != 0
            distances[chosen[found]] = steps.lengths_mm[tried][nearest[found]]
        still = still[np.isinf(distances[still])]
        first += number
    return distances


def _look_up(box: JointBox, places: NDArray[np.int64], mark: int, spacing_mm: Spacing) -> NDArray[np.float64]:
    """Distance from each place to the nearest of all that are marked."""
    steps_mm = np.array([spacing_mm[axis] for axis in box.axes])
    marked, asked = (
        np.column_stack(np.unravel_index(found, box.shape)) * steps_mm
        for found in (np.flatnonzero(box.marks & np.uint8(mark) != 0), places)
    )
    if len(asked) * len(marked) <= PAIRS:
        return np.sqrt([np.square(marked - point).sum(axis=1).min() for point in asked])
    from scipy.spatial import cKDTree  # importing it takes longer than most comparisons, which do without

    # Balanced, as by default: an unbalanced one is built sooner, but compares nearly all pairs of two flat faces.
    return cKDTree(marked).query(asked)[0]
