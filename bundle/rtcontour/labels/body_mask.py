"""The patient's body in a CT, without the couch."""

from __future__ import annotations

import fill_voids
import numpy as np
from numpy.typing import NDArray

from rtcontour.labels.clean_labels import largest_components

BODY_THRESHOLD_HU = -300  # between lung or foam and fat
COLUMNS_PER_RADIUS = 256  # a couch shell is 2-3 mm thick; columns of 1 mm in a scan of 512, of 2 mm in one of 256


def body_mask(hu: NDArray[np.int16], *, threshold_hu: float = BODY_THRESHOLD_HU) -> NDArray[np.bool_]:
    """The largest connected thing in a CT that is denser than `threshold_hu`, its cavities filled slice by slice.

    Thin sheets are cut off first (an opening within each slice), so that a couch that touches the patient goes.

    Args:
        hu: (i, j, k) Hounsfield units.
        threshold_hu: a voxel above it is no air.

    Returns:
        (i, j, k) bool, Fortran-ordered; all False where nothing is above the threshold.
    """
    dense = np.asfortranarray(hu) > threshold_hu
    radius = max(1, round(hu.shape[0] / COLUMNS_PER_RADIUS))
    opened = _spread(~_spread(~dense, radius), radius)
    body = largest_components(opened)
    for k in range(body.shape[2]):
        body[:, :, k] = fill_voids.fill(body[:, :, k])
    return body


def _spread(inside: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Dilation within each slice by a square of side 2 radius + 1."""
    for axis in (0, 1):
        spread = inside.copy(order="F")
        for step in range(1, radius + 1):
            near, far = [slice(None)] * 3, [slice(None)] * 3
            near[axis], far[axis] = slice(step, None), slice(None, -step)
            spread[tuple(near)] |= inside[tuple(far)]
            spread[tuple(far)] |= inside[tuple(near)]
        inside = spread
    return inside
