"""A data set folder full of phantoms, to train on and to test with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rtcontour.datasets import SPLITS, Case, DataSet, merge_masks, write_datalist, write_image, write_labels, write_mask
from rtcontour.errors import ConfigError
from rtcontour.files import whole_folder
from rtcontour.phantom.head_neck import draw_head_neck
from rtcontour.phantom.head_painter import HEAD_NECK_28
from rtcontour.phantom.pelvis import draw_pelvis
from rtcontour.phantom.phantom import Phantom
from rtcontour.processes import in_processes

LABELS = {"Femur_Head_L": 1, "Femur_Head_R": 2, "Bladder": 3, "Bag_Bowel": 4, "CTVn": 5}  # Sartor 2020, Table 1


@dataclass(frozen=True)
class Anatomy:
    """What is drawn: how, and which structures the label maps hold."""

    draw: Callable[..., Phantom]
    labels: dict[str, int]
    title: str
    description: str


ANATOMIES = {
    "pelvis": Anatomy(
        draw_pelvis, LABELS, "Pelvis phantoms", "Synthetic pelvis patients drawn from a seed; no person's data."
    ),
    "head_neck": Anatomy(
        draw_head_neck,
        {name: value for value, name in enumerate(HEAD_NECK_28, start=1)},  # Tang 2019
        "Head-and-neck phantoms",
        "Synthetic head-and-neck patients drawn from a seed; no person's data.",
    ),
}


@dataclass(frozen=True)
class Drawing:
    """What every case of the data set is drawn with; None is drawn from each case's own seed."""

    anatomy: str = "pelvis"
    spacing_mm: tuple[float, float, float] | None = None
    slices: int | None = None
    columns_rows: tuple[int, int] | None = None
    truth: bool = False


def write_data_set(
    folder: str | Path,
    *,
    training: int,
    validation: int,
    test: int,
    seed: int,
    workers: int = 1,
    spacing_mm: tuple[float, float, float] | None = None,
    slices: int | None = None,
    columns_rows: tuple[int, int] | None = None,
    truth: bool = False,
    anatomy: str = "pelvis",
) -> Path:
    """Write a data set folder of phantoms: images, label maps, masks of every contoured structure.

    Case number n depends on `seed` and n alone, not on the splits or `workers`. What a clinic left out, or what is
    without a voxel on the grid, is missing from the label map, from the masks and from `annotated`.

    Args:
        folder: appears whole or not at all.
        training: number of cases, and so for `validation` and `test`.
        validation: see `training`.
        test: see `training`.
        seed: of the whole data set.
        workers: processes that draw side by side.
        spacing_mm: one voxel size for all cases; drawn by default.
        slices: one number of slices for all cases; drawn by default.
        columns_rows: one matrix for all cases; 512 x 512 by default.
        truth: take the exact structures, all of them, instead of what the clinic contoured in its own style.
        anatomy: "pelvis", with the five structures of Sartor 2020, or "head_neck", with the 28 of Tang 2019.

    Returns:
        The folder.

    Raises:
        ConfigError: an unknown anatomy.
        OutputError: the folder exists or cannot be written.
    """
    folder = Path(folder)
    if anatomy not in ANATOMIES:
        raise ConfigError(f"anatomy is {anatomy!r}; expected one of {', '.join(ANATOMIES)}")
    kind = ANATOMIES[anatomy]
    splits = np.repeat(SPLITS, [training, validation, test])
    jobs = [(number, str(split)) for number, split in enumerate(splits)]
    with whole_folder(folder) as partial_folder:
        root = partial_folder.resolve()
        draw = partial(_write_case, root, seed, Drawing(anatomy, spacing_mm, slices, columns_rows, truth))
        cases = tuple(in_processes(draw, jobs, workers))
        write_datalist(root, DataSet(f"{kind.title}, seed {seed}", root, kind.labels, cases, kind.description))
    return folder


def _write_case(root: Path, seed: int, drawing: Drawing, job: tuple[int, str]) -> Case:
    """Draw the case of a number for a split, and write its three kinds of file."""
    number, split = job
    case_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    kind = ANATOMIES[drawing.anatomy]
    phantom = kind.draw(
        case_seed, spacing_mm=drawing.spacing_mm, slices=drawing.slices, columns_rows=drawing.columns_rows
    )
    name = f"phantom_{number:04d}"
    image, label = root / "images" / f"{name}.nii.gz", root / "labels" / f"{name}.nii.gz"
    chosen = phantom.masks if drawing.truth else phantom.contoured
    drawn = {structure: mask for structure, mask in chosen.items() if mask.voxel_count}
    annotated = tuple(structure for structure in kind.labels if structure in drawn)
    contoured = {structure: drawn[structure] for structure in annotated}
    write_image(image, phantom.hu, phantom.grid)
    write_labels(label, merge_masks(contoured, kind.labels, phantom.grid), phantom.grid)
    for structure, mask in drawn.items():
        write_mask(root / "masks" / name / f"{structure}.nii.gz", mask)
    cohort = "contrast" if phantom.description["contrast"] else "plain"
    return Case(name, name, image, label, annotated, cohort, split)
