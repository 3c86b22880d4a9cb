"""One plane of a CT on the page: the picture in a soft-tissue window, and outlines and areas of masks on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rtcontour.errors import GeometryError
from rtcontour.evaluation.figures.views import View
from rtcontour.grid import Grid
from rtcontour.mask import Mask

WINDOW_HU = (-160.0, 240.0)  # level 40, width 400: soft tissue
Color = str | tuple[float, float, float]
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
    cased: bool = False,
    gid: str | None = None,
) -> None:
    """The boundary of a plane of a mask, between its voxels and those beside them; of an empty one nothing.

    A cased line has dark edges, which keep it visible on bone.
    """
    if not plane.any():
        return
    lines = axes.contour(*_with_background(view, plane), levels=[0.5], colors=[color], linestyles=[dashes])
    lines.set(linewidth=linewidth, gid=gid)
    if cased:
        lines.set_path_effects([withStroke(linewidth=linewidth + 0.9, foreground="black")])


def fill_area(axes: Axes, view: View, plane: NDArray[np.bool_], color: Color, *, opacity: float) -> None:
    """A plane of a mask as a faint area."""
    if plane.any():
        axes.contourf(*_with_background(view, plane), levels=[0.5, 1.5], colors=[color], alpha=opacity)


def _with_background(view: View, plane: NDArray[np.bool_]) -> tuple[Coordinates, Coordinates, NDArray[np.float32]]:
    """Places across and upright in mm, and the plane, with one voxel of background around it.

    That closes a contour which the edge of the picture cuts.
    """
    return (*view.centres_mm(beyond=1), np.pad(plane, 1).astype(np.float32))
