"""Post-processing of a predicted label map: one piece a structure, without holes."""

from __future__ import annotations

from typing import Any, Literal, get_args

import cc3d
import fill_voids
import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.mask import tight_box

Connectivity = Literal[6, 18, 26]


def clean_labels(labels: NDArray[Any], *, connectivity: Connectivity = 26) -> NDArray[Any]:
    """Keep the largest component of every label, then fill its holes.

    Of two components of the same size the one that comes first in C order of (i, j, k) stays. A hole is background
    that does not reach the border of the volume through face neighbours. A hole voxel takes the label only if it is
    background once all labels are cleaned; labels fill in ascending order. Zero is background.

    Args:
        labels: (i, j, k) label map of any integer type; it is not changed.
        connectivity: neighbours that make a component: 6 (faces), 18 (edges) or 26 (corners).

    Returns:
        The cleaned copy, of the same type, Fortran-ordered; an empty map stays empty.

    Raises:
        GeometryError: not a 3D integer array.
        ValueError: another connectivity.

    Source:
        Sartor 2020; ties, the connectivity of holes and who owns them are our reading.
    """
    if connectivity not in get_args(Connectivity):
        raise ValueError(f"connectivity is {connectivity}; expected one of {get_args(Connectivity)}")
    labels = np.asarray(labels)
    if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
        raise GeometryError(
            f"label map is {labels.dtype} of shape {labels.shape}; expected integers in three dimensions"
        )
    cleaned = np.zeros(labels.shape, labels.dtype, order="F")
    foreground = tight_box(labels != 0)
    crop, target = labels[foreground], cleaned[foreground]
    components = []
    for label in np.unique(crop[crop != 0]):
        box = tight_box(crop == label)
        component = largest_component(crop[box] == label, connectivity)
        target[box][component] = label
        components.append((label, box, component))
    for label, box, component in components:
        holes = fill_voids.fill(component) & ~component & (target[box] == 0)
        target[box][holes] = label
    return cleaned


def largest_component(inside: NDArray[np.bool_], connectivity: Connectivity = 26) -> NDArray[np.bool_]:
    """The component with the most voxels; of equal ones the first in C order; all False if nothing is inside."""
    # Without the ring of background cc3d 4.1 fails on some boxes that are a few voxels small.
    ringed = np.pad(inside, 1)
    components, count = cc3d.connected_components(ringed, connectivity=connectivity, return_N=True)
    if count <= 1:
        return inside
    sizes = cc3d.statistics(components, no_slice_conversion=True)["voxel_counts"]
    components = components[1:-1, 1:-1, 1:-1]
    sizes[0] = 0
    largest = np.flatnonzero(sizes == sizes.max())
    if largest.size > 1:
        c_order = components.ravel(order="C")
        largest = c_order[np.isin(c_order, largest).argmax()]
    return components == largest
