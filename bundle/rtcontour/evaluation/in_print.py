"""Numbers as tables and figures print them: a true minus, no -0, a dash for what is not defined."""

from __future__ import annotations

NOTHING = "–"
SIGNIFICANT = 0.05


def number(value: float | None, decimals: int, *, sign: bool = False) -> str:
    """A number with so many decimals, and with a plus sign where it is above 0 and `sign` is True."""
    if value is None:
        return NOTHING
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    if not float(text):  # what rounds to 0 has no sign
        text = text.lstrip("+-")
    return text.replace("-", "−")


def interval(ends: tuple[float, float] | None, decimals: int) -> str:
    """Such as 0.85 to 0.91."""
    return NOTHING if ends is None else " to ".join(number(end, decimals) for end in ends)


def mean_sd(mean: float | None, sd: float | None, decimals: int) -> str:
    """Such as 0.912 ± 0.034; the mean alone of one case; a dash of none."""
    return number(mean, decimals) if sd is None else f"{number(mean, decimals)} ± {number(sd, decimals)}"


def p_value(p: float | None, *, exact: bool = False) -> str:
    """Such as 0.031, 0.0496 where three decimals would hide on which side of 0.05 it lies, or < 0.001.

    Where `exact`, two significant digits however small it is, such as 4.5e-09.
    """
    if p is None:
        return NOTHING
    if exact:
        return f"{p:.2g}"
    if p < 0.001:
        return "< 0.001"
    text = f"{p:.3f}"
    return f"{p:.4f}" if float(text) == SIGNIFICANT and p < SIGNIFICANT else text
