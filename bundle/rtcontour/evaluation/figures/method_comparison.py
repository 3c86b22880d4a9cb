"""draw_method_comparison: methods side by side in several measures, with significance marks (Geng 2024, Fig 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
from rtcontour.evaluation.in_print import SIGNIFICANT

LEVELS = ((0.001, "***"), (0.01, "**"), (SIGNIFICANT, "*"))  # p below, its mark
NOT_SIGNIFICANT = "n.s."
LEVELS_IN_WORDS = "   ".join([*(f"{mark} p < {level:g}" for level, mark in reversed(LEVELS)), "n.s. not significant"])
PANEL_CM, AXIS_CM = 5.2, 1.55  # height of a panel, room for ticks and label at its left
BRACKET_CM = 0.42
EDGE_CM, GAP_CM = 0.3, 0.35
LINE_CM = WIDTH_CM - 2 * EDGE_CM
HEADING_CM, LONGEST_METHOD_CM = 0.65, 7.0
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
    organs are crosses where the measure is defined for them, and counted in words below. Broken axes: see `scale_axis`.

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
    tested = max((sum(p_values.get((m, other)) is not None for other in methods[1:]) for m in measures), default=0)
    handles, labels = _legend(methods, every)
    below_cm = 0.34 * max(_lines_below(group) for group in every)
    figure, panels, foot = _lay_out(len(measures), len(methods), tested, legend_height_cm(labels, LINE_CM), below_cm)
    write_at(figure, EDGE_CM, 0.1, legible(structure), weight="bold")
    add_legend(figure, handles, labels, EDGE_CM, HEADING_CM, LINE_CM)
    for axes, measure in zip(panels, measures, strict=True):
        _draw_panel(axes, methods, measure, groups[measure])
        _draw_brackets(axes, methods, measure, p_values)
    if tested:
        write_at(figure, EDGE_CM, foot, LEVELS_IN_WORDS, fontsize=SMALL_PT, color=GREY)
    return save_figure(figure, path, replace=replace)


def _legend(methods: Sequence[str], groups: Sequence[Group]) -> tuple[list[Line2D], list[str]]:
    handles, labels = mark_handles(groups)
    names = [shorten(legible(method), LONGEST_METHOD_CM) for method in methods]
    return [*(method_handle(method_look(n)) for n in range(len(methods))), *handles], [*names, *labels]


def _lay_out(
    count: int, methods: int, tested: int, legend_cm: float, below_cm: float
) -> tuple[Figure, list[Axes], float]:
    """One panel a measure, in rows, each with room for its brackets above and its counts below.

    Returns:
        The figure, its panels, and how far down the page they end, in cm.
    """
    across = min(count, PER_ROW if methods < MANY else PER_ROW_OF_MANY)
    head = HEADING_CM + legend_cm + 0.25
    above_cm = tested * BRACKET_CM + 0.2
    row_cm = above_cm + PANEL_CM + below_cm + 0.25
    foot = head + ceil(count / across) * row_cm
    figure = new_figure(WIDTH_CM, foot + (0.35 if tested else 0.0))
    width = (LINE_CM - (across - 1) * GAP_CM) / across
    panels = []
    for n in range(count):
        left, top = EDGE_CM + n % across * (width + GAP_CM) + AXIS_CM, head + n // across * row_cm + above_cm
        panels.append(add_panel(figure, left, top, min(width - AXIS_CM, 2.2 * methods), PANEL_CM))
    return figure, panels, foot


def significance_mark(p: float) -> str:
    """The mark of a p value: "*" below 0.05, "**" below 0.01, "***" below 0.001, else "n.s."."""
    return next((mark for level, mark in LEVELS if p < level), NOT_SIGNIFICANT)


def _lines_below(group: Group) -> int:
    return 2 * len(group.counts_in_words.split(", ")) if group.counts_in_words else 0


def _draw_panel(axes: Axes, methods: Sequence[str], measure: str, groups: Sequence[Group]) -> None:
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
        words = group.counts_in_words.replace(", ", "\n").replace(" ", "\n") or ("" if group.values else "no\nvalues")
        below = axes.get_xaxis_transform()
        axes.annotate(words, (n, 0), (0, -3), below, "offset points", ha="center", va="top", fontsize=SMALL_PT)
    faint = 0.5 if len(methods) < MANY else 0.25  # many lines would hide the boxes
    for before, after in pairwise(places):
        for case in before.keys() & after.keys():
            (x0, y0), (x1, y1) = before[case], after[case]
            axes.plot([x0, x1], [y0, y1], color=GREY, linewidth=0.35, alpha=faint, zorder=1.5, gid="pair")


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
        gap = 1 if mark == NOT_SIGNIFICANT else -1.5  # stars hang high in their line
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
