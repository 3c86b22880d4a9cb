"""Pictures of contours on CT: axial slices, a coronal and a sagittal one, at true proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rtcontour.evaluation.figures.panel import bar_length_mm, check_grids, draw_outline, draw_scale_bar, show_ct
from rtcontour.evaluation.figures.style import paler
from rtcontour.evaluation.figures.views import View, cut_views
from rtcontour.files import whole_file
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.structures import color_of

FIGURE_INCHES = 16.0  # width; 130 dots each keep small structures legible and the file under 2 MB
DOTS_PER_INCH = 130
HEADER_INCHES, FOOTER_INCHES, LEGEND_ROW_INCHES = 0.45, 0.15, 0.27
GAP_MM = 4.0
LEGEND_COLUMNS = 8
PALER = 0.55  # how far a truth's colour is mixed with white: seen on a solid line of the same colour
BLACK, PALE, DIM = "#000000", "#e8eaed", "#9aa0a6"
DASHES = (0, (3, 2))
Across = Literal["left", "center", "right"]
Upright = Literal["top", "center", "bottom"]


def draw_contours(
    hu: NDArray[np.int16],
    grid: Grid,
    masks: Mapping[str, Mask],
    path: str | Path,
    *,
    truth: Mapping[str, Mask] | None = None,
    title: str = "",
    replace: bool = False,
) -> Path:
    """Write a PNG of six axial slices, a coronal and a sagittal one, with the contours on them.

    Structures keep the colours of the structure table. `masks` are solid lines; `truth`, where given, dashed ones in
    a paler shade. Slices are chosen to show every structure; the view is cropped to the structures with a margin.
    Letters at the edges say where the patient's right (R), left (L), front (A), back (P), head (H) and feet (F) are.

    Args:
        hu: CT (i, j, k) in HU.
        grid: its grid.
        masks: name -> mask on that grid; none or empty ones give pictures of the middle of the volume.
        path: the PNG to write.
        truth: what the masks are compared with.
        title: one line above the pictures.
        replace: whether an existing file may be replaced.

    Raises:
        GeometryError: an image or a mask that is not on `grid`.
        OutputError: `path` exists already or cannot be written.
    """
    truth = truth or {}
    check_grids(hu, grid, [*masks.items(), *truth.items()])
    views = cut_views(grid, [*masks.values(), *truth.values()])
    names = list(dict.fromkeys([*masks, *truth]))
    figure = Figure(facecolor=BLACK)
    panels = _lay_out(figure, views, legend_rows=ceil((len(names) + 2) / LEGEND_COLUMNS))
    for axes, view in zip(panels, views, strict=True):
        _draw_view(axes, view, hu, masks, truth)
    left, right, *_ = views[0].extent_mm
    length = bar_length_mm(right - left)
    draw_scale_bar(panels[0], left + 0.04 * (right - left), 0.05, length, PALE, BLACK, size_pt=9)
    _draw_legend(figure, names, with_truth=bool(truth))
    figure.suptitle(title, x=0.012, y=0.988, ha="left", va="top", color=PALE, fontsize=15)
    with whole_file(path, replace=replace) as partial:
        figure.savefig(partial, dpi=DOTS_PER_INCH, facecolor=BLACK, metadata={"Software": None})
    return Path(path)


def _lay_out(figure: Figure, views: Sequence[View], legend_rows: int) -> list[Axes]:
    """Two rows of three axial panels, the coronal one and the sagittal one at their right, all to one scale."""
    axial, coronal, sagittal = (views[n].size_mm for n in (0, -2, -1))
    width = 3 * axial[0] + max(coronal[0], sagittal[0]) + 3 * GAP_MM
    row = max(axial[1], coronal[1], sagittal[1])
    inches = FIGURE_INCHES / width  # per mm of patient
    header, footer = HEADER_INCHES, FOOTER_INCHES + LEGEND_ROW_INCHES * legend_rows
    height = header + footer + (2 * row + GAP_MM) * inches
    figure.set_size_inches(FIGURE_INCHES, height)
    panels = []
    for n, view in enumerate(views):
        line, column = (n // 3, n % 3) if n < len(views) - 2 else (n - len(views) + 2, 3)
        wide, high = view.size_mm
        left = (column * (axial[0] + GAP_MM)) / width
        lift = (row + GAP_MM) * (1 - line) + (row - high) / 2
        bottom = (footer + lift * inches) / height
        panels.append(figure.add_axes((left, bottom, wide / width, high * inches / height)))
    return panels


def _draw_view(
    axes: Axes, view: View, hu: NDArray[np.int16], masks: Mapping[str, Mask], truth: Mapping[str, Mask]
) -> None:
    show_ct(axes, view, view.cut(hu))
    for name, mask in masks.items():
        draw_outline(axes, view, view.cut_mask(mask), color=_color(name), linewidth=1.6)
    for name, mask in truth.items():
        draw_outline(axes, view, view.cut_mask(mask), color=paler(_color(name), PALER), linewidth=1.3, dashes=DASHES)
    _write_letters(axes, view)


def _write_letters(axes: Axes, view: View) -> None:
    left, right, bottom, top = view.letters
    _write(axes, 0.02, 0.50, left, "left", "center")
    _write(axes, 0.98, 0.50, right, "right", "center")
    _write(axes, 0.50, 0.02, bottom, "center", "bottom")
    _write(axes, 0.50, 0.98, top, "center", "top")
    _write(axes, 0.02, 0.98, view.caption, "left", "top", color=DIM, size=9)


def _write(
    axes: Axes, x: float, y: float, words: str, across: Across, upright: Upright, color: str = PALE, size: float = 10
) -> None:
    """Words at a place given as parts of the panel, with a dark edge that keeps them legible on bone."""
    edge = [withStroke(linewidth=2, foreground=BLACK)]
    at = axes.transAxes
    axes.text(x, y, words, ha=across, va=upright, color=color, fontsize=size, transform=at, path_effects=edge)


def _draw_legend(figure: Figure, names: Sequence[str], *, with_truth: bool) -> None:
    handles = [Line2D([], [], color=_color(name), linewidth=3, label=name) for name in names]
    if with_truth:
        handles.append(Line2D([], [], color=PALE, linewidth=1.6, label="predicted"))
        handles.append(Line2D([], [], color=PALE, linewidth=1.3, linestyle=DASHES, label="truth"))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.006, 0.0),
        ncols=LEGEND_COLUMNS,
        frameon=False,
        labelcolor=PALE,
        fontsize=11,
    )


def _color(name: str) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in color_of(name))
    return red, green, blue
