"""One plane of a CT on the page: the picture in a soft-tissue window, outlines and areas of masks, and a scale bar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.evaluation.figures.style import SMALL_PT, Color
from rtcontour.evaluation.figures.views import View
from rtcontour.grid import Grid
from rtcontour.mask import Mask

WINDOW_HU = (-160.0, 240.0)  # level 40, width 400: soft tissue
BAR_SHARE = 0.4  # of the panel's width, at most
BAR_LENGTHS_MM = (100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
Coordinates = NDArray[np.floating]
Dashes = str | tuple[float, tuple[float, ...]]


def check_grids(hu: NDArray[np.int16], grid: Grid, masks: Iterable[tuple[str, Mask]]) -> None:
    """Refuse what does not lie on the grid.

    Raises:
        GeometryError: an image or a named mask that is not on `grid`.
    """
    if hu.shape != grid.shape:
        raise GeometryError(f"image has shape {hu.shape}, its grid {grid.shape}; give the grid it was read with")
    for name, mask in masks:
        if not mask.grid.matches(grid):
            raise GeometryError(f"mask of {name} is not on the grid of the image; rasterize it on that grid")


def show_ct(axes: Axes, view: View, plane_hu: NDArray[np.int16]) -> None:
    """The plane (upright, across) as the view lays it, in mm, without axes around it."""
    low, high = WINDOW_HU
    axes.imshow(
        plane_hu,
        cmap="gray",
        vmin=low,
        vmax=high,
        extent=view.extent_mm,
        origin="lower" if view.upright == 2 else "upper",
        interpolation="bilinear",
    )
    axes.autoscale(False)  # or contours of a padded plane would widen the view
    axes.set_axis_off()


def draw_outline(
    axes: Axes,
    view: View,
    plane: NDArray[np.bool_],
    *,
    color: Color,
    linewidth: float,
    dashes: Dashes = "solid",
    edge: Color | None = None,
    gid: str | None = None,
) -> None:
    """The boundary of a plane of a mask, between its voxels and those beside them; of an empty one nothing.

    An edge of another colour on both sides keeps the line visible whatever lies below it.
    """
    if not plane.any():
        return
    lines = axes.contour(*_with_background(view, plane), levels=[0.5], colors=[color], linestyles=[dashes])
    lines.set(linewidth=linewidth, gid=gid)
    if edge:
        lines.set_path_effects([withStroke(linewidth=linewidth + 0.9, foreground=edge)])


def fill_area(axes: Axes, view: View, plane: NDArray[np.bool_], color: Color, *, opacity: float) -> None:
    """A plane of a mask as a faint area."""
    if plane.any():
        axes.contourf(*_with_background(view, plane), levels=[0.5, 1.5], colors=[color], alpha=opacity)


def draw_scale_bar(
    axes: Axes,
    left_mm: float,
    height: float,
    length_mm: float,
    color: Color,
    edge: Color | None = None,
    *,
    size_pt: float = SMALL_PT,
) -> None:
    """A bar with its length written above it.

    Args:
        axes: the panel, in mm across.
        left_mm: where the bar begins.
        height: where it lies, as a part of the panel's height from its bottom; negative is below the panel.
        length_mm: of the bar; see `bar_length_mm`.
        color: of bar and words.
        edge: a colour around them, where they lie on a picture.
        size_pt: of the words.
    """
    across = axes.get_xaxis_transform()  # mm across, parts of the panel upright
    bar: dict[str, Any] = {
        "transform": across,
        "clip_on": False,
        "scalex": False,
        "scaley": False,
        "solid_capstyle": "butt",
    }
    effects = [withStroke(linewidth=1.8, foreground=edge)] if edge else []
    ends, linewidth = [left_mm, left_mm + length_mm], 0.2 * size_pt
    if edge:
        axes.plot(ends, [height] * 2, color=edge, linewidth=linewidth + 1.2, **bar)
    axes.plot(ends, [height] * 2, color=color, linewidth=linewidth, gid="scale-bar", **bar)
    words: dict[str, Any] = {"color": color, "fontsize": size_pt, "path_effects": effects, "annotation_clip": False}
    axes.annotate(length_in_words(length_mm), (left_mm, height), (0, 3), across, "offset points", **words)


def bar_length_mm(width_mm: float) -> float:
    """The longest of some round lengths that takes at most BAR_SHARE of a width."""
    return next((length for length in BAR_LENGTHS_MM if length <= BAR_SHARE * width_mm), BAR_LENGTHS_MM[-1])


def length_in_words(length_mm: float) -> str:
    """A length as its scale bar says it."""
    return f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm:g} mm"


def _with_background(view: View, plane: NDArray[np.bool_]) -> tuple[Coordinates, Coordinates, NDArray[np.float32]]:
    """Places across and upright in mm, and the plane, with one voxel of background around it.

    That closes a contour which the edge of the picture cuts.
    """
    return (*view.centres_mm(beyond=1), np.pad(plane, 1).astype(np.float32))
