"""draw_overlay: one structure of one case in three planes, prediction and truth (Sartor 2020, Fig 3)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from rtcontour.evaluation.figures.panel import (
    bar_length_mm,
    check_grids,
    draw_outline,
    draw_scale_bar,
    fill_area,
    show_ct,
)
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
    CM,
    FONT_PT,
    GREY,
    INK,
    SMALL_PT,
    WIDTH_CM,
    add_legend,
    add_panel,
    legend_height_cm,
    legible,
    look,
    new_figure,
    shorten,
    write_at,
)
from rtcontour.evaluation.figures.views import View, cut_planes, fullest_index
from rtcontour.grid import Grid
from rtcontour.mask import Mask

# Okabe and Ito's orange and blue: apart for every kind of colour vision, and in grey a light and a dark one. Each has
# an edge of the other kind, so that the light one is seen on bone and the dark one in air.
PREDICTED, TRUTH = "#E69F00", "#0072B2"
PREDICTED_EDGE, TRUTH_EDGE = "black", "white"
DASHES = (0.0, (3.0, 1.5))
OPACITY = 0.35
TALLEST_CM = 11.0  # of the panels
EDGE_CM, GAP_CM = 0.55, 1.1  # room for the letters of the sides
BAR_BELOW_CM = 0.6  # the scale bar, below the panels
At = Literal["largest", "worst"]


@look()
def draw_overlay(
    hu: NDArray[np.int16],
    grid: Grid,
    predicted: Mask,
    truth: Mask,
    path: str | Path,
    *,
    structure: str,
    title: str = "",
    at: At = "largest",
    replace: bool = False,
) -> dict[str, Path]:
    """An axial, a coronal and a sagittal plane, all to one scale, with the outlines of prediction and truth.

    Voxels that only one of the two has are tinted in its colour. Dotted lines show where the other planes lie, letters
    at the edges which side of the patient is there. The scale bar holds for all planes.

    Args:
        hu: CT (i, j, k) in HU; only the planes are copied.
        grid: its grid.
        predicted: the predicted mask on it; may be empty, as may the truth.
        truth: the true mask.
        path: where to write, without suffix.
        structure: its name, for the heading.
        title: more words for the heading, such as the case and its scores.
        at: "largest": the planes with most voxels of either mask; "worst": those with most voxels of only one.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}.

    Raises:
        GeometryError: an image or a mask that is not on `grid`.
        OutputError: a file exists already or cannot be written.
    """
    check_grids(hu, grid, [(f"{structure} (predicted)", predicted), (f"{structure} (truth)", truth)])
    index = plane_index(grid, predicted, truth, at)
    views = cut_planes(grid, [predicted, truth], index)
    labels = outline_labels(predicted, truth)
    figure, panels, foot = _lay_out(views, legend_height_cm(labels, WIDTH_CM - 2 * EDGE_CM))
    for axes, view in zip(panels, views, strict=True):
        show_ct(axes, view, view.cut(hu))
        draw_both(axes, view, view.cut_mask(predicted), view.cut_mask(truth))
        _draw_crossing(axes, view, index)
        _write_letters(axes, view)
        axes.set_title(view.caption, fontsize=SMALL_PT, color=GREY, pad=13)
    left, right, *_ = views[0].extent_mm
    height_cm = panels[0].bbox.height / figure.dpi / CM
    draw_scale_bar(panels[0], left, -BAR_BELOW_CM / height_cm, bar_length_mm(right - left), INK)
    heading = "  ".join(words for words in (structure, title) if words)
    write_at(figure, EDGE_CM, 0.1, shorten(legible(heading), WIDTH_CM - 1.5, FONT_PT + 1), fontsize=FONT_PT + 1)
    add_legend(figure, outline_handles(), labels, EDGE_CM, foot, WIDTH_CM - 2 * EDGE_CM)
    return save_figure(figure, path, replace=replace)


def plane_index(grid: Grid, predicted: Mask, truth: Mask, at: At) -> tuple[int, int, int]:
    """The voxel that the planes go through; where prediction and truth are alike, "worst" is "largest"."""
    masks = [mask for mask in (predicted, truth) if mask.voxel_count]
    if not masks:
        return fullest_index(grid, predicted)
    start = tuple(min(mask.box[axis].start for mask in masks) for axis in range(3))
    stop = tuple(max(mask.box[axis].stop for mask in masks) for axis in range(3))
    inside = np.zeros((2, *np.subtract(stop, start)), np.bool_)  # both masks in the box around them
    for part, mask in zip(inside, (predicted, truth), strict=True):
        if mask.voxel_count:
            part[tuple(slice(s.start - a, s.stop - a) for s, a in zip(mask.box, start, strict=True))] = mask.voxels
    only_one = inside[0] ^ inside[1]
    area = only_one if at == "worst" and only_one.any() else inside[0] | inside[1]
    return fullest_index(grid, Mask(grid, (start[0], start[1], start[2]), area))


def draw_both(axes: Axes, view: View, predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    """Outlines of both planes and the areas that only one has, in the two colours of every overlay."""
    fill_area(axes, view, predicted & ~truth, PREDICTED, opacity=OPACITY)
    fill_area(axes, view, truth & ~predicted, TRUTH, opacity=OPACITY)
    draw_outline(axes, view, predicted, color=PREDICTED, linewidth=1.1, edge=PREDICTED_EDGE, gid="predicted")
    # Where both agree, the prediction is seen between the dashes.
    draw_outline(axes, view, truth, color=TRUTH, linewidth=1.1, dashes=DASHES, edge=TRUTH_EDGE, gid="truth")


def outline_handles() -> list[Line2D | Patch]:
    """What stands for prediction and truth in a legend."""
    return [
        Line2D([], [], color=PREDICTED, linewidth=1.6),
        Line2D([], [], color=TRUTH, linewidth=1.6, linestyle=DASHES),
        Patch(facecolor=PREDICTED, alpha=OPACITY + 0.2),
        Patch(facecolor=TRUTH, alpha=OPACITY + 0.2),
    ]


def outline_labels(predicted: Mask | None = None, truth: Mask | None = None) -> list[str]:
    """Their labels; a mask without voxels is said to be empty."""
    empty = [" (empty)" if mask is not None and not mask.voxel_count else "" for mask in (predicted, truth)]
    return [f"predicted{empty[0]}", f"truth{empty[1]}", "only predicted", "only in the truth"]


def _lay_out(views: Sequence[View], legend_cm: float) -> tuple[Figure, list[Axes], float]:
    """Three panels beside each other, to one scale, as large as the page allows; and where the legend begins."""
    sizes = [view.size_mm for view in views]
    room = WIDTH_CM - 2 * EDGE_CM - 2 * GAP_CM
    scale = min(room / sum(wide for wide, _ in sizes), TALLEST_CM / max(high for _, high in sizes))  # cm per mm
    tallest = scale * max(high for _, high in sizes)
    head = 1.5
    foot = head + tallest + BAR_BELOW_CM + 0.3
    figure = new_figure(WIDTH_CM, foot + legend_cm)
    left = EDGE_CM
    panels = []
    for wide, high in sizes:
        panels.append(add_panel(figure, left, head, scale * wide, scale * high))
        left += scale * wide + GAP_CM
    return figure, panels, foot


def _draw_crossing(axes: Axes, view: View, index: tuple[int, int, int]) -> None:
    """Dotted lines where the two other planes cut this one."""
    x, y = (index[axis] * view.grid.spacing_mm[axis] for axis in (view.across, view.upright))
    style: dict[str, Any] = {"color": "white", "linewidth": 0.6, "linestyle": (0, (1, 3)), "alpha": 0.9}
    axes.axvline(x, **style)
    axes.axhline(y, **style)


def _write_letters(axes: Axes, view: View) -> None:
    """The patient's sides, outside the picture."""
    left, right, bottom, top = view.letters
    places = ((0, 0.5, -5, 0, left), (1, 0.5, 5, 0, right), (0.5, 0, 0, -6, bottom), (0.5, 1, 0, 6, top))
    for x, y, right_pt, up_pt, letter in places:
        axes.annotate(
            letter,
            (x, y),
            (right_pt, up_pt),
            "axes fraction",
            "offset points",
            fontsize=SMALL_PT,
            ha="center",
            va="center",
        )
