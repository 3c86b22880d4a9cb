"""A data set folder full of phantoms, to train on and to test with."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from rtcontour.datasets import SPLITS, Case, DataSet, merge_masks, write_datalist, write_image, write_labels, write_mask
from rtcontour.files import whole_folder
from rtcontour.phantom.pelvis import draw_pelvis

LABELS = {"Femur_Head_L": 1, "Femur_Head_R": 2, "Bladder": 3, "Bag_Bowel": 4, "CTVn": 5}  # Sartor 2020, Table 1
DESCRIPTION = "Synthetic pelvis patients drawn from a seed; no person's data."


@dataclass(frozen=True)
class Drawing:
    """What every case of the data set is drawn with; None is drawn from each case's own seed."""

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
) -> Path:
    """Write a data set folder of phantoms: images, label maps of the Sartor five, masks of every contoured structure.

    Case number n depends on `seed` and n alone, not on the splits or `workers`. What a clinic left out is missing from
    the label map, from the masks and from `annotated`.

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

    Returns:
        The folder.

    Raises:
        OutputError: the folder exists or cannot be written.
    """
    folder = Path(folder)
    splits = np.repeat(SPLITS, [training, validation, test])
    jobs = [(number, str(split)) for number, split in enumerate(splits)]
    with whole_folder(folder) as partial_folder:
        root = partial_folder.resolve()
        draw = partial(_write_case, root, seed, Drawing(spacing_mm, slices, columns_rows, truth))
        cases = tuple(_run(draw, jobs, workers))
        write_datalist(root, DataSet(f"Pelvis phantoms, seed {seed}", root, LABELS, cases, DESCRIPTION))
    return folder


def _run(draw: partial[Case], jobs: list[tuple[int, str]], workers: int) -> Iterator[Case]:
    if workers == 1:
        yield from starmap(draw, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, *zip(*jobs, strict=True))


def _write_case(root: Path, seed: int, drawing: Drawing, number: int, split: str) -> Case:
    """Draw case `number` and write its three kinds of file."""
    case_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    phantom = draw_pelvis(
        case_seed, spacing_mm=drawing.spacing_mm, slices=drawing.slices, columns_rows=drawing.columns_rows
    )
    name = f"phantom_{number:04d}"
    image, label = root / "images" / f"{name}.nii.gz", root / "labels" / f"{name}.nii.gz"
    drawn = phantom.masks if drawing.truth else phantom.contoured
    annotated = tuple(structure for structure in LABELS if structure in drawn)
    contoured = {structure: drawn[structure] for structure in annotated}
    write_image(image, phantom.hu, phantom.grid)
    write_labels(label, merge_masks(contoured, LABELS, phantom.grid), phantom.grid)
    for structure, mask in drawn.items():
        write_mask(root / "masks" / name / f"{structure}.nii.gz", mask)
    cohort = "contrast" if phantom.description["contrast"] else "plain"
    return Case(name, name, image, label, annotated, cohort, split)
