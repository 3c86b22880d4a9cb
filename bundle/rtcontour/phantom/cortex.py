"""How a bone looks inside: cortex around trabecular bone or marrow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.shapes import Samples


def paint_bone(
    canvas: Canvas,
    mask: NDArray[np.bool_],
    box: Box,
    distance: Samples,
    *,
    marrow_hu: float | Samples,
    cortex_hu: float | Samples,
    cortex_mm: float | Samples,
    grain_hu: float = 55.0,
) -> None:
    """Paint a bone of signed `distance` in a box, and add it to `mask` (whole canvas)."""
    spongy = np.clip((-distance - cortex_mm) / 1.2 + 0.5, 0, 1)
    inner = marrow_hu + grain_hu * canvas.texture[box]
    canvas.paint(box, canvas.cover(distance), cortex_hu + spongy * (inner - cortex_hu))
    mask[box] |= distance < 0
