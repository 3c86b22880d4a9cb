"""Case: one patient of the clinic before it is exported; what a defect changes is a new Case."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes
from scipy.ndimage import label as connected

from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.clinic.extras import Drawn, add_extras
from rtcontour.phantom.clinic.persons import Person, draw_person
from rtcontour.phantom.clinic.spelling import HABITS, written
from rtcontour.phantom.phantom import Phantom

# What a planner draws; the phantom's own crumbs are smaller, and nobody draws one beside a bowel bag of a litre.
SMALLEST_PIECE_CC, SMALLEST_PIECE_SHARE = 1.0, 0.01


@dataclass(frozen=True)
class Scanner:
    """What the headers of a CT say of the machine; `tells_plain` if a scan without contrast has an empty agent."""

    manufacturer: str
    model: str
    tells_plain: bool
    description: str


SCANNERS = (
    Scanner("Northlight Imaging", "Aurora Sim 16", True, "Pelvis RT 3.0"),
    Scanner("Northlight Imaging", "Aurora Duo 64", True, "Abd Pelvis Planning"),
    Scanner("Voxelwerk", "BigBore One", False, "Becken Bestrahlung"),
)


@dataclass(frozen=True, eq=False)
class Case:
    """One patient.

    Attributes:
        seed: of this patient alone.
        person: who it is.
        scanner: on which machine.
        date: of the scan.
        contrast: intravenous contrast, as the image shows and the header says.
        hu: int16, grid.shape.
        grid: the CT's voxels.
        body: the true outline.
        truth: structures that may be contoured, by TG-263 name.
        rois: what is contoured: ROI name as the clinic writes it -> mask or contours, in the order of the file.
        names: TG-263 name -> ROI name.
        approved: of the structure set.
        burnt_in: text in the pixels.
    """

    seed: int
    person: Person
    scanner: Scanner
    date: datetime.date
    contrast: bool
    hu: NDArray[np.int16]
    grid: Grid
    body: Mask
    truth: Mapping[str, Mask]
    rois: Mapping[str, Drawn]
    names: Mapping[str, str]
    approved: bool = True
    burnt_in: bool = False

    def mask(self, structure: str) -> Mask:
        """What is contoured of a structure of the table.

        Raises:
            GeometryError: nothing is, or contours that are no mask.
        """
        drawn = self.rois.get(self.names[structure])
        if not isinstance(drawn, Mask):
            raise GeometryError(f"{structure}: is not contoured as a mask; make it so with `contoured` first")
        return drawn

    def has(self, structure: str) -> bool:
        """Whether the clinic contoured it."""
        return self.names[structure] in self.rois

    def contoured(self, structure: str) -> Case:
        """The same patient, with this structure in any case; where the clinic left it out, as it truly is."""
        return self if self.has(structure) else self.with_mask(structure, tidy(self.truth[structure]))

    def with_mask(self, structure: str, drawn: Drawn) -> Case:
        """The same patient, with other contours of one structure."""
        return replace(self, rois={**self.rois, self.names[structure]: drawn})

    def renamed(self, old: str, new: str) -> Case:
        """The same patient, with one ROI under another name, at its place."""
        return replace(self, rois={new if name == old else name: drawn for name, drawn in self.rois.items()})


def make_case(clinic_seed: int, number: int, phantom: Phantom) -> Case:
    """The patient that a phantom is, as the clinic sees it."""
    rng = np.random.default_rng([clinic_seed, number, 7])
    date = datetime.date(2009, 1, 5) + datetime.timedelta(int(rng.integers(0, 12 * 365)))
    sex = "M" if phantom.description["male"] else "F"
    person = draw_person(clinic_seed, number, sex=sex, age_on=date.year)
    habit = int(rng.integers(len(HABITS)))
    names = {name: written(name, habit) for name in phantom.masks}
    drawn = {name: mask if name == "External" else tidy(mask) for name, mask in phantom.contoured.items()}
    rois: dict[str, Drawn] = {names[name]: mask for name, mask in drawn.items() if mask.voxel_count}
    case = Case(
        seed=phantom.seed,
        person=person,
        scanner=SCANNERS[int(rng.choice(len(SCANNERS), p=[0.5, 0.3, 0.2]))],
        date=date,
        contrast=bool(phantom.description["contrast"]),
        hu=phantom.hu,
        grid=phantom.grid,
        body=phantom.masks["External"],
        truth=phantom.masks,
        rois=rois,
        names=names,
        approved=bool(rng.random() < 0.8),
    )
    return replace(case, rois=add_extras(rois, names, phantom.grid, case.body, person.family.upper(), rng))


def tidy(mask: Mask) -> Mask:
    """As somebody draws it: outer outlines only, and no crumbs beside the structure."""
    filled = np.asfortranarray(
        np.stack([binary_fill_holes(mask.voxels[:, :, k]) for k in range(mask.voxels.shape[2])], axis=2)
        if mask.voxels.size
        else mask.voxels
    )
    pieces, count = connected(filled, np.ones((3, 3, 3)))
    if count > 1:
        sizes = np.bincount(pieces.ravel())[1:]
        smallest = max(SMALLEST_PIECE_CC / mask.grid.voxel_volume_cc, SMALLEST_PIECE_SHARE * sizes.sum())
        kept = (sizes >= smallest) | (sizes == sizes.max())
        filled = np.concatenate([[False], kept])[pieces]
    return Mask(mask.grid, mask.start, np.asfortranarray(filled, np.bool_))
