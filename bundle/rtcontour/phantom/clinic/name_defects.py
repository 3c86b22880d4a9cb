"""Defects of which ROI is called what: sides, spelling, copies, leftovers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.mask_edits import slices_of_mask, with_volume
from rtcontour.phantom.clinic.place import Place
from rtcontour.phantom.clinic.spelling import SECOND, UNKNOWN

LEFT, RIGHT = "Femur_Head_L", "Femur_Head_R"


def swap_sides(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """The femoral heads have one another's names."""
    case = case.contoured(LEFT).contoured(RIGHT)
    left, right = case.mask(LEFT), case.mask(RIGHT)
    return case.with_mask(LEFT, right).with_mask(RIGHT, left), Place(LEFT, {"structures": [LEFT, RIGHT]})


def misspell(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """A structure under a name that nobody can resolve."""
    structure = str(rng.choice(list(UNKNOWN)))
    case, name = case.contoured(structure), str(rng.choice(UNKNOWN[structure]))
    return case.renamed(case.names[structure], name), Place(structure, {"roi_name": name})


def keep_older_version(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """Two ROIs whose names mean the same structure, and which differ: an older version was left."""
    structure = str(rng.choice(list(SECOND)))
    case = case.contoured(structure)
    older = with_volume(case.mask(structure), 0.8)
    rois = {**case.rois, SECOND[structure]: older}
    return replace(case, rois=rois), Place(structure, {"roi_names": [case.names[structure], SECOND[structure]]})


def copy_another(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """The ROI called bladder holds the contours of the rectum, which is there under its own name too."""
    case = case.contoured("Rectum")
    rectum = case.mask("Rectum")
    where = {"copy_of": case.names["Rectum"], "slices": [int(k) for k in slices_of_mask(rectum)[[0, -1]]]}
    return case.with_mask("Bladder", rectum), Place("Bladder", where)


def leave_empty(case: Case, rng: np.random.Generator) -> tuple[Case, Place]:
    """An ROI that was created and never contoured."""
    structure = str(rng.choice(["Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"]))
    return case.with_mask(structure, ()), Place(structure, {"roi_name": case.names[structure]})
