"""Augmentation: patches turned, scaled and shifted in HU at random, never mirrored: left and right are classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Warp:
    """One way to see a patch.

    Attributes:
        matrix_mm: (3, 3), offset from the middle of the patch -> offset from its centre in the scan, both in mm along
            i, j, k.
        shift_hu: added to every HU of the scan.
    """

    matrix_mm: NDArray[np.float64]
    shift_hu: float = 0.0

    @classmethod
    def none(cls) -> Warp:
        """The patch as it is in the scan."""
        return cls(np.eye(3))

    def voxel_matrix(self, spacing_mm: Sequence[float], wanted_mm: Sequence[float]) -> NDArray[np.float64]:
        """(3, 3), the same from voxels of `wanted_mm` in the patch to voxels of `spacing_mm` in the scan."""
        return self.matrix_mm * np.asarray(wanted_mm, np.float64) / np.asarray(spacing_mm, np.float64)[:, None]


@dataclass(frozen=True)
class Augmentation:
    """What warps are drawn from, each number uniform and independent.

    Attributes:
        rotation_rad: largest angle about each of the axes i, j, k through the centre, either way.
        scale: the patch covers 1 - scale to 1 + scale times its size, the same along all axes.
        shift_hu: largest shift of all HU, either way; it comes before the window.

    Raises:
        ConfigError: a number outside of what makes sense.

    Source:
        Sartor 2020: rotation -0.15 to 0.15 rad, scaling -10 to 10 %, intensity shift -100 to 100 HU.
    """

    rotation_rad: float = 0.15
    scale: float = 0.10
    shift_hu: float = 100.0

    def __post_init__(self) -> None:
        for name, highest in (("rotation_rad", math.pi), ("scale", 0.9), ("shift_hu", 2000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
                raise ConfigError(f"recipe::sampling: augmentation {name} is {value!r}; expected 0 to {highest:.4g}")

    def draw(self, generator: np.random.Generator) -> Warp:
        """One warp; takes five numbers from the generator."""
        about_i, about_j, about_k, scale, shift = generator.uniform(-1.0, 1.0, 5)
        angles = self.rotation_rad * np.array([about_i, about_j, about_k])
        return Warp(_rotation(angles) * (1.0 + self.scale * scale), self.shift_hu * shift)

    def reach_mm(self) -> NDArray[np.float64]:
        """(3, 3), of each entry of `Warp.matrix_mm` the largest size that is ever drawn, or somewhat more."""
        sine = math.sin(min(self.rotation_rad, math.pi / 2))
        turned = np.eye(3)
        for axis in range(3):
            one = np.full((3, 3), sine)
            one[axis], one[:, axis] = 0.0, 0.0
            np.fill_diagonal(one, 1.0)
            turned = one @ turned
        return turned * (1.0 + self.scale)


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-handed about i, then about j, then about k."""
    turned = np.eye(3)
    for axis, angle in enumerate(angles):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[one, one] = turn[two, two] = math.cos(angle)
        turn[one, two], turn[two, one] = -math.sin(angle), math.sin(angle)
        turned = turn @ turned
    return turned
