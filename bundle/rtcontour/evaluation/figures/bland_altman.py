"""draw_bland_altman: how far measured and reference volumes are apart, case by case."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rtcontour.errors import DataSetError
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
    COLORS,
    GREY,
    INK,
    SMALL_PT,
    add_panel,
    legible,
    look,
    new_figure,
    paler,
    shorten,
    write_at,
)
from rtcontour.evaluation.figures.value_axis import scale_axis
from rtcontour.evaluation.in_print import number
from rtcontour.evaluation.statistics.agreement import BlandAltman, Interval

WIDE_CM, HIGH_CM = 12.0, 7.6
APART_PT = 9.0  # at least, between the words of two lines


@look()
def draw_bland_altman(
    measured: Iterable[float],
    reference: Iterable[float],
    path: str | Path,
    *,
    structure: str,
    method: str,
    result: BlandAltman,
    replace: bool = False,
) -> dict[str, Path] | None:
    """Differences of volumes over their means, with bias, limits of agreement and their 95 % intervals as bands.

    Args:
        measured: volumes in cc by the method.
        reference: volumes in cc of the truth, of the same cases in the same order.
        path: where to write, without suffix.
        structure: its name.
        method: its name.
        result: what `bland_altman` found in these volumes, in cc or, where `relative`, in per cent; a line that is
            None is not drawn.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}; None, and no file, without volumes.

    Raises:
        DataSetError: unequal numbers of volumes.
        OutputError: a file exists already or cannot be written.
    """
    ours, truth = (np.array(list(volumes), np.float64) for volumes in (measured, reference))
    if ours.shape != truth.shape:
        raise DataSetError(f"{ours.size} measured and {truth.size} reference volumes; give both of the same cases")
    if not ours.size:
        return None
    means, differences = (ours + truth) / 2, ours - truth
    if result.relative:
        differences = np.divide(100 * differences, means, out=np.zeros_like(means), where=means != 0)
    unit = "%" if result.relative else "cc"
    figure = new_figure(WIDE_CM, HIGH_CM)
    write_at(figure, 1.6, 0.1, shorten(legible(f"{structure}: {method}"), WIDE_CM - 2), weight="bold")
    axes = add_panel(figure, 1.6, 0.75, WIDE_CM - 5.0, HIGH_CM - 2.0)
    name = shorten(legible(method), 3.0)
    ends = [end for pair in _intervals(result) if pair for end in pair]
    scale_axis(axes, "y", [*differences, *ends], f"{name} − truth ({unit})", "signed")
    scale_axis(axes, "x", means.tolist(), "Mean of both volumes (cc)", "amount")
    _draw_lines(axes, result, unit)
    axes.scatter(means, differences, s=14, color=COLORS[0], edgecolor="white", linewidths=0.3, zorder=3, gid="cases")
    return save_figure(figure, path, replace=replace)


def _intervals(result: BlandAltman) -> list[Interval | None]:
    return [result.lower_interval, result.bias_interval, result.upper_interval]


def _draw_lines(axes: Axes, result: BlandAltman, unit: str) -> None:
    """Bias and limits, each with its words at the right, moved apart where they would overlap."""
    lines = ((result.lower, "−1.96 SD", GREY), (result.bias, "bias", INK), (result.upper, "+1.96 SD", GREY))
    words: list[tuple[float, str, str]] = []
    for (value, name, color), interval in zip(lines, _intervals(result), strict=True):
        if value is None:
            continue
        if interval and interval[0] < interval[1]:
            axes.axhspan(*interval, color=paler(color, 0.85), linewidth=0, zorder=0.5)
        axes.axhline(value, color=color, linewidth=1.0, linestyle="solid" if name == "bias" else (0, (4, 2)), zorder=2)
        between = f"({_signed(interval[0])} to {_signed(interval[1])})" if interval else ""
        words.append((value, f"{name} {_signed(value)} {unit}", between))
    _write_words(axes, words)


def _signed(value: float) -> str:
    return number(value, 1, sign=True)


def _write_words(axes: Axes, words: list[tuple[float, str, str]]) -> None:
    beside = axes.get_yaxis_transform()
    heights = [axes.transData.transform((axes.get_xlim()[1], value))[1] * 72 / axes.figure.dpi for value, _, _ in words]
    middle = len(words) // 2
    apart = 2 * APART_PT + 3
    for n, (value, name, between) in enumerate(words):
        wished = heights[n]
        if n < middle:
            wished = min(wished, heights[middle] - apart)
        elif n > middle:
            wished = max(wished, heights[middle] + apart)
        text = f"{name}\n{between}" if between else name
        axes.annotate(
            text,
            (1, value),
            (5, wished - heights[n]),
            beside,
            "offset points",
            va="center",
            fontsize=SMALL_PT,
            annotation_clip=False,
        )
