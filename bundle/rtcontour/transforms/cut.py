"""cut: a box of a volume, filled where it leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray


def cut(
    volume: NDArray[Any],
    start: Sequence[int],
    size: Sequence[int],
    fill: float,
    dtype: DTypeLike | None = None,
    *,
    order: Literal["C", "F"] = "C",
) -> NDArray[Any]:
    """The box [start, start + size) of a volume [i, j, k], `fill` outside the volume.

    Args:
        volume: in any order, also mapped from a file.
        start: may be negative.
        size: of the box.
        fill: value outside.
        dtype: of the box; by default the volume's.
        order: of the box in memory.
    """
    box = np.full(tuple(size), fill, dtype or volume.dtype, order)
    source, target = [], []
    for first, length, extent in zip(start, size, volume.shape, strict=True):
        low, high = max(first, 0), min(first + length, extent)
        source.append(slice(low, max(low, high)))
        target.append(slice(low - first, max(low, high) - first))
    box[tuple(target)] = volume[tuple(source)]
    return box
