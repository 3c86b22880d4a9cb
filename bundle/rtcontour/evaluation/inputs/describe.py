"""describe_grid and tell_apart: grids in words, for messages."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rtcontour.grid import Grid

DIGITS = 6
MORE_DIGITS = (DIGITS, 9, 17)  # the last tells any two numbers apart
ENDS = ("LR", "PA", "SI")  # towards which a patient coordinate grows and falls
OBLIQUE = 1e-6  # a cosine beyond this beside the main one is told


def describe_grid(grid: Grid, *, digits: int = DIGITS) -> str:
    """A grid in one line: size, spacing, first voxel, and the ends that i, j and k run to.

    Axes along the patient's are three letters, such as LPS, where i runs to the left, j backwards and k upwards;
    oblique ones are unit vectors. Coordinates are DICOM's, with `digits` significant digits.
    """
    i, j, k = grid.shape
    spacing, origin = _triple(grid.spacing_mm, digits), _triple(grid.origin_mm, digits)
    return f"{i} x {j} x {k} voxels of {spacing} mm from {origin} mm, axes {_axes(grid, digits)}"


def tell_apart(found: Grid, expected: Grid) -> str:
    """What was found and what was expected, with as many digits as it takes to see the difference."""
    for digits in MORE_DIGITS:
        one, other = describe_grid(found, digits=digits), describe_grid(expected, digits=digits)
        if one != other:
            break
    return f"found {one}, expected {other}"


def _axes(grid: Grid, digits: int) -> str:
    direction = np.asarray(grid.direction)
    main = np.abs(direction).argmax(axis=1)
    if np.sort(np.abs(direction), axis=1)[:, :2].max() > OBLIQUE:
        return ", ".join(_triple(axis, digits) for axis in grid.direction)
    return "".join(ENDS[at][int(direction[n, at] < 0)] for n, at in enumerate(main))


def _triple(values: Iterable[float], digits: int) -> str:
    return f"({', '.join(f'{value:.{digits}g}' for value in values)})"
