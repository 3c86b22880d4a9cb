"""An axis of values: what it is called, where it ends, and what becomes of outliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from rtcontour.errors import ConfigError
from rtcontour.evaluation.figures.style import GREY, INK
from rtcontour.evaluation.measures import MEASURES, Measure

Which = Literal["x", "y"]
Kind = Literal["share", "amount", "signed"]
Values = NDArray[np.float64]
OUTLIER = 8.0  # times the upper quartile: from there on a linear axis would press the other values together
LINEAR_SHARE = 0.72  # how much of an axis with outliers the linear part keeps
STEPS = [1, 2, 2.5, 5, 10]  # of ticks
MIN_TICK_GAP = 0.07  # of the axis
BROKEN_FROM = 0.5  # an axis of shares is broken if but for zeros it would begin here or higher
ZERO_LANE = 0.14  # how much of a broken axis the zeros have
IN_PER_CENT = ("volume_error",)  # shares that figures show times 100


def measure_of(name: str) -> Measure:
    """How the measure of this name is shown.

    Raises:
        ConfigError: a name that is not one of MEASURES.
    """
    if name not in MEASURES:
        raise ConfigError(f"measure {name!r} is not known; expected one of {', '.join(MEASURES)}")
    return MEASURES[name]


def scale_measure(axes: Axes, which: Which, values: Sequence[float], measure: Measure) -> None:
    """`scale_axis` for a measure, with its heading and unit as the label."""
    kinds: dict[str, Kind] = {"higher": "share", "near zero": "signed"}
    scale_axis(axes, which, values, label_of(measure), kinds.get(measure.better, "amount"))


def label_of(measure: Measure) -> str:
    """Heading and unit, HD95 (mm)."""
    unit = "%" if measure.name in IN_PER_CENT else measure.unit
    return f"{measure.heading} ({unit})" if unit else measure.heading


def as_drawn(measure: str, values: Mapping[str, float]) -> dict[str, float]:
    """Case -> value in the unit of `label_of`."""
    return {case: 100 * value if measure in IN_PER_CENT else value for case, value in values.items()}


def scale_axis(axes: Axes, which: Which, values: Sequence[float], label: str, kind: Kind) -> None:
    """Set limits, ticks and label of the axis so that all values can be seen.

    But for shares, an axis with a value over OUTLIER times the upper quartile (of sizes without their sign) is linear
    as far as twice that quartile, rounded up, and logarithmic beyond; a dashed line and the label say so.

    Args:
        axes: where.
        which: its x or y axis.
        values: all that will be drawn; none gives an axis from 0 to 1.
        label: what they are, with the unit.
        kind: "share" lies between 0 and 1 and 1 is best: the axis ends at 1 and begins at a round number below the
            lowest. Where 0, as of missed organs, would press the others together, it stands in a lane of its own, and
            the label says that the axis is broken; "amount" is not negative and begins at 0; "signed" has both signs,
            and 0 is seen and marked.
    """
    array = np.asarray(values, np.float64)
    if kind == "signed":
        (axes.axvline if which == "x" else axes.axhline)(0, color=GREY, linewidth=0.8, zorder=1)
    apart = "; " if which == "x" else "\n"  # upright labels must not be longer than their axis
    if kind == "share" and (lowest := _lowest_but_zeros(array)) is not None:
        _set_zeros_apart(axes, which, lowest)
        label += f"{apart}axis broken between 0 and {lowest:g}"
    elif kind != "share" and (linear_to := _linear_part(array)) is not None:
        _compress_outliers(axes, which, array, linear_to)
        label += f"{apart}logarithmic beyond {linear_to:g}"
    else:
        getattr(axes, f"set_{which}lim")(*_limits(array, kind))
        getattr(axes, f"{which}axis").set_major_locator(MaxNLocator(5, steps=STEPS))
    axes.set(**{f"{which}label": label})


def _limits(array: Values, kind: Kind) -> tuple[float, float]:
    lowest, highest = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if kind == "share":
        below = _round_up(1 - lowest) if lowest < 1 else 0.1
        return 1 - 1.03 * below, 1 + 0.03 * below
    if kind == "amount":
        return 0.0, 1.05 * highest if highest > 0 else 1.0
    lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    room = 0.06 * (highest - lowest) or 1.0
    return lowest - room, highest + room


def _lowest_but_zeros(array: Values) -> float | None:
    """Where an axis of shares would begin without its zeros, if that is worth a broken axis."""
    others = array[array > 0]
    if others.size == array.size or not others.size or others.min() >= 1:
        return None
    lowest = round(1 - _round_up(1 - float(others.min())), 10)
    return lowest if lowest >= BROKEN_FROM else None


def _set_zeros_apart(axes: Axes, which: Which, lowest: float) -> None:
    """0 in a narrow lane, the rest from `lowest` to 1; nothing lies between."""
    room = 0.03 * (1 - lowest) / (1 - ZERO_LANE)
    per_share = (1 - ZERO_LANE) / (1 - lowest)  # of the axis
    shares = [-1.0, 0.0, lowest, 2.0]
    places = [-per_share, 0.0, ZERO_LANE, ZERO_LANE + (2 - lowest) * per_share]
    functions = (lambda share: np.interp(share, shares, places), lambda place: np.interp(place, places, shares))
    getattr(axes, f"set_{which}scale")("function", functions=functions)
    getattr(axes, f"set_{which}lim")(-1.5 * room, 1 + room)
    ticks = [tick for tick in MaxNLocator(5, steps=STEPS).tick_values(lowest, 1.0) if lowest - 1e-9 <= tick <= 1 + 1e-9]
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(FixedLocator([0.0, *ticks]))
    axis.set_minor_locator(FixedLocator([]))
    decimals = max(len(f"{tick:.10g}".partition(".")[2]) for tick in ticks)
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.{decimals}f}" if share else "0"))
    _mark_break(axes, which, (0.42 * lowest, 0.58 * lowest))


def _mark_break(axes: Axes, which: Which, ends: tuple[float, float]) -> None:
    """Two strokes across the axis, nothing of it between them, and a dashed line through the panel."""
    if which == "x":
        through, x, y = axes.get_xaxis_transform(), ends, (0.0, 0.0)
    else:
        through, x, y = axes.get_yaxis_transform(), (0.0, 0.0), ends
    over: dict[str, Any] = {"transform": through, "clip_on": False, "scalex": False, "scaley": False, "zorder": 3}
    stroke = [(-0.5, -1.0), (0.5, 1.0)] if which == "x" else [(-1.0, -0.5), (1.0, 0.5)]
    axes.plot(x, y, color="white", linewidth=1.6, solid_capstyle="butt", **over)
    axes.plot(x, y, linestyle="none", marker=stroke, markersize=6, color=INK, markeredgewidth=0.6, gid="break", **over)
    line = axes.axvline if which == "x" else axes.axhline
    # Above boxes and whiskers: one that reaches from the zeros to the other values is broken too.
    line(sum(ends) / 2, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=2.5)


def _linear_part(array: Values) -> float | None:
    """As far as the axis must be linear; None where all of it can be."""
    if array.size < 2:
        return None
    sizes = np.abs(array)
    quartile = float(np.percentile(sizes, 75, method="lower"))
    return _round_up(2 * quartile) if 0 < OUTLIER * quartile < sizes.max() else None


def _compress_outliers(axes: Axes, which: Which, array: Values, linear_to: float) -> None:
    lowest, highest = min(float(array.min()), 0.0), max(float(array.max()), 0.0)
    decades = log10(max(abs(lowest), highest) / linear_to)
    # matplotlib's symlog puts linear_to at linscale / 0.9 decades from 0.
    linscale = 0.9 * decades * LINEAR_SHARE / (1 - LINEAR_SHARE)
    getattr(axes, f"set_{which}scale")("symlog", linthresh=linear_to, linscale=linscale)
    getattr(axes, f"set_{which}lim")(*(1.12 * end if abs(end) > linear_to else 1.06 * end for end in (lowest, highest)))
    low, high = getattr(axes, f"get_{which}lim")()
    axis = getattr(axes, f"{which}axis")
    inner = [t for t in MaxNLocator(4).tick_values(-linear_to, linear_to) if abs(t) <= linear_to]
    exponents = range(floor(log10(linear_to)), ceil(log10(max(-low, high))) + 1)
    outer = [sign * part * 10.0**n for n in exponents for part in (5, 2, 1) for sign in (1, -1)]
    outer = sorted((t for t in outer if abs(t) > linear_to), key=abs, reverse=True)
    ticks = _spread_ticks(axis, [t for t in [*inner, *outer] if low <= t <= high], low, high)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(FixedLocator([]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    for end in (-linear_to, linear_to):
        if low < end < high:
            line = axes.axvline if which == "x" else axes.axhline
            line(end, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0.6)


def _spread_ticks(axis: Axis, wished: list[float], low: float, high: float) -> list[float]:
    """Those of the wished ticks that keep their distance from the ones before."""
    place = axis.get_transform().transform
    start, stop = place(np.array([low, high]))
    kept: list[float] = []
    for tick in wished:
        if all(abs(place(np.array([tick, other])) @ [1, -1]) > MIN_TICK_GAP * (stop - start) for other in kept):
            kept.append(tick)
    return sorted(kept)


def _round_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return next(part * power for part in (1, 2, 5, 10) if part * power >= value * (1 - 1e-9))
