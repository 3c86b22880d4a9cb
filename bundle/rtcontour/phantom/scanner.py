"""From tissue to CT: couch, partial volume, point spread, noise, field of view, integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter1d

from rtcontour.grid import Grid
from rtcontour.mask import tight_box
from rtcontour.phantom.shapes import Samples

PADDING_HU = -1024


@dataclass(frozen=True)
class Scanner:
    """How this patient was scanned.

    Attributes:
        blur_mm: sigma of the in-plane point spread.
        noise_hu: standard deviation in the middle of an average patient.
        streak_hu: standard deviation of the sideways streaks where the path is longest, through the hips.
        noise_grain: -0.15 (sharp kernel) to 0.5 (soft): weight of the neighbours in the noise.
        couch: "curved" | "flat" | "none".
        couch_gap_mm: between the back and the couch top.
        padded: outside the circular field of view the pixels hold PADDING_HU.
    """

    blur_mm: float
    noise_hu: float
    streak_hu: float
    noise_grain: float
    couch: str
    couch_gap_mm: float
    padded: bool


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner and its protocol."""
    return Scanner(
        blur_mm=float(rng.uniform(0.45, 0.95)),
        noise_hu=float(rng.uniform(6, 27)),
        streak_hu=float(rng.uniform(1, 8)),
        noise_grain=float(rng.uniform(-0.12, 0.5)),
        couch=str(rng.choice(["flat", "curved", "none"], p=[0.6, 0.32, 0.08])),
        couch_gap_mm=float(rng.uniform(0, 14)),
        padded=bool(rng.random() < 0.35),
    )


def scan(
    tissue: Samples,
    stride: int,
    start: tuple[int, int, int],
    grid: Grid,
    scanner: Scanner,
    back_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """The CT on `grid` of a box of tissue.

    Args:
        tissue: HU of the samples, `stride` layers a slice and (stride - 1) more before and after.
        stride: 1 or 2.
        start: index of the first sample in the grid.
        grid: the CT's voxels.
        scanner: its protocol.
        back_mm: scanner y of the patient's back.
        rng: random numbers of the noise.

    Returns:
        int16 [i, j, k], Fortran-ordered.
    """
    slices = _through_slices(tissue, stride)
    air = np.full(grid.shape, -1000.0, np.float32, order="F")
    box = tuple(slice(a, a + n) for a, n in zip(start, slices.shape, strict=True))
    air[box] = slices
    _paint_couch(air, grid, scanner, back_mm, rng)
    sigma = scanner.blur_mm / np.asarray(grid.spacing_mm[:2])
    rows = slice(max(0, start[1] - 8), grid.shape[1])
    seen: Samples = air[:, rows]
    for axis in range(2):
        seen = gaussian_filter1d(seen, sigma[axis], axis=axis, mode="nearest", truncate=3)
    seen = seen + _noise(seen, grid, scanner, rng)
    air[:, rows] = seen
    return _digitise(air, grid, scanner, rng)


def _through_slices(tissue: Samples, stride: int) -> Samples:
    """The slice profile: neighbouring layers weigh less, as with a real detector row."""
    if stride == 2:
        return 0.25 * tissue[:, :, 0:-2:2] + 0.5 * tissue[:, :, 1:-1:2] + 0.25 * tissue[:, :, 2::2]
    weights = np.array([0.14, 0.72, 0.14], np.float32)
    return correlate1d(tissue, weights, axis=2, mode="nearest")


def _paint_couch(hu: Samples, grid: Grid, scanner: Scanner, back_mm: float, rng: np.random.Generator) -> None:
    """A carbon top over foam (flat, radiotherapy) or a thin curved shell (diagnostic), below the patient."""
    if scanner.couch == "none":
        return
    x = grid.origin_mm[0] + np.arange(grid.shape[0])[:, None] * grid.spacing_mm[0]
    y = grid.origin_mm[1] + np.arange(grid.shape[1])[None, :] * grid.spacing_mm[1]
    middle, half_width = rng.normal(0, 8), rng.uniform(195, 265) if scanner.couch == "flat" else rng.uniform(165, 215)
    top = back_mm + scanner.couch_gap_mm + 3
    sag = 0.0 if scanner.couch == "flat" else rng.uniform(22, 36)
    depth = y - top + sag * ((x - middle) / half_width) ** 2
    depth = depth - (sag * 0.0)
    height = rng.uniform(45, 75) if scanner.couch == "flat" else rng.uniform(60, 140)
    shell_mm, shell_hu, foam_hu = rng.uniform(2, 5), rng.uniform(-400, 500), rng.uniform(-985, -880)
    edge = np.clip(0.5 - (np.abs(x - middle) - half_width) / 1.5, 0, 1) * np.clip(0.5 + depth, 0, 1)
    inside = edge * np.clip(0.5 - (depth - height), 0, 1)
    rim = np.clip(0.5 + shell_mm - depth, 0, 1)
    if scanner.couch == "flat":
        rim = np.maximum(rim, np.clip(0.5 + shell_mm - (height - depth), 0, 1))
    plate = foam_hu + rim * (shell_hu - foam_hu)
    box = tight_box(inside[:, :, None] > 0)[:2]
    here = hu[box]
    share = (inside[box][:, :, None] * np.clip((-700 - here) / 200, 0, 1)).astype(np.float32)
    here += share * (plate[box][:, :, None].astype(np.float32) - here)


def _noise(hu: Samples, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> Samples:
    """Grainy noise that grows with the tissue in the way, and sideways streaks that grow faster."""
    water = np.clip((hu[:, ::4] + 1000) / 1000, 0, 2)
    sideways = water.sum(axis=0) * grid.spacing_mm[0] / 380  # (rows, slices): 1 for 38 cm of water
    sideways = gaussian_filter1d(np.repeat(sideways, 4, axis=0)[: hu.shape[1]], 12 / grid.spacing_mm[1], axis=0)
    grain = rng.standard_normal(hu.shape[::-1], np.float32).T
    weights = np.array([scanner.noise_grain, 1, scanner.noise_grain], np.float32)
    weights /= np.sqrt((weights**2).sum())
    for axis in range(2):
        grain = correlate1d(grain, weights, axis=axis, mode="nearest")
    streak = correlate1d(rng.standard_normal(hu.shape[::-1], np.float32).T, _bell(4.0), axis=0, mode="nearest")
    level = (0.35 + 0.65 * np.minimum(sideways, 1.6)) * scanner.noise_hu
    return grain * level[None].astype(np.float32) + streak * (scanner.streak_hu * sideways**3).clip(0, 60)[None].astype(
        np.float32
    )


def _bell(sigma: float) -> Samples:
    weights = np.exp(-0.5 * (np.arange(-int(3 * sigma), int(3 * sigma) + 1) / sigma) ** 2)
    return (weights / np.sqrt((weights**2).sum())).astype(np.float32)


def _digitise(hu: Samples, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> NDArray[np.int16]:
    floor = -1024 if rng.random() < 0.6 else -1000
    digital = np.clip(np.rint(hu), floor, 3071).astype(np.int16)
    if scanner.padded:
        x, y = ((np.arange(n) - (n - 1) / 2) * s for n, s in zip(grid.shape[:2], grid.spacing_mm[:2], strict=True))
        radius = min(abs(x[0]), abs(y[0])) + grid.spacing_mm[0] / 2
        digital[x[:, None] ** 2 + y[None, :] ** 2 > radius**2] = PADDING_HU
    return np.asfortranarray(digital)
