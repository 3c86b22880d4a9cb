"""From positions along the normal to the slices of a regular grid: which are there, and which lie between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rtcontour.errors import Finding, GeometryError
from rtcontour.grid import SAME_POSITION_TOLERANCE_MM

POSITION_TOLERANCE_MM = 0.11  # positions rounded to one decimal, as some scanners write, make steps differ by 0.1
MOST_SLICES_A_SLICE = 10  # a regular grid of more slices than this for each that is there is invention

Uneven = Literal["resample", "refuse"]


@dataclass(frozen=True, eq=False)
class SliceStack:
    """Images on the slices of a regular grid.

    Attributes:
        slices: how many the grid has.
        spacing_mm: between slices.
        at: (n,) continuous slice index of each image, ascending; every image is within half a slice of the grid.
    """

    slices: int
    spacing_mm: float
    at: NDArray[np.float64]

    @property
    def is_complete(self) -> bool:
        """Whether each slice has its image."""
        return self.at.size == self.slices and bool(np.all(self.at == np.arange(self.slices)))

    def image_of_slice(self) -> list[int | None]:
        """The number of the image on each slice; None where none lies within POSITION_TOLERANCE_MM."""
        nearest = np.clip(np.rint(self.at), 0, self.slices - 1).astype(np.int64)
        close = np.abs(self.at - nearest) * self.spacing_mm <= POSITION_TOLERANCE_MM
        images: list[int | None] = [None] * self.slices
        for image in np.flatnonzero(close).tolist():
            images[nearest[image]] = image
        return images


def stack_slices(
    depths: NDArray[np.float64], names: Sequence[str], where: str, uneven: Uneven
) -> tuple[SliceStack, list[Finding]]:
    """Put two or more images, ascending along the normal, on a regular grid.

    Args:
        depths: (n,) positions in mm.
        names: (n,) of the images, for messages.
        where: the folder, for messages.
        uneven: what to do with steps that are no multiples of one step.

    Returns:
        The stack, and what was odd: slices that are missing, steps that are uneven.

    Raises:
        GeometryError: two images at one position, uneven steps to be refused, or gaps too large to fill.
    """
    steps = np.diff(depths)
    for n in np.flatnonzero(steps < SAME_POSITION_TOLERANCE_MM)[:1]:
        raise GeometryError(_same_position(depths, names, where, int(n)))
    base = _smallest_step_mm(steps)
    counts = np.rint(steps / base)
    fits = _fits(depths, counts, min(POSITION_TOLERANCE_MM, base / 10))
    if fits and np.all(counts == 1):
        at = np.arange(depths.size, dtype=np.float64)
        return SliceStack(depths.size, float(depths[-1] - depths[0]) / steps.size, at), []
    if fits and np.count_nonzero(counts == 1) >= max(np.count_nonzero(counts == count) for count in counts):
        return _with_missing(depths, counts, where)
    if uneven == "refuse":
        raise GeometryError(f"{where}: {_steps(steps)}; expected even steps: export the series again, or resample it")
    return _resampled(depths, steps, where)


def interpolate_slices(images: NDArray[np.int16], stack: SliceStack) -> NDArray[np.int16]:
    """(columns, rows, slices) HU of the grid from those of the images, linearly between the two around a slice.

    A slice beyond the outermost image, by half a slice at most, repeats it.
    """
    hu = np.empty((*images.shape[:2], stack.slices), np.int16, order="F")
    on_slice = stack.image_of_slice()
    for k in range(stack.slices):
        image = on_slice[k]
        if image is not None:
            hu[:, :, k] = images[:, :, image]
            continue
        above = int(np.clip(np.searchsorted(stack.at, k), 1, stack.at.size - 1))
        share = np.float32(np.clip((k - stack.at[above - 1]) / (stack.at[above] - stack.at[above - 1]), 0, 1))
        below_hu, above_hu = images[:, :, above - 1].astype(np.float32), images[:, :, above].astype(np.float32)
        hu[:, :, k] = np.rint(below_hu + share * (above_hu - below_hu))
    return hu


def _smallest_step_mm(steps: NDArray[np.float64]) -> float:
    """The smallest step, or the usual one among those that rounding may have made of it."""
    smallest = float(steps.min())
    tolerance = min(2 * POSITION_TOLERANCE_MM, smallest / 5)
    return median(steps[steps <= smallest + tolerance].tolist())  # numpy's loads numpy.ma for it


def _with_missing(
    depths: NDArray[np.float64], counts: NDArray[np.float64], where: str
) -> tuple[SliceStack, list[Finding]]:
    at = np.append(0, np.cumsum(counts))
    slices = int(at[-1]) + 1
    missing = slices - depths.size
    gaps = [f"{depths[n]:.2f} to {depths[n + 1]:.2f}" for n in np.flatnonzero(counts > 1)]
    _check_not_too_many(slices, depths.size, where)
    message = (
        f"{missing} of {slices} slices are missing, between {_some(gaps)} mm along the normal; "
        "their HU are interpolated between the neighbours"
    )
    spacing_mm = float(depths[-1] - depths[0]) / (slices - 1)
    return SliceStack(slices, spacing_mm, at), [Finding("slice-missing", message, subject=_name(where))]


def _fits(depths: NDArray[np.float64], counts: NDArray[np.float64], tolerance_mm: float) -> bool:
    """Whether every step is that many even ones, and every position, to which small deviations add up, is in place."""
    step = float(depths[-1] - depths[0]) / counts.sum()
    places = depths[0] + step * np.append(0, np.cumsum(counts))
    steps_fit = np.abs(np.diff(depths) - counts * step) <= tolerance_mm
    return bool(counts.min() >= 1 and steps_fit.all() and np.abs(depths - places).max() <= POSITION_TOLERANCE_MM)


def _resampled(depths: NDArray[np.float64], steps: NDArray[np.float64], where: str) -> tuple[SliceStack, list[Finding]]:
    """The grid of the smallest step, so that no two images share a slice, which reaches all images.

    It keeps the longest run of such steps as it is.
    """
    finest_mm = float(steps.min())
    anchor = _start_of_longest_run(steps <= finest_mm + SAME_POSITION_TOLERANCE_MM)
    at = (depths - depths[anchor]) / finest_mm
    at += np.floor(0.5 - at[0])
    slices = int(np.ceil(at[-1] - 0.5)) + 1
    _check_not_too_many(slices, depths.size, where)
    message = f"{_steps(steps)}; resampled to {slices} slices {finest_mm:.4g} mm apart"
    return SliceStack(slices, finest_mm, at), [Finding("spacing-uneven", message, subject=_name(where))]


def _start_of_longest_run(chosen: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    return int(starts[np.argmax(lengths)])


def _check_not_too_many(slices: int, images: int, where: str) -> None:
    if slices > MOST_SLICES_A_SLICE * images:
        raise GeometryError(
            f"{where}: {images} slices, where an even stack has {slices}; too much would have to be made up: "
            "export the series again, complete, or one part of it"
        )


def _same_position(depths: NDArray[np.float64], names: Sequence[str], where: str, n: int) -> str:
    same = int(np.count_nonzero(np.diff(depths) < SAME_POSITION_TOLERANCE_MM))
    return (
        f"{where}: slices {names[n]} and {names[n + 1]} lie at one position ({depths[n]:.2f} mm), and {same - 1} "
        "more pairs do; copies, or several phases or reconstructions in one series: leave one of each position there"
    )


def _steps(steps: NDArray[np.float64]) -> str:
    different = sorted({f"{step:.4g}" for step in steps}, key=float)
    return f"slices lie {_some(different)} mm apart"


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")


def _name(where: str) -> str:
    return where.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
