"""HeadPainter: lays tissue on the canvas and keeps for every sample which of the 28 structures owns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Box, Canvas
from rtcontour.phantom.cortex import paint_bone
from rtcontour.phantom.patient import Patient
from rtcontour.phantom.shapes import Chain, Ellipsoid, Loft, Samples

HEAD_NECK_28 = (  # Tang 2019, in the order of the paper
    "BrachialPlexs",
    "Brainstem",
    "Musc_Constrict",
    "Ear_L",
    "Ear_R",
    "Eye_L",
    "Eye_R",
    "Pituitary",
    "Larynx",
    "Lens_L",
    "Lens_R",
    "Bone_Mandible",
    "OpticChiasm",
    "OpticNrv_L",
    "OpticNrv_R",
    "Cavity_Oral",
    "Parotid_L",
    "Parotid_R",
    "Glnd_Submand_L",
    "Glnd_Submand_R",
    "SpinalCord",
    "Glnd_Sublings",
    "Lobe_Temporal_L",
    "Lobe_Temporal_R",
    "Glnd_Thyroid",
    "Joint_TM_L",
    "Joint_TM_R",
    "Trachea",
)
OWNER = {"": 0} | {name: value for value, name in enumerate(HEAD_NECK_28, start=1)}
AIR_HU = -985.0
FIELD_LATTICE_MM = 8.0

Knots = Sequence[Sequence[float]]  # x, y, z, radius in mm along a chain
Solid = Chain | Ellipsoid | Loft
AnySolid = TypeVar("AnySolid", Chain, Ellipsoid, Loft)


@dataclass(frozen=True, eq=False)
class HeadPainter:
    """A canvas with an owner a sample; what is laid later pushes aside what was there.

    Attributes:
        canvas: the samples; origin midway between the ear canals.
        patient: who is drawn.
        owner: uint8 [i, j, k]: value in OWNER, 0 where no structure is.
        bone: all bone.
    """

    canvas: Canvas
    patient: Patient
    owner: NDArray[np.uint8]
    bone: NDArray[np.bool_]

    @classmethod
    def over(cls, canvas: Canvas, patient: Patient) -> HeadPainter:
        """A painter of an empty canvas."""
        owner = np.zeros(canvas.hu.shape, np.uint8, order="F")
        return cls(canvas, patient, owner, np.zeros(canvas.hu.shape, np.bool_, order="F"))

    @property
    def field_step(self) -> tuple[int, int, int]:
        """How many samples apart the nodes of a smooth field may lie."""
        i, j, k = (max(1, int(FIELD_LATTICE_MM / step)) for step in self.canvas.step_mm)
        return i, j, k

    def lay(
        self, shape: Solid, hu: float, name: str = "", *, texture_hu: float = 5.0, rough_mm: float = 0.0
    ) -> tuple[Box, Samples]:
        """Fill a shape, where there is tissue, for structure `name` or for none; gives its box and distance."""
        box, distance = self.canvas.distance(shape, reach_mm=3 + 2 * rough_mm)
        if rough_mm:
            distance += rough_mm * self.canvas.rough[box]
        self.lay_within(box, distance, hu, name, texture_hu=texture_hu)
        return box, distance

    def lay_within(self, box: Box, distance: Samples, hu: float, name: str = "", *, texture_hu: float = 5.0) -> None:
        """The same for a signed distance in a box."""
        tissue = self.canvas.in_tissue(box)
        self.canvas.paint(box, self.canvas.cover(distance) * tissue, hu + texture_hu * self.canvas.texture[box])
        self._own(box, (distance < 0) & (tissue > 0.5), name)

    def lay_air(self, shape: Solid, name: str = "") -> None:
        """Open a cavity, within the skin or through it."""
        box, distance = self.canvas.distance(shape)
        self.canvas.paint(box, self.canvas.cover(distance), AIR_HU)
        self._own(box, distance < 0, name)

    def lay_bone(
        self,
        shape: Solid,
        name: str = "",
        *,
        marrow_hu: float = 350.0,
        cortex_hu: float = 900.0,
        cortex_mm: float = 1.5,
        less: Solid | None = None,
    ) -> None:
        """A bone; `less` is left out of it."""
        box, distance = self.canvas.distance(shape)
        if less is not None:
            distance = np.maximum(distance, -self.canvas.distance_within(box, less, 12.0))
        self.lay_bone_within(box, distance, name, marrow_hu=marrow_hu, cortex_hu=cortex_hu, cortex_mm=cortex_mm)

    def lay_bone_within(
        self,
        box: Box,
        distance: Samples,
        name: str = "",
        *,
        marrow_hu: float | Samples,
        cortex_hu: float,
        cortex_mm: float = 1.5,
    ) -> None:
        """The same for a signed distance in a box."""
        dense = 0.75 + 0.5 * self.patient.bone_quality
        paint_bone(
            self.canvas,
            self.bone,
            box,
            distance,
            marrow_hu=marrow_hu * dense,
            cortex_hu=cortex_hu * dense,
            cortex_mm=cortex_mm,
        )
        self._own(box, distance < 0, name)

    def claim(self, shape: Solid, name: str, *, keep: bool = True, within: Samples | None = None) -> None:
        """Give what is painted already to a structure.

        Args:
            shape: the region.
            name: its structure.
            keep: leave other structures what they own.
            within: signed distance on the whole canvas to a second region that bounds the first.
        """
        box, distance = self.canvas.distance(shape)
        inside = distance < 0
        if within is not None:
            inside &= within[box] < 0
        if keep:
            inside &= self.owner[box] == 0
        self._own(box, inside, name)

    def _own(self, box: Box, inside: NDArray[np.bool_], name: str) -> None:
        self.owner[box][inside] = OWNER[name]


def sided(shape: AnySolid, side: int) -> AnySolid:
    """A shape of the left, or its mirror image for side -1."""
    return shape if side > 0 else shape.mirrored()


def suffix(side: int) -> str:
    """_L for side 1, _R for side -1."""
    return "_L" if side > 0 else "_R"
