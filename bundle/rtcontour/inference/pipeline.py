"""contour_patient: a folder of CT slices in, an RTSTRUCT out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from monai.data import MetaTensor
from numpy.typing import NDArray

from rtcontour.datasets.recipe import recipe_entry
from rtcontour.dicom import read_ct_series, write_structure_set
from rtcontour.errors import Finding, deliver
from rtcontour.files import bundle_root, refuse_existing
from rtcontour.grid import Grid
from rtcontour.inference.model import Model, load_model
from rtcontour.inference.windows import BodyWindows
from rtcontour.labels import clean_labels
from rtcontour.mask import Mask
from rtcontour.training import autocast_dtype, reuse_freed_memory
from rtcontour.transforms import window_hu

DEFAULT_RECIPE = "pelvis_fcn"


def contour_patient(
    ct_folder: str | Path,
    output: str | Path,
    *,
    recipe: str | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    series_uid: str | None = None,
    replace: bool = False,
    findings: list[Finding] | None = None,
) -> Path:
    """Contour a CT series with a trained model and write the structures as RTSTRUCT.

    Args:
        ct_folder: folder with the DICOM slices.
        output: the RTSTRUCT file to write.
        recipe: name or file of a recipe, whose checkpoint is taken; None for the default recipe.
        weights: checkpoint to take instead.
        device: "auto", "cpu", "cuda" or any other name torch knows.
        series_uid: which series, where the folder holds several.
        replace: overwrite an existing output.
        findings: a list that receives what was odd; None logs it.

    Returns:
        The path of the RTSTRUCT.

    Raises:
        RtContourError: no CT there, no or another checkpoint, an output that exists already; nothing is written then.
    """
    refuse_existing(output, replace=replace)
    reuse_freed_memory()
    model = load_model(weights or recipe_checkpoint(recipe or DEFAULT_RECIPE), device=device)
    ct = read_ct_series(ct_folder, series_uid=series_uid)
    labels = contour_ct(model, ct.hu, ct.grid)
    masks = {name: Mask.from_array(labels == channel, ct.grid) for channel, name in enumerate(model.names, start=1)}
    deliver([*ct.findings, *empty_structures(masks)], findings)
    return write_structure_set(output, masks, ct, replace=replace, algorithm=model.algorithm, findings=findings)


def contour_ct(model: Model, hu: NDArray[np.int16], grid: Grid) -> NDArray[np.uint8]:
    """HU [i, j, k] on a grid -> cleaned label map in the model's channels, on the same grid."""
    description = model.description
    windowed = window_hu(torch.from_numpy(hu).to(model.device), description.window_hu)
    image = MetaTensor(windowed[None, None], affine=torch.from_numpy(grid.affine_ras))
    windows = BodyWindows(description.tile, window_hu=description.window_hu, spacing_mm=description.spacing_mm)
    dtype = autocast_dtype(model.device)
    with torch.inference_mode(), torch.autocast(model.device.type, dtype, enabled=dtype is not None):
        logits = windows(image, model.network)
    labels = np.asfortranarray(logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy())
    return labels if description.cleaning is None else clean_labels(labels, **description.cleaning)


def empty_structures(masks: dict[str, Mask]) -> list[Finding]:
    """A finding for each structure of which the model found no voxel."""
    return [
        Finding("structure-not-found", "the model found no voxel of it in this scan", subject=name)
        for name, mask in masks.items()
        if mask.voxel_count == 0
    ]


def recipe_checkpoint(recipe: str | Path) -> Path:
    """The checkpoint in models/ that a recipe names; the recipe by its name or its file.

    Raises:
        ConfigError: no such recipe, or none in the file.
    """
    return Path(bundle_root()) / "models" / recipe_entry(recipe, "checkpoint")
