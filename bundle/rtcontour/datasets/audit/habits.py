"""What a structure may have that is a slip in one cohort and usual in another: pieces, holes, open ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from rtcontour.datasets.audit.pieces import MOST_BRIDGED_SLICES, Gap, Piece
from rtcontour.datasets.audit.structure_measures import FIRST_SLICE, LAST_SLICE, StructureMeasures
from rtcontour.structures import structure_table

PART = 0.05  # of a structure's volume: a piece that is a part of it, as the other side of a nodal volume is
# What is smaller is the rim of a hand-drawn contour, or its tip on the next slice; but not if it lies far away.
SPECK_VOXELS, SPECK_CC = 8, 0.25
FAR_VOXELS, FAR_MM = 4, 15.0
HOLE_CC, HOLE_SHARE = 0.15, 0.002  # smaller ones are where two strokes meet
# The body is found on voxels of 4 mm and may end a voxel too early, in a fold of the skin say.
OUTSIDE_CC = 0.5
GAP_SHARE = 0.1  # of the volume: what lies beyond a long gap is the structure's other half and no stray contour
# Structures of which nobody expects one piece, by the beginning of their TG-263 name; the cohort tells better.
OF_MANY_PIECES = ("CTV", "GTV", "ITV", "PTV", "Bowel", "Spc_Bowel", "Bag_Bowel", "LN_", "Bone", "Rib", "External")
# Structures longer than a scan, or as long as it, the same way; and those that other names begin like.
LONGER_THAN_SCANS = (
    *("CTV", "PTV", "GTV", "ITV", "LN_", "A_", "V_", "Bowel", "Bag_Bowel", "Spc_Bowel", "Colon", "Peritoneum"),
    *("SpinalC", "ThecalSac", "CaudaEquina", "Esophagus", "Trachea", "Pharynx", "Lung", "Heart", "Liver", "Breast"),
    *("Bone_Pelvic", "Bone_Ilium", "BoneMarrow", "VBs", "Sacrum", "SacralPlex", "BrachialPlex", "Rib", "Chestwall"),
    *("Femur_Shaft", "FemurHeadNeck", "Humerus", "Musc_", "Cerebrum", "Lobe_", "Skull"),
)
LONGER_BY_WHOLE_NAME = ("Brain", "Femur_L", "Femur_R", "Femurs")
SURFACES = ("External", "Skin", "Couch", "Bolus", "Scalp")


def is_part(piece: Piece, measures: StructureMeasures) -> bool:
    """Whether a piece is large enough to be meant."""
    return piece.volume_cc >= PART * measures.volume_cc


def is_stray(piece: Piece) -> bool:
    """Whether a piece is too large, or too far from the largest one, for a hand's imprecision."""
    large = piece.voxels >= SPECK_VOXELS and piece.volume_cc >= SPECK_CC
    return large or (piece.voxels >= FAR_VOXELS and piece.distance_mm >= FAR_MM)


def has_parts(measures: StructureMeasures) -> bool:
    """Whether it has a second piece that is a part of it."""
    return any(is_part(piece, measures) for piece in measures.pieces)


def has_strays(measures: StructureMeasures) -> bool:
    """Whether it has pieces that are no part of it, and no imprecision."""
    return any(is_stray(piece) and not is_part(piece, measures) for piece in measures.pieces)


def has_holes(measures: StructureMeasures) -> bool:
    """Whether its holes are larger than what strokes leave."""
    return measures.holes_cc >= max(HOLE_CC, HOLE_SHARE * measures.volume_cc)


def is_left_out(gap: Gap) -> bool:
    """Whether a gap is slices that somebody left out, and not where one part ends and another begins."""
    return gap.shared and (gap.slices <= MOST_BRIDGED_SLICES or gap.lesser_share >= GAP_SHARE)


def has_gaps(measures: StructureMeasures) -> bool:
    """Whether slices of it were left out."""
    return any(is_left_out(gap) for gap in measures.gaps)


def lies_outside(measures: StructureMeasures) -> bool:
    """Whether more of it lies outside the body than the body's own error explains."""
    return measures.outside_cc >= OUTSIDE_CC


def touches_end(measures: StructureMeasures) -> bool:
    """Whether it reaches the first or the last slice."""
    return FIRST_SLICE in measures.borders or LAST_SLICE in measures.borders


HABITS: Mapping[str, Callable[[StructureMeasures], bool]] = {
    "parts": has_parts,
    "strays": has_strays,
    "holes": has_holes,
    "gaps": has_gaps,
    "outside": lies_outside,
    FIRST_SLICE: lambda measures: FIRST_SLICE in measures.borders,
    LAST_SLICE: lambda measures: LAST_SLICE in measures.borders,
}


def has_many_pieces(name: str) -> bool:
    """Whether anatomy or purpose give a structure several pieces, by its name."""
    return name.startswith(OF_MANY_PIECES) or name in _of_both_sides()


def is_longer_than_scans(name: str) -> bool:
    """Whether a structure usually goes on beyond the scan, by its name."""
    return name.startswith((*LONGER_THAN_SCANS, *SURFACES)) or name in LONGER_BY_WHOLE_NAME


@cache
def _of_both_sides() -> frozenset[str | None]:
    """The structures that are two sides together."""
    return frozenset(one.both for one in structure_table().values())


def is_surface(name: str) -> bool:
    """Whether a structure is the body's outline or lies on it, by its name."""
    return name.startswith(SURFACES)
