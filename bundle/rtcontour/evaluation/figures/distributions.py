"""draw_distributions: how one measure is distributed over the cases, structure by structure (Sartor 2020, Figs 1-2)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures.boxes import Group, draw_box, draw_dots, group_of, mark_handles, method_handle
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
    BAND,
    FONT_PT,
    GREY,
    SMALL_PT,
    WIDTH_CM,
    add_legend,
    add_panel,
    gid,
    legend_height_cm,
    legible,
    look,
    method_look,
    new_figure,
    shorten,
    text_width_cm,
    write_at,
)
from rtcontour.evaluation.figures.value_axis import measure_of, scale_measure
from rtcontour.evaluation.measures import Measure

TALLEST_CM = 19.0  # of one column of structures; more are shown in two
ALL_LANES_CM, LANE_CM = 6.5, (0.28, 0.8)  # few lanes share the first, within the limits of the second
ROW_GAP_CM = 0.2
LONGEST_NAME_CM = 3.6
FOOT_CM = 1.15  # ticks and label of the axis
SMALL_GREY: dict[str, Any] = {"fontsize": SMALL_PT, "color": GREY, "annotation_clip": False}
LONGEST_METHOD_CM = 7.0
Row = tuple[str, list[Group]]  # a structure, and what each method has of it


@look()
def draw_distributions(
    comparison: Comparison,
    measure: str,
    path: str | Path,
    *,
    cohort: str | None = None,
    replace: bool = False,
) -> dict[str, Path] | None:
    """Box and dots of each structure, methods below each other, every case a dot.

    Missed and false organs are crosses where the measure is defined for them, and always counted in words at the
    right, beside n, the number of values. Boxes hold the quartiles (from five values on), bars are medians. Broken
    axes: see `scale_axis`. Structures that nothing is known of are left out.

    Args:
        comparison: the scores.
        measure: an attribute of `StructureScores`.
        path: where to write, without suffix.
        cohort: the cases of one cohort only.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}; None, and no file, where no structure has a value or was missed or false.

    Raises:
        ConfigError: a measure that is not known.
        OutputError: a file exists already or cannot be written.
    """
    shown = measure_of(measure)
    methods = list(comparison.methods)
    rows: list[Row] = []
    for structure in comparison.structures:
        groups = [group_of(comparison, method, structure, measure, cohort) for method in methods]
        if not all(group.is_empty for group in groups):
            rows.append((structure, groups))
    if not rows:
        return None
    return save_figure(_draw(rows, methods, shown, cohort), path, replace=replace)


def _draw(rows: Sequence[Row], methods: Sequence[str], measure: Measure, cohort: str | None) -> Figure:
    lane = min(max(ALL_LANES_CM / (len(rows) * len(methods)), LANE_CM[0]), LANE_CM[1])
    row_cm = lane * len(methods) + ROW_GAP_CM
    columns = 2 if len(rows) * row_cm > TALLEST_CM else 1
    deep = ceil(len(rows) / columns)
    handles, labels = _legend(rows, methods)
    title_cm = 0.55 if cohort else 0.0
    head = title_cm + legend_height_cm(labels, WIDTH_CM - 0.6) + 0.45
    figure = new_figure(WIDTH_CM, head + deep * row_cm + FOOT_CM)
    if cohort:
        write_at(figure, 0.3, 0.1, legible(cohort), weight="bold")
    add_legend(figure, handles, labels, 0.3, title_cm + 0.1, WIDTH_CM - 0.6)
    names = [shorten(legible(name), LONGEST_NAME_CM) for name, _ in rows]
    before = max(text_width_cm(name, FONT_PT) for name in names) + 0.55
    after = max(text_width_cm(_count_words(group), SMALL_PT) for _, groups in rows for group in groups) + 0.55
    values = [value for _, groups in rows for group in groups for value in group.values.values()]
    for column in range(columns):
        part = slice(column * deep, (column + 1) * deep)
        left, width = column * WIDTH_CM / columns + before, WIDTH_CM / columns - before - after
        axes = add_panel(figure, left, head, width, row_cm * len(rows[part]))
        scale_measure(axes, "x", values, measure)
        _draw_rows(axes, rows[part], names[part], methods, row_cm)
    return figure


def _legend(rows: Sequence[Row], methods: Sequence[str]) -> tuple[list[Line2D], list[str]]:
    """Methods where there are several, and the crosses where there are any."""
    handles, labels = mark_handles([group for _, groups in rows for group in groups])
    if len(methods) > 1:
        handles = [*(method_handle(method_look(n)) for n in range(len(methods))), *handles]
        labels = [*(shorten(legible(method), LONGEST_METHOD_CM) for method in methods), *labels]
    return handles, labels


def _draw_rows(axes: Axes, rows: Sequence[Row], names: Sequence[str], methods: Sequence[str], row_cm: float) -> None:
    axes.set_ylim(len(rows) - 0.5, -0.5)  # the first structure on top
    axes.set_yticks(range(len(rows)), names, fontsize=FONT_PT)
    axes.tick_params(axis="y", length=0, pad=5)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.annotate("n", (1, 1), (8, 3), "axes fraction", "offset points", style="italic", **SMALL_GREY)
    lane = (1 - ROW_GAP_CM / row_cm) / len(methods)
    for n, (structure, groups) in enumerate(rows):
        if n % 2 and len(methods) > 1:
            axes.axhspan(n - 0.5, n + 0.5, color=BAND, zorder=0, linewidth=0)
        for m, group in enumerate(groups):
            at, look_of = n + (m - (len(methods) - 1) / 2) * lane, method_look(m)
            draw_box(axes, list(group.values.values()), at, 0.74 * lane, look_of, upright=False)
            name = gid(structure, methods[m])
            draw_dots(axes, group, at, 0.5 * lane, look_of, name, upright=False, lane_cm=lane * row_cm)
            beside = axes.get_yaxis_transform()
            axes.annotate(_count_words(group), (1, at), (8, 0), beside, "offset points", va="center", **SMALL_GREY)


def _count_words(group: Group) -> str:
    return "  ".join(part for part in (str(len(group.values)), group.counts_in_words) if part)
