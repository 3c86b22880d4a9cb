"""draw_volumes: true and predicted volume case by case, and the relative error of each (Geng 2024, Fig 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rtcontour.evaluation.comparison import Comparison
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.style import (
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
from rtcontour.evaluation.figures.value_axis import as_drawn, scale_measure
from rtcontour.evaluation.in_print import mean_sd
from rtcontour.evaluation.measures import MEASURES

NAMED_CASES = 30  # more are numbered
LONGEST_NAME_CM = 2.6
LEFT_CM, RIGHT_CM = 1.8, 0.3
UPPER_CM, LOWER_CM = 4.2, 3.4
BARS = 0.8  # how much of a case's place its bars take
Volumes = Mapping[str, float]  # case -> volume or error


@look()
def draw_volumes(
    comparison: Comparison,
    structure: str,
    path: str | Path,
    *,
    cohort: str | None = None,
    replace: bool = False,
) -> dict[str, Path] | None:
    """Above the truth (black) and each method over the cases, below the methods' relative errors as bars.

    Legends give mean and standard deviation (n - 1) over the cases. A missed organ has volume 0 and error -100 %. A
    false organ has a volume and no relative error; a cross at 0 marks it. Cases whose truth is not known are left
    out. More than 30 cases are numbered in their order. Outliers: see `scale_axis`.

    Args:
        comparison: the scores.
        structure: its name.
        path: where to write, without suffix.
        cohort: the cases of one cohort only.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}; None, and no file, where no case has a true volume.

    Raises:
        OutputError: a file exists already or cannot be written.
    """
    truth: dict[str, float] = {}
    for method in comparison.methods:
        truth = {**comparison.values(method, structure, "truth_volume_cc", cohort), **truth}
    cases = [case for case in comparison.cases if case in truth]
    if not cases:
        return None
    predicted, errors = {}, {}
    for method in comparison.methods:
        found = comparison.values(method, structure, "volume_cc", cohort)
        predicted[method] = {case: found[case] for case in cases if case in found}
        found = comparison.values(method, structure, "volume_error", cohort)
        errors[method] = as_drawn("volume_error", {case: found[case] for case in cases if case in found})
    heading = f"{structure}, {cohort}" if cohort else structure
    return _draw(cases, truth, predicted, errors, heading, path, replace)


def _draw(
    cases: Sequence[str],
    truth: Volumes,
    predicted: Mapping[str, Volumes],
    errors: Mapping[str, Volumes],
    heading: str,
    path: str | Path,
    replace: bool,
) -> dict[str, Path]:
    width = WIDTH_CM - LEFT_CM - RIGHT_CM
    short = {method: shorten(legible(method), 4.5) for method in predicted}
    above = [f"truth {_mean_and_sd(truth, 'cc')}"]
    above += [f"{short[method]} {_mean_and_sd(volumes, 'cc')}" for method, volumes in predicted.items()]
    below = [f"{short[method]} {_mean_and_sd(values, '%')}" for method, values in errors.items()]
    if any(_false_organs(predicted[method], errors[method]) for method in predicted):
        below.append("false organ: no relative error")
    heights = [legend_height_cm(labels, width) + 0.15 for labels in (above, below)]
    names, foot = _case_names(cases)
    upper = 0.65 + heights[0]
    lower = upper + UPPER_CM + 0.35 + heights[1]
    figure = new_figure(WIDTH_CM, lower + LOWER_CM + foot)
    write_at(figure, LEFT_CM, 0.1, legible(heading), weight="bold")
    profile = add_panel(figure, LEFT_CM, upper, width, UPPER_CM)
    bars = add_panel(figure, LEFT_CM, lower, width, LOWER_CM, sharex=profile)
    add_legend(figure, _draw_profiles(profile, cases, truth, predicted), above, LEFT_CM, 0.65, width)
    handles = _draw_errors(bars, cases, errors, predicted)
    add_legend(figure, handles, below, LEFT_CM, lower - heights[1], width)
    profile.set_xlim(-0.7, len(cases) - 0.3)
    profile.tick_params(labelbottom=False)
    _label_cases(bars, cases, names)
    figure.align_ylabels([profile, bars])
    return save_figure(figure, path, replace=replace)


def _mean_and_sd(values: Volumes, unit: str) -> str:
    """Such as "120.3 ± 40.1 cc"."""
    numbers = list(values.values())
    if not numbers:
        return "no values"
    return f"{mean_sd(fmean(numbers), stdev(numbers) if len(numbers) > 1 else None, 1)} {unit}"


def _draw_profiles(axes: Axes, cases: Sequence[str], truth: Volumes, predicted: Mapping[str, Volumes]) -> list[Line2D]:
    size = 3.0 if len(cases) <= 60 else 1.8
    lines = []
    for n, (method, volumes) in enumerate([("truth", truth), *predicted.items()]):
        color, marker = ("black", "o") if n == 0 else (method_look(n - 1).color, method_look(n - 1).marker)
        heights = [volumes.get(case, nan) for case in cases]
        name = "truth" if n == 0 else gid("volume", method)
        style: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "markersize": size,
            "linewidth": 1.2 if n == 0 else 0.8,
        }
        lines += axes.plot(range(len(cases)), heights, zorder=2 if n == 0 else 3, gid=name, **style)
    values = [volume for volumes in (truth, *predicted.values()) for volume in volumes.values()]
    scale_measure(axes, "y", values, MEASURES["volume_cc"])
    axes.grid(axis="y")
    return lines


def _draw_errors(
    axes: Axes, cases: Sequence[str], errors: Mapping[str, Volumes], predicted: Mapping[str, Volumes]
) -> list[Artist]:
    values = [error for found in errors.values() for error in found.values()]
    scale_measure(axes, "y", values, MEASURES["volume_error"])
    axes.grid(axis="y")
    axes.spines["bottom"].set_visible(False)
    width = BARS / len(errors)
    handles: list[Artist] = []
    cross: dict[str, Any] = {"linestyle": "none", "marker": "+", "color": "black", "markersize": 4.5}
    for n, (method, found) in enumerate(errors.items()):
        style: dict[str, Any] = {
            "facecolor": method_look(n).color,
            "edgecolor": "white",
            "hatch": 2 * method_look(n).hatch,
            "linewidth": 0,
        }
        at = {case: place + (n - (len(errors) - 1) / 2) * width for place, case in enumerate(cases)}
        for case, error in found.items():
            axes.bar(at[case], error, width * 0.92, zorder=2, gid=gid("error", method, case), **style)
        false = [at[case] for case in _false_organs(predicted[method], found)]
        axes.plot(false, [0.0] * len(false), zorder=4, gid=gid("false", method), **cross)
        handles.append(Patch(**style))
    return (
        [*handles, Line2D([], [], **cross)] if any(_false_organs(predicted[m], errors[m]) for m in errors) else handles
    )


def _false_organs(predicted: Volumes, errors: Volumes) -> list[str]:
    """Cases with a volume where nothing is true."""
    return [case for case, volume in predicted.items() if case not in errors and volume > 0]


def _case_names(cases: Sequence[str]) -> tuple[list[str], float]:
    """What stands below the cases, none for numbers, and the room in cm that it takes."""
    if len(cases) > NAMED_CASES:
        return [], 1.15
    names = [shorten(legible(case), LONGEST_NAME_CM, SMALL_PT) for case in cases]
    return names, max(text_width_cm(name, SMALL_PT) for name in names) + 0.45


def _label_cases(axes: Axes, cases: Sequence[str], names: Sequence[str]) -> None:
    axes.tick_params(axis="x", length=0 if names else 2.5)
    if names:
        axes.set_xticks(range(len(cases)), names, rotation=90)
        return
    step = next(step for step in (5, 10, 20, 50, 100, 200, 500, 10**6) if len(cases) / step <= 20)
    places = [0, *range(step - 1, len(cases), step)]
    axes.set_xticks(places, [str(place + 1) for place in places])
    axes.set_xlabel("Case, numbered in the order of the cases", color=GREY)
