"""From stored pixel values to Hounsfield units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import InputFileError

AIR_HU = -1024
ROUNDING_NOISE_HU = 1e-3  # a slope such as 0.99999 is a float that went through text, not a finer scale


def to_hu(
    stored: NDArray[np.generic],
    slope: float,
    intercept: float,
    where: object,
    *,
    padding: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int16], bool, int]:
    """Stored values times slope plus intercept as int16, whether any was rounded, and how much padding was replaced.

    Args:
        stored: any shape, any number type.
        slope: Rescale Slope.
        intercept: Rescale Intercept.
        where: the file, for the message.
        padding: True for values that are no measurement; those that int16 cannot hold become AIR_HU.

    Raises:
        InputFileError: values outside int16, which no CT has.

    Source: DICOM PS3.3 C.11.1.1.2.
    """
    if float(slope).is_integer() and float(intercept).is_integer() and np.issubdtype(stored.dtype, np.integer):
        whole, rounded = stored.astype(np.int64) * int(slope) + int(intercept), False
    else:
        exact = stored.astype(np.float64) * slope + intercept
        whole = np.rint(exact)
        rounded = bool(np.any(np.abs(exact - whole) > ROUNDING_NOISE_HU))
    limits = np.iinfo(np.int16)
    replaced = 0
    if padding is not None:
        beyond = padding & ((whole < limits.min) | (whole > limits.max))
        replaced = int(np.count_nonzero(beyond))
        whole[beyond] = AIR_HU
    lowest, highest = whole.min(), whole.max()
    if not (limits.min <= lowest and highest <= limits.max):
        raise InputFileError(
            f"{where}: values from {lowest:.0f} to {highest:.0f} HU, expected {limits.min} to {limits.max}; "
            "check Rescale Slope and Intercept"
        )
    return whole.astype(np.int16), rounded, replaced
