"""ImageMeasures: what the audit knows of a CT, and the coarse body that structures are placed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fill_voids
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from rtcontour.grid import Grid
from rtcontour.labels.body_mask import BODY_THRESHOLD_HU, body_mask

Index = tuple[int, int, int]

COARSE_COLUMNS = 128  # of the body: voxels of 4 mm in a scan of 500 mm show where it is, in a sixteenth of the time
METAL_HU = 2500  # dense bone ends at about 2000
BONE_HU = 300
PADDING_AT_MOST_HU = -1000  # -1024, -2000, -3024 ...: one value everywhere, where air is spread by noise
FEWEST_AIR = 0.1  # share of the outside that must be no padding, to speak of its HU; less is the rim of the skin
BIN_HU = 5
HISTOGRAM_HU = (-300, 400)  # where fat and soft tissue are looked for, also if the scale is off
SMOOTHING_BINS = 2.0
PEAKS_APART_HU = 60  # fat and soft tissue are 120 to 150 apart
PROMINENCE = 0.1  # of the highest peak: how far a second one must rise above what lies between them
FAT_BELOW_HU = -50  # a highest peak below is that of fat


@dataclass(frozen=True)
class ImageMeasures:
    """One CT in numbers.

    Attributes:
        body_share: share of the voxels that the body has; 0 where none was found.
        body_centre_x_mm: x of the middle of the body, the median over its slices; None without a body.
        cut_share: share of the body's slices in which it reaches the edge of the image.
        soft_tissue_hu: the HU that most soft tissue has; None where the histogram has no such peak.
        fat_hu: the same of fat.
        air_hu: median outside the body without padding; None where all of it is padding.
        dense_share: share of the body above BONE_HU.
        lowest_hu, highest_hu: of all voxels.
        metal_cc: volume above METAL_HU.
        brightest: the voxel with the highest HU.
    """

    body_share: float
    body_centre_x_mm: float | None
    cut_share: float
    soft_tissue_hu: float | None
    fat_hu: float | None
    air_hu: float | None
    dense_share: float
    lowest_hu: int
    highest_hu: int
    metal_cc: float
    brightest: Index

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> ImageMeasures:
        """From what `dataclasses.asdict` and JSON made of it."""
        return cls(**{**entry, "brightest": tuple(entry["brightest"])})


@dataclass(frozen=True, eq=False)
class CoarseBody:
    """The body on every few columns and rows of a CT.

    Attributes:
        grid: the full grid.
        steps: columns and rows from one coarse voxel to the next.
        inside: (i, j, k) bool on coarse columns and rows, all slices.
        near: what is dense, or enclosed by it within a slice, one coarse voxel larger: what lies beyond is air for
            sure. The couch is in it, as are parts of a patient that a mask has cut off from the rest.
        centres: (slices, 2) mean i and j of the body, in voxels of the full grid; NaN where a slice has none.
    """

    grid: Grid
    steps: tuple[int, int]
    inside: NDArray[np.bool_]
    near: NDArray[np.bool_]
    centres: NDArray[np.float64]

    @classmethod
    def of(cls, coarse: NDArray[np.int16], steps: tuple[int, int], grid: Grid) -> CoarseBody:
        """Find the body in every few columns and rows of a CT."""
        inside = body_mask(coarse)
        near = inside | (coarse > BODY_THRESHOLD_HU)
        for k in range(near.shape[2]):
            near[:, :, k] = fill_voids.fill(near[:, :, k])
        for axis in (0, 1):
            spread, low, high = near.copy(order="F"), _but(axis, 0), _but(axis, -1)
            spread[low] |= near[high]
            spread[high] |= near[low]
            near = spread
        counts = np.count_nonzero(inside, axis=(0, 1)).astype(np.float64)
        counts[counts == 0] = np.nan
        sums = [np.arange(inside.shape[axis]) @ np.count_nonzero(inside, axis=1 - axis) for axis in (0, 1)]
        centres = np.stack([step * one / counts for step, one in zip(steps, sums, strict=True)], axis=1)
        return cls(grid, steps, inside, near, centres)

    def outside(self, inside: NDArray[np.bool_], start: NDArray[np.int64]) -> tuple[NDArray[np.int64], Index | None]:
        """Voxels of a structure beyond the body by slice of its box, and one of them where most are; else None.

        Without any body there is no outside.
        """
        if not self.near.any():
            return np.zeros(inside.shape[2], np.int64), None
        i, j = (
            np.minimum((np.arange(a, a + n) + step // 2) // step, most - 1)
            for a, n, step, most in zip(start[:2], inside.shape[:2], self.steps, self.near.shape[:2], strict=True)
        )
        counts, worst, at = np.zeros(inside.shape[2], np.int64), 0, None
        for k in range(inside.shape[2]):
            beyond = inside[:, :, k] & ~self.near[:, :, k + start[2]][np.ix_(i, j)]
            counts[k] = np.count_nonzero(beyond)
            if counts[k] > worst:
                points = np.argwhere(beyond)
                worst, at = int(counts[k]), (*points[len(points) // 2].tolist(), k)
        return counts, at

    def offset_mm(self, point_mm: NDArray[np.float64], first: int, last: int) -> tuple[float, float] | None:
        """How far a point lies from the middle of the body in these slices, along x and y; None without a body."""
        here = self.centres[first : last + 1]
        if np.isnan(here).all():
            return None
        i, j = np.nanmedian(here, axis=0)
        k = self.grid.to_index([point_mm])[0, 2]
        x, y, _ = point_mm - self.grid.to_mm([[i, j, k]])[0]
        return round(float(x), 4), round(float(y), 4)


def measure_image(hu: NDArray[np.int16], grid: Grid) -> tuple[ImageMeasures, CoarseBody]:
    """Measure a CT (i, j, k) in HU, mostly on every few columns and rows."""
    steps = max(1, round(grid.shape[0] / COARSE_COLUMNS)), max(1, round(grid.shape[1] / COARSE_COLUMNS))
    coarse = np.asfortranarray(hu[:: steps[0], :: steps[1]])
    body = CoarseBody.of(coarse, steps, grid)
    by_slice = hu.T  # contiguous for arrays in Fortran order
    highest = int(by_slice.max())
    metal = np.count_nonzero(by_slice > METAL_HU) if highest > METAL_HU else 0
    k, j, i = (int(n) for n in np.unravel_index(by_slice.argmax(), by_slice.shape))
    soft, fat = _tissue_peaks(coarse, body.inside)
    count = int(np.count_nonzero(body.inside))
    dense = float(np.count_nonzero(body.inside & (coarse > BONE_HU)) / count) if count else 0.0
    measures = ImageMeasures(
        body_share=round(count / body.inside.size, 4),
        body_centre_x_mm=_middle_x_mm(body),
        cut_share=_cut_share(body.inside),
        soft_tissue_hu=soft,
        fat_hu=fat,
        air_hu=_air_hu(coarse, body.near),
        dense_share=round(dense, 4),
        lowest_hu=int(by_slice.min()),
        highest_hu=highest,
        metal_cc=round(float(metal * grid.voxel_volume_cc), 4),
        brightest=(i, j, k),
    )
    return measures, body


def _but(axis: int, end: int) -> tuple[slice, ...]:
    """Everything but the first (0) or the last (-1) along an axis."""
    return tuple((slice(1, None) if end == 0 else slice(None, -1)) if n == axis else slice(None) for n in range(3))


def _middle_x_mm(body: CoarseBody) -> float | None:
    there = np.flatnonzero(~np.isnan(body.centres[:, 0]))
    if not there.size:
        return None
    index = np.column_stack([body.centres[there], there])
    return round(float(np.median(body.grid.to_mm(index)[:, 0])), 2)


def _cut_share(inside: NDArray[np.bool_]) -> float:
    there = inside.any(axis=(0, 1))
    if not there.any():
        return 0.0
    cut = inside[[0, -1]].any(axis=(0, 1)) | inside[:, [0, -1]].any(axis=(0, 1))
    return round(float(np.count_nonzero(cut) / np.count_nonzero(there)), 4)


def _air_hu(coarse: NDArray[np.int16], near: NDArray[np.bool_]) -> float | None:
    outside = coarse[~near]
    lowest = outside.min(initial=0)
    air = outside[outside > lowest] if lowest <= PADDING_AT_MOST_HU else outside
    return float(np.median(air)) if air.size > FEWEST_AIR * outside.size and air.size else None


def _tissue_peaks(coarse: NDArray[np.int16], inside: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """HU of soft tissue and of fat: the highest peak of the body's histogram, and the next one on the side it must be.

    Voxels are averaged eight by eight before, since the noise of a scan through the hips would melt the two together.
    """
    from scipy.signal import find_peaks  # half a second, which an audit of records alone does not need

    values: NDArray[np.floating] = coarse.astype(np.float32)
    all_inside = inside
    for axis in range(3):
        if values.shape[axis] > 1:
            first, second = _but(axis, -1), _but(axis, 0)
            thinned = tuple(slice(None, None, 2) if n == axis else slice(None) for n in range(3))
            values = ((values[first] + values[second]) / 2)[thinned]
            all_inside = (all_inside[first] & all_inside[second])[thinned]
    counts, edges = np.histogram(values[all_inside], np.arange(HISTOGRAM_HU[0], HISTOGRAM_HU[1] + BIN_HU, BIN_HU))
    smooth = gaussian_filter1d(counts.astype(np.float64), SMOOTHING_BINS, mode="nearest")
    centres = edges[:-1] + BIN_HU / 2
    peaks, _ = find_peaks(smooth, prominence=PROMINENCE * smooth.max(), distance=PEAKS_APART_HU / BIN_HU)
    if not peaks.size:
        return None, None
    highest, *others = (float(centres[n]) for n in sorted(peaks, key=lambda n: -smooth[n]))
    below, above = (next((hu for hu in others if test(hu)), None) for test in (highest.__gt__, highest.__lt__))
    if highest < FAT_BELOW_HU and below is None:
        return above, highest
    return highest, below
