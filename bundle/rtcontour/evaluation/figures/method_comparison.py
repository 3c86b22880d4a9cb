"""draw_method_comparison: methods side by side in several measures, with significance marks (Geng 2024, Fig 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures.boxes import (
    Group,
    draw_box,
    draw_dots,
    group_of,
    mark_handles,
    method_handle,
)
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
    GREY,
    INK,
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
    write_at,
)
from rtcontour.evaluation.figures.value_axis import measure_of, scale_measure

LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))  # p below, its mark
NOT_SIGNIFICANT = "n.s."
LEVELS_IN_WORDS = "* p < 0.05   ** p < 0.01   *** p < 0.001   n.s. not significant"
PANEL_CM, AXIS_CM = 5.2, 1.55  # height of a panel, room for ticks and label at its left
BRACKET_CM = 0.42
EDGE_CM, GAP_CM = 0.3, 0.35
PER_ROW, PER_ROW_OF_MANY, MANY = 4, 2, 4  # panels beside each other; from so many methods on


@look()
def draw_method_comparison(
    comparison: Comparison,
    structure: str,
    path: str | Path,
    *,
    measures: Sequence[str] = ("dice", "sensitivity", "specificity", "hd95_mm"),
    p_values: Mapping[tuple[str, str], float | None],
    replace: bool = False,
) -> dict[str, Path] | None:
    """For each measure the methods' values as boxes and dots, the same case's dots joined by thin lines.

    Brackets join the first method to each that it was tested against, with the mark of the p value. Missed and false
    organs are crosses where the measure is defined for them, and counted in words below. Outliers: see `scale_axis`.

    Args:
        comparison: the scores.
        structure: its name.
        path: where to write, without suffix.
        measures: attributes of `StructureScores`, one panel each.
        p_values: (measure, other method) -> p of the first method against the other; no bracket where there is none.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}; None, and no file, where no method has a value or missed the organ.

    Raises:
        ConfigError: a measure that is not known.
        OutputError: a file exists already or cannot be written.
    """
    methods = list(comparison.methods)
    groups = {m: [group_of(comparison, method, structure, measure_of(m).name) for method in methods] for m in measures}
    every = [group for found in groups.values() for group in found]
    if all(group.is_empty for group in every):
        return None
    marks, mark_labels = mark_handles(every)
    handles = [*(method_handle(method_look(n)) for n in range(len(methods))), *marks]
    labels = [*(shorten(legible(method), 7.0) for method in methods), *mark_labels]
    brackets = [[p_values.get((m, other)) for other in methods[1:]] for m in measures]
    tested = max((sum(p is not None for p in found) for found in brackets), default=0)
    head = 0.65 + legend_height_cm(labels, WIDTH_CM - 2 * EDGE_CM) + 0.25
    across = min(len(measures), PER_ROW if len(methods) < MANY else PER_ROW_OF_MANY)
    rows = ceil(len(measures) / across)
    counted = max(_lines_below(group) for group in every)
    row_cm = tested * BRACKET_CM + 0.2 + PANEL_CM + counted * 0.34 + 0.25
    figure = new_figure(WIDTH_CM, head + rows * row_cm + (0.55 if tested else 0.1))
    write_at(figure, EDGE_CM, 0.1, legible(structure), weight="bold")
    add_legend(figure, handles, labels, EDGE_CM, 0.65, WIDTH_CM - 2 * EDGE_CM)
    width = (WIDTH_CM - 2 * EDGE_CM - (across - 1) * GAP_CM) / across
    for n, measure in enumerate(measures):
        left = EDGE_CM + n % across * (width + GAP_CM) + AXIS_CM
        top = head + n // across * row_cm + tested * BRACKET_CM + 0.2
        axes = add_panel(figure, left, top, min(width - AXIS_CM, 2.2 * len(methods)), PANEL_CM)
        _draw_panel(axes, comparison, structure, measure, groups[measure])
        _draw_brackets(axes, methods, measure, p_values)
    if tested:
        bottom = head + rows * row_cm + 0.05
        write_at(figure, EDGE_CM, bottom, LEVELS_IN_WORDS, fontsize=SMALL_PT, color=GREY)
    return save_figure(figure, path, replace=replace)


def significance_mark(p: float) -> str:
    """The mark of a p value: "*" below 0.05, "**" below 0.01, "***" below 0.001, else "n.s."."""
    return next((mark for level, mark in LEVELS if p < level), NOT_SIGNIFICANT)


def _lines_below(group: Group) -> int:
    return 2 * len(group.in_words.split(", ")) if group.in_words else 0


def _draw_panel(axes: Axes, comparison: Comparison, structure: str, measure: str, groups: Sequence[Group]) -> None:
    methods = list(comparison.methods)
    values = [value for group in groups for value in group.values.values()]
    scale_measure(axes, "y", values, measure_of(measure))
    axes.set_xlim(-0.6, len(methods) - 0.4)
    axes.grid(axis="y")
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    places: list[dict[str, tuple[float, float]]] = []
    lane_cm = 3.0 / len(methods)
    for n, (method, group) in enumerate(zip(methods, groups, strict=True)):
        draw_box(axes, list(group.values.values()), n, 0.6, method_look(n), upright=True)
        name = gid(measure, method)
        places.append(draw_dots(axes, group, n, 0.4, method_look(n), name, upright=True, lane_cm=min(lane_cm, 0.5)))
        words = group.in_words.replace(", ", "\n").replace(" ", "\n") or ("" if group.values else "no\nvalues")
        below = axes.get_xaxis_transform()
        axes.annotate(words, (n, 0), (0, -3), below, "offset points", ha="center", va="top", fontsize=SMALL_PT)
    for before, after in pairwise(places):
        for case in before.keys() & after.keys():
            (x0, y0), (x1, y1) = before[case], after[case]
            axes.plot([x0, x1], [y0, y1], color=GREY, linewidth=0.35, alpha=0.5, zorder=1.5, gid="pair")


def _draw_brackets(
    axes: Axes, methods: Sequence[str], measure: str, p_values: Mapping[tuple[str, str], float | None]
) -> None:
    """Above the panel, where no value lies, the shortest lowest."""
    height_cm = PANEL_CM
    above = axes.get_xaxis_transform()
    level = 0
    for n, other in enumerate(methods[1:], start=1):
        p = p_values.get((measure, other))
        if p is None:
            continue
        foot, top = (1 + (0.15 + level * BRACKET_CM + part) / height_cm for part in (0.0, 0.1))
        lift: dict[str, Any] = {"transform": above, "clip_on": False, "scalex": False, "scaley": False}
        axes.plot([0, 0, n, n], [foot, top, top, foot], color=INK, linewidth=0.7, **lift)
        mark = significance_mark(p)
        gap = 0 if mark == NOT_SIGNIFICANT else -1.5  # stars hang high in their line
        axes.annotate(
            mark,
            (n / 2, top),
            (0, 1 + gap),
            above,
            "offset points",
            ha="center",
            fontsize=SMALL_PT,
            gid=gid("mark", measure, other),
        )
        level += 1
