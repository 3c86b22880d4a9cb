"""Boxes and dots: how the values of one group are shown, lying or upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures.style import INK, MethodLook, paler
from rtcontour.evaluation.figures.value_axis import as_drawn
from rtcontour.metrics.scores import FAILURES

FEWEST_FOR_A_BOX = 5  # fewer values are shown as they are, with their median
REACH = 1.5  # whiskers end at the last value within so many interquartile ranges of the box (Tukey)
GOLDEN = 0.6180339887498949  # its multiples, modulo 1, spread neighbours evenly
MISSED, FALSE = "x", "+"


@dataclass(frozen=True)
class Group:
    """Values of one structure by one method, as they are marked.

    Attributes:
        plain: case -> value where truth and prediction were compared, or both are empty.
        missed: the same where the organ was missed and the measure is still defined: a Dice of 0.
        false: the same of false organs.
        missed_count: how often the organ was missed, whether or not the measure is defined then.
        false_count: the same of false organs.
    """

    plain: dict[str, float]
    missed: dict[str, float]
    false: dict[str, float]
    missed_count: int
    false_count: int

    @property
    def values(self) -> dict[str, float]:
        """Case -> value, of all."""
        return {**self.plain, **self.missed, **self.false}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show, not even a count."""
        return not (self.values or self.missed_count or self.false_count)

    @property
    def counts_in_words(self) -> str:
        """How often the organ was missed or false, "2 missed, 1 false"; "" for never."""
        counts = ((self.missed_count, "missed"), (self.false_count, "false"))
        return ", ".join(f"{count} {word}" for count, word in counts if count)


def group_of(comparison: Comparison, method: str, structure: str, measure: str, cohort: str | None = None) -> Group:
    """What a method has of one structure and measure, as it is drawn."""
    values = as_drawn(measure, comparison.values(method, structure, measure, cohort))
    outcomes = {case: one.outcome for case, one in comparison.scores_of(method, structure, cohort).items()}
    missed, false = ([c for c, o in outcomes.items() if o == kind] for kind in FAILURES)
    return Group(
        plain={c: v for c, v in values.items() if c not in {*missed, *false}},
        missed={c: values[c] for c in missed if c in values},
        false={c: values[c] for c in false if c in values},
        missed_count=len(missed),
        false_count=len(false),
    )


def offsets_of(values: Sequence[float], width: float) -> NDArray[np.float64]:
    """How far each dot lies beside the middle, within +-width / 2: by rank, so the same every time."""
    ranks = np.argsort(np.argsort(np.asarray(values), kind="stable"), kind="stable")
    return np.asarray(((ranks * GOLDEN + 0.5) % 1 - 0.5) * width, np.float64)


def draw_box(axes: Axes, values: Sequence[float], at: float, width: float, look: MethodLook, *, upright: bool) -> None:
    """Quartiles as a box, the median as a bar, whiskers; of few values the median only, of one nothing."""
    if len(values) < 2:
        return
    low, median, high = (float(q) for q in np.percentile(values, [25, 50, 75]))
    if len(values) >= FEWEST_FOR_A_BOX:
        reach = REACH * (high - low)
        ends = (min(v for v in values if v >= low - reach), max(v for v in values if v <= high + reach))
        for quartile, end in zip((low, high), ends, strict=True):
            _draw_line(axes, (quartile, end), (at, at), look.color, 0.8, upright)
            _draw_line(axes, (end, end), (at - width / 5, at + width / 5), look.color, 0.8, upright)
        corner, extent = (low, at - width / 2), (high - low, width)
        if upright:
            corner, extent = corner[::-1], extent[::-1]
        face = paler(look.color, 0.8)
        axes.add_patch(Rectangle(corner, *extent, facecolor=face, edgecolor=look.color, linewidth=0.8, zorder=2))
    _draw_line(axes, (median, median), (at - width / 2, at + width / 2), INK, 1.6, upright, zorder=4)


def draw_dots(
    axes: Axes,
    group: Group,
    at: float,
    width: float,
    look: MethodLook,
    name: str,
    *,
    upright: bool,
    lane_cm: float = 0.6,
) -> dict[str, tuple[float, float]]:
    """Every value of the group as one dot, missed and false organs as crosses.

    Args:
        axes: where.
        group: the values.
        at: where the middle of the group lies, across the values.
        width: how far the dots spread there.
        look: of the method.
        name: the gids in the SVG are "dots-NAME", "missed-NAME" and "false-NAME".
        upright: whether values run upwards.
        lane_cm: how much room the group has on the page.

    Returns:
        Case -> where its dot lies, x and y.
    """
    values = group.values
    offsets = dict(zip(values, offsets_of(list(values.values()), width), strict=True))
    # Dots that shrink with their lane leave the box visible below them; the area is in square points.
    size = min(9.0, 9.0 * (lane_cm / 0.6) ** 1.2) * (1.0 if len(values) <= 60 else 0.5)
    for kind, part in (("dots", group.plain), ("missed", group.missed), ("false", group.false)):
        if not part:
            continue
        along, across = list(part.values()), [at + offsets[case] for case in part]
        x, y = (across, along) if upright else (along, across)
        if kind == "dots":
            drawn = {"marker": look.marker, "facecolor": look.color, "edgecolor": "white", "linewidths": 0.3, "s": size}
        else:
            mark, area = MISSED if kind == "missed" else FALSE, max(1.6 * size, 8.0)
            drawn = {"marker": mark, "color": INK, "linewidths": 0.9, "s": area}
        axes.scatter(x, y, zorder=3, gid=f"{kind}-{name}", clip_on=False, **drawn)
    return {case: (at + offsets[case], v) if upright else (v, at + offsets[case]) for case, v in values.items()}


def mark_handles(groups: Sequence[Group]) -> tuple[list[Line2D], list[str]]:
    """Handles and labels that explain the crosses, for those that are drawn."""
    marks = (
        (MISSED, "missed organ", any(g.missed for g in groups)),
        (FALSE, "false organ", any(g.false for g in groups)),
    )
    shown = [(mark, label) for mark, label, drawn in marks if drawn]
    lines = [Line2D([], [], linestyle="none", marker=mark, color=INK, markersize=4.5) for mark, _ in shown]
    return lines, [label for _, label in shown]


def method_handle(look: MethodLook) -> Line2D:
    """What stands for a method in a legend of dots."""
    return Line2D([], [], linestyle="none", marker=look.marker, color=look.color, markersize=4.5)


def _draw_line(
    axes: Axes,
    along: tuple[float, float],
    across: tuple[float, float],
    color: str,
    linewidth: float,
    upright: bool,
    zorder: float = 2,
) -> None:
    x, y = (across, along) if upright else (along, across)
    axes.plot(x, y, color=color, linewidth=linewidth, zorder=zorder, solid_capstyle="butt")
