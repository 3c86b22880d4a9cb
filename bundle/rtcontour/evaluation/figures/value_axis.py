"""An axis of values: what it is called, where it ends, and what becomes of outliers."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from rtcontour.errors import ConfigError
from rtcontour.evaluation.figures.style import GREY
from rtcontour.evaluation.measures import MEASURES, Measure

Which = Literal["x", "y"]
Kind = Literal["share", "amount", "signed"]
Values = NDArray[np.float64]
OUTLIER = 8.0  # times the upper quartile: from there on a linear axis would press the other values together
LINEAR_SHARE = 0.72  # how much of an axis with outliers the linear part keeps
MIN_TICK_GAP = 0.07  # of the axis


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
    label = f"{measure.heading} ({measure.unit})" if measure.unit else measure.heading
    kinds: dict[str, Kind] = {"higher": "share", "near zero": "signed"}
    scale_axis(axes, which, values, label, kinds.get(measure.better, "amount"))


def scale_axis(axes: Axes, which: Which, values: Sequence[float], label: str, kind: Kind) -> None:
    """Set limits, ticks and label of the axis so that all values can be seen.

    An axis with a value over OUTLIER times the upper quartile (of sizes without their sign) is linear as far as twice
    that quartile, rounded up, and logarithmic beyond; a dashed line and the label say so.

    Args:
        axes: where.
        which: its x or y axis.
        values: all that will be drawn; none gives an axis from 0 to 1.
        label: what they are, with the unit.
        kind: "share" lies between 0 and 1 and 1 is best: the axis ends at 1, begins at a round number below the
            lowest, and is always linear; "amount" is not negative and begins at 0; "signed" has both signs, and 0 is
            seen and marked.
    """
    array = np.asarray(values, np.float64)
    if kind == "signed":
        (axes.axvline if which == "x" else axes.axhline)(0, color=GREY, linewidth=0.8, zorder=1)
    linear_to = None if kind == "share" else _linear_part(array)
    if linear_to is None:
        getattr(axes, f"set_{which}lim")(*_limits(array, kind))
        getattr(axes, f"{which}axis").set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    else:
        _break_axis(axes, which, array, linear_to)
        # Upright labels must not be longer than their axis.
        label += f"{'; ' if which == 'x' else chr(10)}logarithmic beyond {linear_to:g}"
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


def _linear_part(array: Values) -> float | None:
    """As far as the axis must be linear; None where all of it can be."""
    if array.size < 2:
        return None
    sizes = np.abs(array)
    quartile = float(np.percentile(sizes, 75, method="lower"))
    return _round_up(2 * quartile) if 0 < OUTLIER * quartile < sizes.max() else None


def _break_axis(axes: Axes, which: Which, array: Values, linear_to: float) -> None:
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
