"""What the page shows of a case: the slices, cropped to the patient and packed, and the contours on them."""

from __future__ import annotations

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours import trace
from rtcontour.grid import Grid
from rtcontour.labels import body_mask
from rtcontour.mask import Mask, tight_box

LOWEST_HU, HIGHEST_HU = -1000, 2047  # air, and brighter than any window preset; the noise of air would cost a tenth
MARGIN_MM = 15.0  # around body and contours, so that nobody asks what is just outside
COARSE_MM = 4.0  # voxels at which the body is looked for: a tenth of a second instead of ten
TOLERANCE_MM = 0.1  # a tenth of a pixel on the screen
HUNDREDTHS = 100  # contour points are written in hundredths of a voxel
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Slices:
    """A CT as the page shows it: i to the right, j down, k upwards in the list; every slice, cropped within it.

    Attributes:
        hu: (i, j, k) the cropped voxels.
        grid: their grid.
    """

    hu: NDArray[np.int16]
    grid: Grid

    @property
    def letters(self) -> dict[str, str]:
        """Towards which side of the patient each edge of the picture lies: R, L, A, P, H or F."""
        rightward, downward, upward = (np.array(row) for row in self.grid.direction)
        edges = {"left": -rightward, "right": rightward, "top": -downward, "bottom": downward, "last": upward}
        return {edge: _side(direction) for edge, direction in edges.items()}

    def packed(self) -> Iterator[str]:
        """Each slice as base64 text, without loss between LOWEST_HU and HIGHEST_HU.

        Along a row each voxel is written as the difference to the one before it, which is small and so compresses:
        0, -1, 1, -2, ... become 0, 1, 2, 3, ...; first the low bytes of all voxels, then the high ones; zlib.
        """
        for k in range(self.hu.shape[2]):
            levels = np.clip(self.hu[:, :, k].T, LOWEST_HU, HIGHEST_HU) - np.int16(LOWEST_HU)  # rows, columns
            steps = np.diff(levels, axis=1, prepend=np.int16(0))
            folded = ((steps << 1) ^ (steps >> 15)).astype("<u2")
            content = folded.view(np.uint8).reshape(-1, 2).T.tobytes()
            # Of zlib's strategies Z_RLE is both the fastest and the smallest for such noise.
            packer = zlib.compressobj(level=3, memLevel=9, strategy=zlib.Z_RLE)
            yield base64.b64encode(packer.compress(content) + packer.flush()).decode("ascii")

    def polygons(self, mask: Mask) -> dict[int, list[list[int]]]:
        """Slice -> contours, each u0, v0, u1, v1, ... in hundredths of a voxel; a hole is a contour of its own."""
        slices = defaultdict(list)
        for contour in trace(mask, tolerance_mm=TOLERANCE_MM):
            index = self.grid.to_index(contour.points_mm)
            points = np.rint(index[:, :2] * HUNDREDTHS).astype(int)
            slices[round(float(index[0, 2]))].append(points.ravel().tolist())
        return dict(sorted(slices.items()))


def cut_slices(hu: NDArray[np.int16], grid: Grid, masks: Iterable[Mask]) -> Slices:
    """The slices of a CT, turned as radiologists look at them and cropped to the body and the contours.

    An axial scan is flipped where it must be so that the patient's right is on the left, the front on top and the
    head at the last slice. Other scans stay as they are.
    """
    box = _shown_box(hu, grid, masks)
    flips = [slice(None, None, -1 if flipped else 1) for flipped in _flipped(grid)]
    start = [s.stop - 1 if flip.step == -1 else s.start for s, flip in zip(box, flips, strict=True)]
    i, j, k = np.array(grid.direction) * [[flip.step] for flip in flips]
    cropped = np.asfortranarray(hu[box][tuple(flips)])
    return Slices(
        cropped, Grid(cropped.shape, grid.spacing_mm, tuple(grid.to_mm([start])[0]), (tuple(i), tuple(j), tuple(k)))
    )


def _flipped(grid: Grid) -> list[bool]:
    main_axes = [int(np.abs(row).argmax()) for row in grid.direction]
    return [main_axes == [0, 1, 2] and grid.direction[axis][axis] < 0 for axis in range(3)]


def _shown_box(hu: NDArray[np.int16], grid: Grid, masks: Iterable[Mask]) -> Box:
    """All slices; in them the body and the contours with a margin, or everything where there is neither."""
    steps = [max(1, round(COARSE_MM / spacing)) for spacing in grid.spacing_mm]
    body = tight_box(body_mask(hu[:: steps[0], :: steps[1], :: steps[2]]))
    boxes = [tuple(slice(s.start * step, s.stop * step) for s, step in zip(body, steps, strict=True))]
    boxes = [box for box in (*boxes, *(mask.box for mask in masks)) if box[0].stop > box[0].start]
    if not boxes:
        return slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2])
    shown = []
    for axis in (0, 1):
        margin = round(MARGIN_MM / grid.spacing_mm[axis])
        start, stop = min(box[axis].start for box in boxes) - margin, max(box[axis].stop for box in boxes) + margin
        shown.append(slice(max(start, 0), min(stop, grid.shape[axis])))
    return shown[0], shown[1], slice(0, grid.shape[2])


def _side(direction: NDArray[np.float64]) -> str:
    axis = int(np.abs(direction).argmax())
    return ("RL", "AP", "FH")[axis][int(direction[axis] > 0)]
