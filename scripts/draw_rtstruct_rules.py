"""Draw the pictures of docs/rtstruct.md with the package's own functions.

    python scripts/draw_rtstruct_rules.py [FOLDER]

Needs the extra rtcontour[rt-utils], whose reading of our contours is shown beside ours.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from rtcontour import Contour, Grid, Mask, rasterize, to_rt_utils, trace
from rtcontour.dicom import read_ct_geometry, write_ct_series

GRID = Grid((16, 12, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
INSIDE, CENTRE, LINE, HOLE, OTHER = "#b7d4ea", "#5b6770", "#c0392b", "#1f6f43", "#f4c98b"
DRAWING = """
    ................
    ..######....#...
    .########.......
    .##....###......
    .##....####.....
    .##..#..###..##.
    .##.....###..##.
    .#########.##...
    ..#######..##...
    ...#####........
    .............#..
    ................
"""


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    draw_reading(folder / "rtstruct-reading.png")
    draw_writing(folder / "rtstruct-writing.png")


def draw_reading(path: Path) -> None:
    """Contours to voxels: a hole, a keyhole, and centres exactly on an edge."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    outer = np.stack([7.6 + 6.1 * np.cos(turn), 5.6 + 4.7 * np.sin(turn)], 1)
    inner = np.stack([8.4 + 2.6 * np.cos(turn), 5.3 + 2.1 * np.sin(turn)], 1)[::-1]
    keyhole = np.vstack([outer, outer[:1], inner[-1:], inner[:-1], inner[-1:]])
    left, right = [(2, 2), (7, 2), (7, 9), (2, 9)], [(7, 2), (13, 2), (13, 9), (7, 9)]
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.4))
    panels = [
        ("An inner contour is a hole", [outer, inner], None),
        ("A keyhole is the same hole", [keyhole], None),
        ("Centres on an edge belong to one side", [np.array(left, float)], [np.array(right, float)]),
    ]
    for axis, (title, polygons, others) in zip(axes, panels, strict=True):
        show_voxels(axis, rasterize([contour(points) for points in polygons], GRID).full()[:, :, 0], INSIDE)
        if others:
            show_voxels(axis, rasterize([contour(points) for points in others], GRID).full()[:, :, 0], OTHER)
        for points in [*polygons, *(others or ())]:
            axis.plot(*np.vstack([points, points[:1]]).T, color=LINE, linewidth=1.6)
        finish(axis, title)
    save(figure, path)


def draw_writing(path: Path) -> None:
    """Voxels to contours: as pairs, as a keyhole, and what rt-utils makes of the first."""
    array = np.array([[c == "#" for c in row.strip()] for row in DRAWING.split()]).T[:, :, None]
    mask = Mask.from_array(array, GRID)
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.4))
    for axis, title, keyhole in (
        (axes[0], "Half-way between the centres; holes run clockwise", False),
        (axes[1], "The same with a keyhole", True),
    ):
        show_voxels(axis, array[:, :, 0], INSIDE)
        show_contours(axis, trace(mask, keyhole=keyhole))
        finish(axis, title)
    theirs = as_rt_utils_reads(mask)
    show_voxels(axes[2], theirs[:, :, 0] & ~array[:, :, 0], OTHER)
    show_voxels(axes[2], array[:, :, 0], INSIDE)
    show_contours(axes[2], trace(mask))
    more = np.count_nonzero(theirs) / np.count_nonzero(array) - 1
    finish(axes[2], f"Read by rt-utils 1.2.7: {more:+.0%}, the voxels in orange")
    save(figure, path)


def as_rt_utils_reads(mask: Mask) -> NDArray[np.bool_]:
    with tempfile.TemporaryDirectory() as folder:
        # rt-utils swaps columns and rows of a scan that is not square, so it gets a square one.
        square = Grid((16, 16, 1), GRID.spacing_mm, GRID.origin_mm)
        write_ct_series(Path(folder) / "ct", np.zeros(square.shape, np.int16), square)
        larger = Mask(square, mask.start, mask.voxels)
        opened = to_rt_utils({"structure": larger}, read_ct_geometry(Path(folder) / "ct"), findings=[])
        read: NDArray[np.bool_] = opened.get_roi_mask_by_name("structure").transpose(1, 0, 2)
        return read[:, : GRID.shape[1]]


def contour(points: NDArray[np.float64]) -> Contour:
    return Contour(np.column_stack([points, np.zeros(len(points))]))


def show_voxels(axis: Axes, inside: NDArray[np.bool_], color: str) -> None:
    for i, j in np.argwhere(inside):
        axis.add_patch(plt.Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8))


def show_contours(axis: Axes, contours: Sequence[Contour]) -> None:
    """With an arrow in the direction of travel where an edge is long enough; holes in green."""
    for one in contours:
        points = np.vstack([one.points_mm, one.points_mm[:1]])[:, :2]
        u, v = points.T
        color = LINE if np.sum(u[:-1] * v[1:] - u[1:] * v[:-1]) < 0 else HOLE
        axis.plot(u, v, color=color, linewidth=1.6)
        start = int(np.argmax(np.linalg.norm(np.diff(points, axis=0), axis=1)))
        if np.linalg.norm(points[start + 1] - points[start]) < 1:
            continue
        middle = (points[start] + points[start + 1]) / 2
        ahead = middle + (points[start + 1] - middle) * 0.05
        arrow = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "mutation_scale": 18}
        axis.annotate("", xy=ahead + (ahead - middle), xytext=middle, arrowprops=arrow)


def finish(axis: Axes, title: str) -> None:
    i, j = np.meshgrid(range(GRID.shape[0]), range(GRID.shape[1]))
    axis.plot(i, j, ".", color=CENTRE, markersize=2.5, zorder=3)
    axis.set(xlim=(-0.6, GRID.shape[0] - 0.4), ylim=(GRID.shape[1] - 0.4, -0.6), aspect="equal", xticks=[], yticks=[])
    axis.set_title(title, fontsize=12)
    for side in axis.spines.values():
        side.set_visible(False)


def save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(path)


if __name__ == "__main__":
    main()
