"""draw_gallery: the worst cases on one sheet, each as its axial plane with the largest disagreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rtcontour.evaluation.figures.overlay import draw_both, outline_handles, outline_labels, plane_index
from rtcontour.evaluation.figures.panel import bar_length_mm, check_grids, draw_scale_bar, show_ct
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
    SMALL_PT,
    WIDTH_CM,
    add_legend,
    add_panel,
    legend_height_cm,
    legible,
    look,
    new_figure,
    text_width_cm,
    write_at,
)
from rtcontour.evaluation.figures.views import View, cut_planes
from rtcontour.grid import Grid
from rtcontour.mask import Mask

COLUMNS = 4
EDGE_CM, GAP_CM = 0.35, 0.35
LINE_CM = 0.34  # of a caption
LEAST_SIDE_MM = 30.0  # of a panel, so that the surroundings of a small structure can be recognised
WHITE: dict[str, Any] = {
    "color": "white",
    "fontsize": SMALL_PT,
    "path_effects": [withStroke(linewidth=1.6, foreground="black")],
}


@dataclass(frozen=True, eq=False)
class GalleryItem:
    """What the gallery shows of one structure of one case: one cropped plane, some 100 kB, not the CT.

    Attributes:
        view: which plane it is.
        hu: CT of the plane (upright, across), a copy.
        predicted: the predicted mask there.
        truth: the true one.
        caption: case, structure and score; may have several lines.
    """

    view: View
    hu: NDArray[np.int16]
    predicted: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    caption: str


def cut_gallery_item(hu: NDArray[np.int16], grid: Grid, predicted: Mask, truth: Mask, *, caption: str) -> GalleryItem:
    """Cut the axial plane where most voxels are of only one mask; the CT may be forgotten afterwards.

    Raises:
        GeometryError: an image or a mask that is not on `grid`.
    """
    check_grids(hu, grid, [(f"{caption} (predicted)", predicted), (f"{caption} (truth)", truth)])
    view, _, _ = cut_planes(grid, [predicted, truth], plane_index(grid, predicted, truth, "worst"))
    return GalleryItem(view, view.cut(hu).copy(), view.cut_mask(predicted), view.cut_mask(truth), caption)


@look()
def draw_gallery(items: Sequence[GalleryItem], path: str | Path, *, replace: bool = False) -> dict[str, Path] | None:
    """A sheet of small overlays, four in a row, each with a scale bar of its own and its caption below.

    Args:
        items: what to show, in this order.
        path: where to write, without suffix.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}; None, and no file, without items.

    Raises:
        OutputError: a file exists already or cannot be written.
    """
    if not items:
        return None
    side = (WIDTH_CM - 2 * EDGE_CM - (COLUMNS - 1) * GAP_CM) / COLUMNS
    captions = [_wrap(item.caption, side) for item in items]
    row_cm = side + LINE_CM * max(caption.count("\n") + 1 for caption in captions) + 0.5
    labels = outline_labels()
    width = WIDTH_CM - 2 * EDGE_CM
    head = legend_height_cm(labels, width) + 0.3
    figure = new_figure(WIDTH_CM, head + ceil(len(items) / COLUMNS) * row_cm)
    add_legend(figure, outline_handles(), labels, EDGE_CM, 0.1, width)
    for n, (item, caption) in enumerate(zip(items, captions, strict=True)):
        left, top = EDGE_CM + n % COLUMNS * (side + GAP_CM), head + n // COLUMNS * row_cm
        _draw_item(add_panel(figure, left, top, side, side, facecolor="black"), item)
        write_at(figure, left, top + side + 0.1, caption, fontsize=SMALL_PT, linespacing=1.25)
    return save_figure(figure, path, replace=replace)


def _draw_item(axes: Axes, item: GalleryItem) -> None:
    show_ct(axes, item.view, item.hu)
    draw_both(axes, item.view, item.predicted, item.truth)
    # A square, black beyond the image, whatever the proportions of the plane.
    left, right, bottom, top = item.view.extent_mm
    half = max(right - left, abs(top - bottom), LEAST_SIDE_MM) / 2
    x, y = (left + right) / 2, (bottom + top) / 2
    axes.set(xlim=(x - half, x + half), ylim=(y + half, y - half), xticks=[], yticks=[])
    axes.set_axis_on()
    axes.spines[:].set_visible(False)
    draw_scale_bar(axes, x - 0.92 * half, 0.04, bar_length_mm(2 * half), "white", "black")
    for (across, upright), letter in zip(((0.05, 0.5), (0.95, 0.5)), item.view.letters[:2], strict=True):
        axes.text(across, upright, letter, transform=axes.transAxes, ha="center", va="center", **WHITE)


def _wrap(caption: str, width_cm: float) -> str:
    """The caption in lines that fit below a panel."""
    lines = []
    for line in map(legible, caption.split("\n")):
        signs = int(width_cm / max(text_width_cm(line, SMALL_PT) / max(len(line), 1), 0.1))
        lines += wrap(line, max(signs - 1, 4)) or [""]
    return "\n".join(lines)
