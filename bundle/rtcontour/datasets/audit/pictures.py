"""Pictures of findings: slices of the CT as small JPEGs, contours as lines over them, all inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.contours import trace
from rtcontour.datasets.audit.case_finding import CaseFinding, Place
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.structures import color_of

# A finding takes about 20 KB with its views: 400 of them make a page that a browser opens at once.
WIDEST_PIXELS = 230
JPEG_QUALITY = 62
MARGIN_MM, LEAST_MM = 30.0, 110.0
BODY_HU = -500  # what is denser somewhere is shown, in views of the whole body
OUTLINE_TOLERANCE = 0.35  # of a pixel of the plane; more corners are not seen


@dataclass(frozen=True)
class Outline:
    """The contours of a structure in a view, as an SVG path.

    Attributes:
        name: of the structure.
        color: as CSS.
        path: in millimetres of the view.
        is_subject: whether the finding is about it.
    """

    name: str
    color: str
    path: str
    is_subject: bool


@dataclass(frozen=True)
class View:
    """A plane of the CT with contours.

    Attributes:
        caption: which plane it is.
        width_mm, height_mm: its size.
        image: a JPEG as a data URI.
        left, right: letters of the patient's sides, R or L in most scans.
        outlines: of every structure that it cuts, that of the finding last.
    """

    caption: str
    width_mm: float
    height_mm: float
    image: str
    left: str
    right: str
    outlines: tuple[Outline, ...]


@dataclass(frozen=True)
class _Plane:
    """A box of a grid, one voxel thick along `axis`; `across` runs to the right, `down` along the other axis."""

    grid: Grid
    axis: int
    index: int
    across: tuple[int, int]
    upright: tuple[int, int]

    @property
    def axes(self) -> tuple[int, int]:
        """The axis that runs across and the one that runs up or down."""
        return (0, 1) if self.axis == 2 else (0, 2)

    @property
    def is_upside_down(self) -> bool:
        """Slices go up in the picture, rows down."""
        return self.axes[1] == 2

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        spacing = self.grid.spacing_mm
        (a, b), (c, d) = self.across, self.upright
        return (b - a) * spacing[self.axes[0]], (d - c) * spacing[self.axes[1]]

    def cut(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """Its voxels (across, upright) of a full array."""
        box: list[slice | int] = [slice(None)] * 3
        box[self.axis] = self.index
        box[self.axes[0]], box[self.axes[1]] = slice(*self.across), slice(*self.upright)
        return array[tuple(box)]

    def cut_mask(self, mask: Mask) -> NDArray[np.bool_]:
        """Its voxels (across, upright) of a mask."""
        inside = np.zeros((self.across[1] - self.across[0], self.upright[1] - self.upright[0]), np.bool_)
        level = self.index - mask.start[self.axis]
        if not 0 <= level < mask.voxels.shape[self.axis]:
            return inside
        plane = np.take(mask.voxels, level, axis=self.axis)
        onto, of = [], []
        for axis, (low, high) in zip(self.axes, (self.across, self.upright), strict=True):
            first, last = max(low, mask.start[axis]), min(high, mask.start[axis] + mask.voxels.shape[axis])
            if first >= last:
                return inside
            onto.append(slice(first - low, last - low))
            of.append(slice(first - mask.start[axis], last - mask.start[axis]))
        inside[tuple(onto)] = plane[tuple(of)]
        return inside


def draw_finding(
    finding: CaseFinding, hu: NDArray[np.int16], grid: Grid, masks: Mapping[str, Mask]
) -> tuple[View, ...]:
    """The views of a finding: slices from above, and a coronal plane through its voxel.

    Args:
        finding: one with a place.
        hu: the CT of its case.
        grid: its grid.
        masks: the structures of its case on that grid.

    Returns:
        Two views, or four where the finding is about several slices; () for a finding without a place.
    """
    place = finding.place
    if place is None:
        return ()
    box = _shown_box(place, hu, grid, masks.get(finding.structure))
    slices = [k for k in dict.fromkeys(place.slices or (place.index[2],)) if 0 <= k < grid.shape[2]]
    planes = [_Plane(grid, 2, k, box[0], box[1]) for k in slices]
    planes.append(_Plane(grid, 1, min(max(place.index[1], 0), grid.shape[1] - 1), box[0], box[2]))
    return tuple(_draw(plane, finding.structure, place, hu, masks) for plane in planes)


def _shown_box(
    place: Place, hu: NDArray[np.int16], grid: Grid, mask: Mask | None
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """First voxel and the one after the last, along each axis."""
    if place.extent == "body" or mask is None or not mask.voxels.size:
        dense = hu[:, :, min(place.index[2], grid.shape[2] - 1)] > BODY_HU
        ends = [_with_margin(np.flatnonzero(dense.any(axis=1 - axis)), grid, axis) for axis in (0, 1)]
        return ends[0], ends[1], (0, grid.shape[2])
    box = []
    for axis in range(3):
        low, high = mask.start[axis], mask.start[axis] + mask.voxels.shape[axis] - 1
        box.append(_with_margin(np.array([min(low, place.index[axis]), max(high, place.index[axis])]), grid, axis))
    return box[0], box[1], box[2]


def _with_margin(indices: NDArray[np.int64], grid: Grid, axis: int) -> tuple[int, int]:
    """The ends of some voxels with a margin around, at least LEAST_MM apart, inside the grid; all where none are."""
    if not indices.size:
        return 0, grid.shape[axis]
    step = grid.spacing_mm[axis]
    margin = max(MARGIN_MM, (LEAST_MM - (indices[-1] - indices[0]) * step) / 2) / step
    return max(0, round(indices[0] - margin)), min(grid.shape[axis], round(indices[-1] + margin) + 1)


def _draw(plane: _Plane, subject: str, place: Place, hu: NDArray[np.int16], masks: Mapping[str, Mask]) -> View:
    width_mm, height_mm = plane.size_mm
    outlines = [
        Outline(name, f"rgb{color_of(name)}", path, name == subject)
        for name, mask in masks.items()
        if (path := _path(plane, plane.cut_mask(mask)))
    ]
    total, kind = plane.grid.shape[plane.axis], "slice" if plane.axis == 2 else "coronal, row"
    left, right = ("R", "L") if plane.grid.direction[0][0] > 0 else ("L", "R")
    return View(
        f"{kind} {plane.index + 1} of {total}",
        round(width_mm, 1),
        round(height_mm, 1),
        _jpeg(_pixels(plane, hu, place.window_hu)),
        left,
        right,
        tuple(sorted(outlines, key=lambda one: one.is_subject)),
    )


def _pixels(plane: _Plane, hu: NDArray[np.int16], window_hu: tuple[int, int]) -> NDArray[np.uint8]:
    """Grey values (row, column) of a plane at true proportions, WIDEST_PIXELS at the longer side or fewer."""
    values = plane.cut(hu).astype(np.float32).T
    width_mm, height_mm = plane.size_mm
    finest = min(plane.grid.spacing_mm[axis] for axis in plane.axes)
    pixel_mm = max(finest, max(width_mm, height_mm) / WIDEST_PIXELS)
    for axis, length_mm in ((0, height_mm), (1, width_mm)):
        values = _resized(values, axis, max(1, round(length_mm / pixel_mm)))
    low, high = window_hu
    grey = np.clip((values - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    return grey[::-1] if plane.is_upside_down else grey


def _resized(values: NDArray[np.float32], axis: int, count: int) -> NDArray[np.float32]:
    """Linear along one axis, the means of the voxels that a pixel spans where there are fewer pixels than voxels."""
    n = values.shape[axis]
    sums = np.concatenate([np.zeros_like(values.take([0], axis)), np.cumsum(values, axis=axis)], axis=axis)
    half = max(n / count, 1.0) / 2
    centres = (np.arange(count) + 0.5) * n / count
    low, high = np.clip(centres - half, 0, n), np.clip(centres + half, 0, n)
    shape = tuple(-1 if one == axis else 1 for one in range(values.ndim))
    means = (_at(sums, axis, high) - _at(sums, axis, low)) / (high - low).reshape(shape)
    return means.astype(np.float32)


def _at(sums: NDArray[np.float32], axis: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running sums at places between voxel faces."""
    low = np.minimum(places.astype(int), sums.shape[axis] - 2)
    shape = tuple(-1 if one == axis else 1 for one in range(sums.ndim))
    share = (places - low).reshape(shape)
    return sums.take(low, axis) * (1 - share) + sums.take(low + 1, axis) * share


def _jpeg(grey: NDArray[np.uint8]) -> str:
    from matplotlib.image import imsave  # loads in a third of a second, and the import of archives needs no pictures

    with io.BytesIO() as file:
        pixels = np.repeat(np.ascontiguousarray(grey)[:, :, None], 3, axis=2)
        imsave(file, pixels, format="jpeg", pil_kwargs={"quality": JPEG_QUALITY, "optimize": True})
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _path(plane: _Plane, inside: NDArray[np.bool_]) -> str:
    """The outline of some voxels as an SVG path in millimetres from the upper left corner; "" for none."""
    if not inside.any():
        return ""
    flat = Grid((*inside.shape, 1), (1.0, 1.0, 1.0), (0.5, 0.5, 0.0))  # so that the first face lies at 0
    steps = [plane.grid.spacing_mm[axis] for axis in plane.axes]
    _, height_mm = plane.size_mm
    parts = []
    for contour in trace(Mask.from_array(inside[:, :, None], flat), tolerance_mm=OUTLINE_TOLERANCE):
        x, y = contour.points_mm[:, 0] * steps[0], contour.points_mm[:, 1] * steps[1]
        points = np.column_stack([x, height_mm - y if plane.is_upside_down else y])
        parts.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) + "Z")
    return "".join(parts)


def count_bytes(views: Iterable[View]) -> int:
    """What views take in the page, nearly."""
    return sum(len(view.image) + sum(len(outline.path) for outline in view.outlines) for view in views)
