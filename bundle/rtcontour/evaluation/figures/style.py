"""The common look of all figures: sizes for print, colours that everybody can tell apart, places in centimetres.

Places are counted from the left edge of the page and from BORDER_CM below its upper edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import Any

import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextPath

WIDTH_CM = 17.0  # a page's text, where every letter is at least SMALL_PT high
BORDER_CM = 0.2  # free above and below every figure, which a page may set in a frame
FONT_PT, SMALL_PT = 8.0, 7.0
CM = 1 / 2.54  # inches
FONT = "DejaVu Sans"  # comes with matplotlib, so figures look alike everywhere
INK, GREY, PALE_GREY, BAND = "#1a1a1a", "#6e6e6e", "#dcdcdc", "#f5f5f5"
Color = str | tuple[float, float, float]
LEGEND_HANDLE_CM, LEGEND_ROW_CM = 1.15, 0.42
LOOK = {
    "font.family": [FONT],
    "font.size": FONT_PT,
    "axes.labelsize": FONT_PT,
    "axes.titlesize": FONT_PT,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "legend.fontsize": FONT_PT,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": PALE_GREY,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "text.color": INK,
    "text.parse_math": False,  # names are names, with whatever signs they hold
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
# Okabe and Ito's colours (jfly.uni-koeln.de/color), the two that differ most in grey first; without yellow, too pale.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
MARKERS = ("o", "^", "s", "D", "v", "P", "*")  # seven beside six colours: forty-two methods look different
HATCHES = ("", "////", "----", "xxxx", r"\\\\")  # of lines only: dots take a megabyte of SVG


@dataclass(frozen=True)
class MethodLook:
    """How a method is drawn: colour, marker of its dots, hatch of its bars."""

    color: str
    marker: str
    hatch: str


def method_look(n: int) -> MethodLook:
    """The look of the n-th method, the same in every figure."""
    return MethodLook(COLORS[n % len(COLORS)], MARKERS[n % len(MARKERS)], HATCHES[n % len(HATCHES)])


@contextmanager
def look() -> Iterator[None]:
    """Draw with our settings whatever the user's matplotlib is set to, which is left as it was."""
    with matplotlib.style.context(LOOK, after_reset=True):
        yield


def new_figure(width_cm: float, height_cm: float) -> Figure:
    """An empty figure of that size, with the border above and below."""
    return Figure(figsize=(width_cm * CM, (height_cm + 2 * BORDER_CM) * CM))


def add_panel(figure: Figure, left_cm: float, top_cm: float, width_cm: float, height_cm: float, **kwargs: Any) -> Axes:
    """Axes whose upper left corner lies at a place in cm."""
    wide, high = figure.get_size_inches() / CM
    bottom = 1 - (BORDER_CM + top_cm + height_cm) / high
    return figure.add_axes((left_cm / wide, bottom, width_cm / wide, height_cm / high), **kwargs)


def write_at(figure: Figure, left_cm: float, top_cm: float, words: str, **kwargs: Any) -> None:
    """Words at a place in cm; their upper left corner unless told."""
    wide, high = figure.get_size_inches() / CM
    figure.text(left_cm / wide, 1 - (BORDER_CM + top_cm) / high, words, **{"va": "top", "ha": "left", **kwargs})


def legend_height_cm(labels: Sequence[str], width_cm: float) -> float:
    """Height of the legend that `add_legend` makes of these labels; 0 without any."""
    return ceil(len(labels) / _legend_columns(labels, width_cm)) * LEGEND_ROW_CM if labels else 0.0


def add_legend(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str], left_cm: float, top_cm: float, width_cm: float
) -> None:
    """A legend in as many columns as fit into the width; nothing without labels."""
    if not labels:
        return
    wide, high = figure.get_size_inches() / CM
    legend = figure.legend(
        handles=list(handles),
        labels=["label"] * len(labels),
        ncols=_legend_columns(labels, width_cm),
        loc="upper left",
        bbox_to_anchor=(left_cm / wide, 1 - (BORDER_CM + top_cm) / high),
        borderpad=0,
        borderaxespad=0,
        handlelength=2.2,
        columnspacing=1.4,
        labelspacing=0.35,
    )
    # matplotlib drops labels that begin with an underscore; written afterwards they stay.
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)


def _legend_columns(labels: Sequence[str], width_cm: float) -> int:
    widest = max(text_width_cm(label) for label in labels)
    return min(len(labels), max(1, int(width_cm / (widest + LEGEND_HANDLE_CM))))


@lru_cache(maxsize=4096)
def text_width_cm(words: str, size_pt: float = FONT_PT) -> float:
    """Width of words as they are drawn; the widest line of several."""
    font = FontProperties(family=FONT)
    lines = [line for line in words.split("\n") if line.strip()]
    widths = [TextPath((0, 0), line, size=size_pt, prop=font, usetex=False).get_extents().width for line in lines]
    return max(widths, default=0.0) / 72 / CM


def shorten(words: str, width_cm: float, size_pt: float = FONT_PT) -> str:
    """Words cut in their middle, where names differ least, until they fit."""
    for kept in range(len(words), 2, -1):
        tried = words if kept == len(words) else f"{words[: (kept + 1) // 2]}…{words[len(words) - kept // 2 :]}"
        if text_width_cm(tried, size_pt) <= width_cm:
            return tried
    return words[:3]


def legible(words: str) -> str:
    """Words with a question mark for every sign that the font lacks, which matplotlib would warn of."""
    return "".join(sign if sign.isprintable() and _in_font(sign) else "?" for sign in words)


@cache
def _in_font(sign: str) -> bool:
    return get_font(findfont(FontProperties(family=FONT))).get_char_index(ord(sign)) != 0


def paler(color: Color, share: float) -> tuple[float, float, float]:
    """A colour mixed with white by `share`; solid, so that what lies below does not shine through."""
    red, green, blue = (part * (1 - share) + share for part in to_rgb(color))
    return red, green, blue


def gid(*parts: str) -> str:
    """The name of a part of the SVG, letters, digits and hyphens only."""
    return "-".join("".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in part) for part in parts)
