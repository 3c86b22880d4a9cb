"""save_figure: one figure as SVG for print and as PNG for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from rtcontour.files import whole_file

DOTS_PER_INCH = 200  # of the PNG, and of CT pictures inside the SVG
# Text becomes outlines, so that the SVG looks alike where the font is missing; ids and dates must not vary.
VECTOR: dict[Any, Any] = {"svg.fonttype": "path", "svg.hashsalt": "rtcontour"}


def save_figure(figure: Figure, path_without_suffix: str | Path, *, replace: bool = False) -> dict[str, Path]:
    """Write PATH.svg and PATH.png; the same figure gives the same bytes.

    Args:
        figure: what to write, at the size it has.
        path_without_suffix: where; ".svg" and ".png" are put behind it, in place of such a suffix if it has one.
        replace: whether existing files may be replaced.

    Returns:
        {"svg": path, "png": path}.

    Raises:
        OutputError: one of the files exists already or cannot be written.
    """
    stem = Path(path_without_suffix)
    if stem.suffix in (".svg", ".png"):
        stem = stem.with_suffix("")
    paths = {kind: stem.with_name(f"{stem.name}.{kind}") for kind in ("svg", "png")}
    unsaid: dict[str, dict[str, None]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    with matplotlib.rc_context(VECTOR):
        for kind, path in paths.items():
            with whole_file(path, replace=replace) as partial:
                figure.savefig(partial, dpi=DOTS_PER_INCH, metadata=unsaid[kind])
    return paths
