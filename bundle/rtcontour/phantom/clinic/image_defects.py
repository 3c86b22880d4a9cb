"""Defects of the image: slices, field of view, Hounsfield units, metal, burnt-in text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.extras import Drawn
from rtcontour.phantom.clinic.mask_edits import centre_mm, slices_of_mask
from rtcontour.phantom.clinic.place import Place
from rtcontour.phantom.shapes import Samples

THICK_MM = (8.0, 9.0, 10.0)
SHARE_IN_VIEW = 0.78  # of the patient's width
METAL_HU = 3071  # where 12 bits end
METAL_RADIUS_MM = 19.0  # of the ball of a prosthesis
METAL_REACH_MM = 60.0  # from its middle to the end of the neck
HEADS = ("Femur_Head_L", "Femur_Head_R")


def start_too_high(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """The scan begins in the middle of the femoral heads, so what lies below is neither scanned nor contoured."""
    for structure in HEADS:
        case = case.contoured(structure)
    structure = str(rng.choice(HEADS))
    slices = slices_of_mask(case.mask(structure))
    first = int(slices[len(slices) // 2])
    cut = sorted(name for name in case.names if case.has(name) and _crosses(case.mask(name), first))
    shape = (*case.grid.shape[:2], case.grid.shape[2] - first)
    grid = Grid(shape, case.grid.spacing_mm, _position(case.grid, (0, 0, first)))
    case = _on_grid(case, grid, case.hu[:, :, first:], lambda full: full[:, :, first:])
    return case, Place(structure, {"border": "inferior", "slices": [0, 0], "structures": cut})


def thicken_slices(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """Slices of 8 to 10 mm, each the mean of what it spans; contoured on these."""
    thin = case.grid.spacing_mm[2]
    thick = max(float(rng.choice(THICK_MM)), 1.6 * thin)
    count = int(case.grid.shape[2] * thin / thick)
    edges = np.arange(count + 1) * thick / thin  # in slices, from the lower face of the first
    hu = np.rint(_mean_between(case.hu, edges)).astype(np.int16)
    nearest = np.minimum(((edges[:-1] + edges[1:]) / 2).astype(int), case.grid.shape[2] - 1)
    x, y, z = case.grid.origin_mm
    grid = Grid((*case.grid.shape[:2], count), (*case.grid.spacing_mm[:2], thick), (x, y, z + (thick - thin) / 2))
    case = _on_grid(case, grid, hu, lambda full: full[:, :, nearest])
    return case, Place(None, {"slice_mm": thick})


def narrow_field(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """Reconstructed too small: the image ends within the patient on both sides."""
    columns = case.body.voxels.shape[0]
    kept = round(SHARE_IN_VIEW * columns)
    start = case.body.start[0] + (columns - kept) // 2
    box = slice(start, start + kept)
    rows = min(case.grid.shape[1], round(kept * case.grid.spacing_mm[0] / case.grid.spacing_mm[1]))
    middle = case.body.start[1] + case.body.voxels.shape[1] // 2
    top = int(np.clip(middle - rows // 2, 0, case.grid.shape[1] - rows))
    grid = Grid((kept, rows, case.grid.shape[2]), case.grid.spacing_mm, _position(case.grid, (start, top, 0)))
    case = _on_grid(case, grid, case.hu[box, top : top + rows], lambda full: full[box, top : top + rows])
    width = kept * case.grid.spacing_mm[0]
    return case, Place(None, {"field_mm": round(width, 1), "patient_mm": round(columns * grid.spacing_mm[0], 1)})


def shift_hu(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """The rescale intercept was lost on the way: everything is 1000 HU too high."""
    hu = np.asfortranarray(case.hu + np.int16(1000))
    return replace(case, hu=hu), Place(None, {"offset_hu": 1000})


def scale_hu(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """The rescale slope is wrong: water is right, nothing else is."""
    factor = float(rng.choice([0.5, 2.0]))
    hu = np.asfortranarray(np.clip(np.rint(case.hu * factor), -2048, 6142).astype(np.int16))
    return replace(case, hu=hu), Place(None, {"factor": factor})


def implant_hip(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A metal hip with its stem, and the streaks that it throws."""
    structure = str(rng.choice(HEADS))
    case = case.contoured(structure)
    centre = centre_mm(case.mask(structure))
    side = 1.0 if structure.endswith("L") else -1.0
    metal = _prosthesis(case.grid, centre, side)
    hu = case.hu.astype(np.float32)
    for k in np.flatnonzero(metal.any(axis=(0, 1))):
        hu[:, :, k] += _streaks(case.grid, metal[:, :, k], rng)
    hu[metal] = METAL_HU
    floor = int(case.hu.min())
    digital = np.asfortranarray(np.clip(np.rint(hu), floor, METAL_HU).astype(np.int16))
    where = {
        "beside": structure,
        "centre_mm": [round(float(c), 1) for c in centre],
        "slices": [int(k) for k in np.flatnonzero(metal.any(axis=(0, 1)))[[0, -1]]],
        "volume_cc": round(int(metal.sum()) * case.grid.voxel_volume_cc, 1),
    }
    return replace(case, hu=digital), Place(None, where)


def burn_text_in(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """Name and number in the pixels of every slice, in the upper left corner."""
    lines = (case.person.dicom_name, case.person.patient_id, case.person.birth_date)
    letters = _letters(lines, max(2.0, 0.03 * case.grid.shape[1]))
    width, height = (min(a, b) for a, b in zip(letters.shape, case.grid.shape[:2], strict=True))
    hu = case.hu.copy(order="F")
    corner = hu[:width, :height]
    corner[letters[:width, :height]] = METAL_HU
    return replace(case, hu=hu, burnt_in=True), Place(None, {"columns": [0, width - 1], "rows": [0, height - 1]})


def _on_grid(
    case: Case, grid: Grid, hu: NDArray[np.int16], cut: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]
) -> Case:
    """The case on another grid, every mask cut in the same way; contours stay where they are."""

    def one(drawn: Drawn) -> Drawn:
        return Mask.from_array(cut(drawn.full()), grid) if isinstance(drawn, Mask) else drawn

    def masks(drawn: Mapping[str, Mask]) -> dict[str, Mask]:
        return {name: Mask.from_array(cut(mask.full()), grid) for name, mask in drawn.items()}

    rois = {name: one(drawn) for name, drawn in case.rois.items()}
    kept = {name: drawn for name, drawn in rois.items() if not isinstance(drawn, Mask) or drawn.voxel_count}
    body = Mask.from_array(cut(case.body.full()), grid)
    return replace(case, hu=np.asfortranarray(hu), grid=grid, rois=kept, truth=masks(case.truth), body=body)


def _crosses(mask: Mask, k: int) -> bool:
    slices = slices_of_mask(mask)
    return bool(slices.size and slices[0] < k <= slices[-1])


def _position(grid: Grid, index: tuple[int, int, int]) -> tuple[float, float, float]:
    x, y, z = grid.to_mm([index])[0]
    return float(x), float(y), float(z)


def _mean_between(hu: NDArray[np.int16], edges: Samples) -> Samples:
    """Mean over the slices between successive edges, parts of slices weighed by their part."""
    slabs = []
    for low, high in pairwise(edges):
        first, last = int(low), min(int(np.ceil(high)), hu.shape[2])
        weights = np.minimum(np.arange(first, last) + 1, high) - np.maximum(np.arange(first, last), low)
        slabs.append(hu[:, :, first:last] @ (weights / weights.sum()))
    return np.stack(slabs, axis=2)


def _prosthesis(grid: Grid, centre: NDArray[np.float64], side: float) -> NDArray[np.bool_]:
    """A ball in the socket and a neck that goes out and down to the shaft."""
    reach = METAL_REACH_MM / np.array(grid.spacing_mm)
    middle = grid.to_index([centre])[0]
    box = tuple(slice(max(0, int(m - r)), int(m + r) + 1) for m, r in zip(middle.tolist(), reach.tolist(), strict=True))
    metal = np.zeros(grid.shape, np.bool_, order="F")
    index = np.moveaxis(np.indices(metal[box].shape), 0, -1) + [part.start for part in box]
    offset = (index - middle) * grid.spacing_mm
    along = np.array([side * 45.0, 6.0, -42.0])  # to the top of the shaft
    share = np.clip(offset @ along / (along @ along), 0, 1)
    to_neck = np.linalg.norm(offset - share[..., None] * along, axis=-1)
    metal[box] = (np.linalg.norm(offset, axis=-1) <= METAL_RADIUS_MM) | (to_neck <= 9.0 - 2.0 * share)
    return metal


def _streaks(grid: Grid, metal: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """HU that one slice of metal adds around it: rays of both signs, and a dark band towards the other hip.

    Rays stand for noise along the few paths that metal starves, the band for beam hardening; both fade with distance.
    """
    middle = np.argwhere(metal).mean(axis=0)
    radius = np.sqrt(metal.sum() * grid.spacing_mm[0] * grid.spacing_mm[1] / np.pi)
    x, y = (
        ((np.arange(n) - m) * s).astype(np.float32)
        for n, m, s in zip(metal.shape, middle, grid.spacing_mm[:2], strict=True)
    )
    distance = np.hypot(x[:, None], y[None, :]) + 1
    angle = np.arctan2(y[None, :], x[:, None])
    orders = rng.integers(6, 40, 24)
    waves = sum(np.cos(order * angle + phase) for order, phase in zip(orders, rng.uniform(0, 6.3, 24), strict=True))
    sideways = 0.4 + 0.6 * np.abs(np.cos(angle)) ** 3
    fade = np.exp(-np.maximum(distance - radius, 0) / 70) * min(1.0, radius / 12)
    band = np.exp(-0.5 * (y[None, :] / max(radius, 4.0)) ** 2) * np.exp(-distance / 160) * min(1.0, radius / 12)
    return (22 * waves * sideways * fade - 160 * band).astype(np.float32)


def _letters(lines: tuple[str, ...], height_px: float) -> NDArray[np.bool_]:
    """(columns, rows) of text: where its strokes are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # late: only one patient kind needs it
    from matplotlib.figure import Figure

    size = (int(0.75 * height_px * max(map(len, lines))) + 4, int(1.4 * height_px * len(lines)) + 4)
    figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.02, 0.98, "\n".join(lines), fontsize=height_px, va="top", family="DejaVu Sans")
    canvas.draw()
    dark = np.asarray(canvas.buffer_rgba())[:, :, 0] < 128
    return np.asfortranarray(dark.T)
