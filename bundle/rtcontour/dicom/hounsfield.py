"""From stored pixel values to Hounsfield units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import InputFileError

ROUNDING_NOISE_HU = 1e-3  # a slope such as 0.99999 is a float that went through text, not a finer scale


def to_hu(stored: NDArray[np.generic], slope: float, intercept: float, where: object) -> tuple[NDArray[np.int16], bool]:
    """Stored values times slope plus intercept as int16, and whether values had to be rounded.

    Args:
        stored: any shape, any number type.
        slope: Rescale Slope.
        intercept: Rescale Intercept.
        where: the file, for the message.

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
    lowest, highest = whole.min(), whole.max()
    limits = np.iinfo(np.int16)
    if not (limits.min <= lowest and highest <= limits.max):
        raise InputFileError(
            f"{where}: values from {lowest:.0f} to {highest:.0f} HU, expected {limits.min} to {limits.max}; "
            "check Rescale Slope and Intercept"
        )
    return whole.astype(np.int16), rounded
