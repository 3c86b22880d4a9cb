"""Post-processing of a predicted label map: one piece a structure, or as many as it has, without holes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import cc3d
import fill_voids
import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.mask import tight_box

Connectivity = Literal[6, 18, 26]


def clean_labels(
    labels: NDArray[Any], *, connectivity: Connectivity = 26, components: Mapping[int, int] | None = None
) -> NDArray[Any]:
    """Keep the largest component of every label, then fill its holes.

    Of components of the same size the one that comes first in C order of (i, j, k) stays. A hole is background
    that does not reach the border of the volume through face neighbours. A hole voxel takes the label only if it is
    background once all labels are cleaned; labels fill in ascending order. Zero is background.

    Args:
        labels: (i, j, k) label map of any integer type; it is not changed.
        connectivity: neighbours that make a component: 6 (faces), 18 (edges) or 26 (corners).
        components: label -> how many of its components stay, for anatomy in several pieces; 1 for all others.

    Returns:
        The cleaned copy, of the same type, Fortran-ordered; an empty map stays empty.

    Raises:
        GeometryError: not a 3D integer array.
        ValueError: another connectivity, or fewer than one component.

    Source:
        Sartor 2020; ties, the connectivity of holes and who owns them are our reading.
    """
    if connectivity not in get_args(Connectivity):
        raise ValueError(f"connectivity is {connectivity}; expected one of {get_args(Connectivity)}")
    wanted = dict(components or {})
    if any(count < 1 for count in wanted.values()):
        raise ValueError(f"components are {wanted}; expected at least 1 of each label")
    labels = np.asarray(labels)
    if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
        raise GeometryError(
            f"label map is {labels.dtype} of shape {labels.shape}; expected integers in three dimensions"
        )
    cleaned = np.zeros(labels.shape, labels.dtype, order="F")
    foreground = tight_box(labels != 0)
    crop, target = labels[foreground], cleaned[foreground]
    kept = []
    for label in np.unique(crop[crop != 0]):
        box = tight_box(crop == label)
        pieces = largest_components(crop[box] == label, wanted.get(int(label), 1), connectivity)
        target[box][pieces] = label
        kept.append((label, box, pieces))
    for label, box, pieces in kept:
        holes = fill_voids.fill(pieces) & ~pieces & (target[box] == 0)
        target[box][holes] = label
    return cleaned


def largest_components(inside: NDArray[np.bool_], count: int = 1, connectivity: Connectivity = 26) -> NDArray[np.bool_]:
    """The `count` components with the most voxels; of equal ones the first in C order; `inside` if it has no more."""
    # Without the ring of background cc3d 4.1 fails on some boxes that are a few voxels small.
    components, found = cc3d.connected_components(np.pad(inside, 1), connectivity=connectivity, return_N=True)
    if found <= count:
        return inside
    sizes = cc3d.statistics(components, no_slice_conversion=True)["voxel_counts"].astype(np.int64)
    components = components[1:-1, 1:-1, 1:-1]
    sizes[0] = 0
    smallest = np.sort(sizes)[-count]
    kept, equal = sizes > smallest, np.flatnonzero(sizes == smallest)
    missing = count - np.count_nonzero(kept)
    if equal.size > missing:
        c_order = components.ravel(order="C")
        numbers, first = np.unique(c_order[np.isin(c_order, equal)], return_index=True)
        kept[numbers[np.argsort(first)[:missing]]] = True
    else:
        kept[equal] = True
    return kept[components]
