"""Structure: what the table knows about one piece of anatomy, target or device."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TOLERANCE_MM = 3.0  # the usual single value where no inter-observer study gives one
DEFAULT_PRIORITY = 50


@dataclass(frozen=True)
class Code:
    """A concept of a terminology, as DICOM writes it: scheme ("SCT"), value and meaning."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Structure:
    """One structure under its TG-263 name.

    Attributes:
        name: TG-263 name, such as "Femur_Head_L".
        color: display colour (red, green, blue), 0 to 255.
        interpreted_type: DICOM RT ROI interpreted type, "" where it is not known.
        side: "L", "R", or "" for what has no side.
        pair: the structure of the other side, None for what has no side.
        both: the structure of the two sides together, None where there is none.
        priority: of two structures that overlap, the one with the higher priority keeps the voxel.
        tolerance_mm: tolerance of the surface Dice.
        tolerance_source: where the tolerance is from; "" for the default.
        codes: anatomic concepts; the side comes as a code of its own where there is one.
        fma_id: number in the Foundational Model of Anatomy, the side included; "" where it is not known.
        crosses_midline: whether a healthy one may lie on the other side of the body's middle, as a right ventricle.
        aliases: what clinics write for it, without the side.
    """

    name: str
    color: tuple[int, int, int]
    interpreted_type: str = ""
    side: str = ""
    pair: str | None = None
    both: str | None = None
    priority: int = DEFAULT_PRIORITY
    tolerance_mm: float = DEFAULT_TOLERANCE_MM
    tolerance_source: str = ""
    codes: tuple[Code, ...] = ()
    fma_id: str = ""
    crosses_midline: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def reverse_name(self) -> str:
        """TG-263's reverse-order name: the parts of the name from last to first, "L_Head_Femur"."""
        return "_".join(reversed(self.name.split("_")))
