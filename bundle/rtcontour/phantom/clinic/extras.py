"""What else stands in a clinical structure set: targets with a margin, rings, the couch, a point, working copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import binary_dilation, binary_fill_holes

from rtcontour.contours import Contour
from rtcontour.grid import Grid
from rtcontour.mask import Mask

Drawn = Mask | Sequence[Contour]  # what can be written as one ROI
COUCH_MM = (440.0, 60.0)  # width and height
COUCH_GAP_MM = 6.0


def add_extras(
    rois: Mapping[str, Drawn],
    names: Mapping[str, str],
    grid: Grid,
    body: Mask,
    family: str,
    rng: np.random.Generator,
) -> dict[str, Drawn]:
    """The ROIs of a patient with those of planning around them; one of the latter has the patient's name in it.

    Args:
        rois: written name -> mask.
        names: TG-263 name -> written name.
        grid: of the CT.
        body: the true outline.
        family: the patient's name in capitals.
        rng: which of them there are.
    """
    extras: dict[str, Drawn] = {}
    target = rois.get(names["CTV"], rois.get(names["CTVn"]))
    if isinstance(target, Mask):
        planned = grown(target, 7.0)
        extras |= {"PTV": planned, "zPTV+5": _without(grown(planned, 5.0), planned)}
    bladder = rois.get(names["Bladder"])
    if isinstance(bladder, Mask) and rng.random() < 0.4:
        extras[f"{names['Bladder']}_{family}+5"] = grown(bladder, 5.0)
    else:
        extras[f"zRing_{family}"] = grown(target, 20.0) if isinstance(target, Mask) else _couch(grid, body)
    if rng.random() < 0.5:
        extras["CouchSurface"] = _couch(grid, body)
    if rng.random() < 0.3:
        extras["Isocentre"] = (Contour(body.box_centre_mm.round(1)[None], "POINT"),)
    return {**rois, **extras}


def grown(mask: Mask, margin_mm: float) -> Mask:
    """The mask with a margin in every slice, drawn as one outline."""
    steps = np.maximum(1, np.round(margin_mm / np.array(mask.grid.spacing_mm[:2]))).astype(int)
    low = np.maximum(np.array(mask.start[:2]) - steps, 0)
    high = np.minimum(np.array(mask.start[:2]) + mask.voxels.shape[:2] + steps, mask.grid.shape[:2])
    wide = np.zeros((*(high - low), mask.voxels.shape[2]), np.bool_, order="F")
    at = np.array(mask.start[:2]) - low
    wide[at[0] : at[0] + mask.voxels.shape[0], at[1] : at[1] + mask.voxels.shape[1]] = mask.voxels
    i, j = np.ogrid[-steps[0] : steps[0] + 1, -steps[1] : steps[1] + 1]
    brush = (i / steps[0]) ** 2 + (j / steps[1]) ** 2 <= 1.0
    for k in range(wide.shape[2]):
        wide[:, :, k] = binary_fill_holes(binary_dilation(wide[:, :, k], brush))
    return Mask(mask.grid, (int(low[0]), int(low[1]), mask.start[2]), wide)


def _without(outer: Mask, inner: Mask) -> Mask:
    return Mask.from_array(outer.full() & ~inner.full(), outer.grid)


def _couch(grid: Grid, body: Mask) -> Mask:
    """A flat top below the patient, as far as the image reaches."""
    spacing, shape = grid.spacing_mm, grid.shape
    back = body.start[1] + body.voxels.shape[1] + round(COUCH_GAP_MM / spacing[1])
    middle, half = body.start[0] + body.voxels.shape[0] // 2, round(COUCH_MM[0] / spacing[0] / 2)
    full = np.zeros(shape, np.bool_, order="F")
    full[max(0, middle - half) : middle + half, min(back, shape[1] - 2) : back + round(COUCH_MM[1] / spacing[1])] = True
    return Mask.from_array(full, grid)
