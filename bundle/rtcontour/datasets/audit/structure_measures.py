"""StructureMeasures: what the audit knows of one structure of one case, a few numbers that fit into its record."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.datasets.audit.image_measures import CoarseBody
from rtcontour.datasets.audit.pieces import Gap, Piece, find_gaps, find_pieces, holes_by_slice
from rtcontour.grid import Grid
from rtcontour.mask import Mask, tight_box

Index = tuple[int, int, int]
BORDERS = ("first column", "last column", "first row", "last row", "first slice", "last slice")
IN_PLANE, FIRST_SLICE, LAST_SLICE = BORDERS[:4], BORDERS[4], BORDERS[5]


@dataclass(frozen=True)
class StructureMeasures:
    """One structure of one case in numbers. An empty one has volume 0 and no place.

    Attributes:
        volume_cc: its volume.
        centroid_mm: mean of its voxels, patient LPS; None for an empty one.
        box: first and last voxel along i, j and k; None for an empty one.
        slices: how many have voxels.
        length_mm: along k from the first to the last slice, both included.
        pieces: the largest connected parts beside the largest of all, largest first; at most MOST_PIECES.
        piece_count: how many parts there are in all.
        gaps: runs of slices without voxels between its first and its last slice.
        holes_cc: volume of what its voxels enclose within a slice, without what other structures that keep clear of
            it fill.
        hole_index: a voxel in the largest hole of a slice; None without holes.
        outside_cc: volume that lies outside the body by more than the body's own error.
        outside_index: one of those voxels, in the slice with the most; None without any.
        borders: the ends of the image that it touches, some of BORDERS.
        body_offset_mm: x and y of the centroid from the middle of the body in its slices; None without a body there.
        fingerprint: equal for equal voxels.
    """

    volume_cc: float
    centroid_mm: tuple[float, float, float] | None = None
    box: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None = None
    slices: int = 0
    length_mm: float = 0.0
    pieces: tuple[Piece, ...] = ()
    piece_count: int = 0
    gaps: tuple[Gap, ...] = ()
    holes_cc: float = 0.0
    hole_index: Index | None = None
    outside_cc: float = 0.0
    outside_index: Index | None = None
    borders: tuple[str, ...] = ()
    body_offset_mm: tuple[float, float] | None = None
    fingerprint: str = ""

    @property
    def middle(self) -> Index:
        """The voxel in the middle of its box; (0, 0, 0) for an empty one."""
        i, j, k = ((low + high) // 2 for low, high in self.box or ((0, 0),) * 3)
        return i, j, k

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> StructureMeasures:
        """From what `dataclasses.asdict` and JSON made of it."""
        given = dict(entry)
        given["pieces"] = tuple(Piece(**{**one, "index": tuple(one["index"])}) for one in entry["pieces"])
        given["gaps"] = tuple(Gap(**one) for one in entry["gaps"])
        given["borders"] = tuple(entry["borders"])
        if entry["box"] is not None:
            given["box"] = tuple(tuple(ends) for ends in entry["box"])
        for name in ("centroid_mm", "hole_index", "outside_index", "body_offset_mm"):
            if entry[name] is not None:
                given[name] = tuple(entry[name])
        return cls(**given)


def measure_structure(mask: Mask, body: CoarseBody, others: Sequence[Mask] = ()) -> StructureMeasures:
    """Measure one structure; the work is done in its box.

    Args:
        mask: its voxels.
        body: where the body is, on the same grid.
        others: the other structures of the case: what they fill is no hole, if they keep clear of this one.
    """
    tight = tight_box(mask.voxels)
    inside = np.asfortranarray(mask.voxels[tight])
    if not inside.size:
        return StructureMeasures(0.0)
    grid, start = mask.grid, np.add(mask.start, [one.start for one in tight])
    counts = np.count_nonzero(inside.reshape(-1, inside.shape[2], order="F"), axis=0)
    centroid = _centroid(inside, counts) + start
    centroid_mm = grid.to_mm([centroid])[0]
    pieces, piece_count = find_pieces(inside, grid.spacing_mm)
    hole_counts, hole = holes_by_slice(inside, _cut_out(others, start, inside))
    outside_counts, outside = body.outside(inside, start)
    last = start + inside.shape - 1
    return StructureMeasures(
        volume_cc=_rounded(counts.sum() * grid.voxel_volume_cc),
        centroid_mm=_point(centroid_mm),
        box=tuple((int(a), int(b)) for a, b in zip(start, last, strict=True)),  # type: ignore[arg-type]
        slices=int(np.count_nonzero(counts)),
        length_mm=_rounded(inside.shape[2] * grid.spacing_mm[2]),
        pieces=tuple(one.moved(start) for one in pieces),
        piece_count=piece_count,
        gaps=tuple(one.moved(int(start[2])) for one in find_gaps(inside)),
        holes_cc=_rounded(hole_counts.sum() * grid.voxel_volume_cc),
        hole_index=_moved(hole, start),
        outside_cc=_rounded(outside_counts.sum() * grid.voxel_volume_cc),
        outside_index=_moved(outside, start),
        borders=_borders(start, last, grid),
        body_offset_mm=body.offset_mm(centroid_mm, int(start[2]), int(last[2])),
        fingerprint=_fingerprint(inside, start),
    )


def _centroid(inside: NDArray[np.bool_], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean index (i, j, k) of the voxels inside."""
    across = np.count_nonzero(inside, axis=2)  # (i, j): the box once, then only a plane
    sums = across.sum(axis=1), across.sum(axis=0), counts
    return np.array([np.dot(np.arange(one.size), one) / one.sum() for one in sums])


def _cut_out(others: Sequence[Mask], start: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What other structures fill in this one's box, if they share no voxel with it; None where nothing is."""
    filled = None
    stop = start + inside.shape
    for other in others:
        low = np.maximum(start, other.start)
        high = np.minimum(stop, np.add(other.start, other.voxels.shape))
        if np.any(low >= high):
            continue
        here = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
        there = tuple(slice(a, b) for a, b in zip(low - other.start, high - other.start, strict=True))
        if np.any(inside[here] & other.voxels[there]):
            continue
        filled = np.zeros(inside.shape, np.bool_, order="F") if filled is None else filled
        filled[here] |= other.voxels[there]
    return filled


def _borders(start: NDArray[np.int64], last: NDArray[np.int64], grid: Grid) -> tuple[str, ...]:
    touches = [side for a, b, n in zip(start, last, grid.shape, strict=True) for side in (a == 0, b == n - 1)]
    return tuple(name for name, touched in zip(BORDERS, touches, strict=True) if touched)


def _fingerprint(inside: NDArray[np.bool_], start: NDArray[np.int64]) -> str:
    place = np.array([*start, *inside.shape], "<i4").tobytes()
    return f"{zlib.crc32(np.packbits(inside.ravel(order='K')).tobytes(), zlib.crc32(place)):08x}"


def _moved(index: Index | None, start: NDArray[np.int64]) -> Index | None:
    if index is None:
        return None
    i, j, k = (int(a + b) for a, b in zip(index, start, strict=True))
    return i, j, k


def _point(point_mm: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (_rounded(value) for value in point_mm)
    return x, y, z


def _rounded(value: float) -> float:
    """What a record holds, so that measures read back equal those measured."""
    return round(float(value), 4)
