"""From what a clinic wrote to the structure that is meant, or an error that says what is near."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping
from pathlib import Path

from rtcontour.errors import Finding, StructureNameError
from rtcontour.structures.lookup import structure_meant, why_not
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import Structure
from rtcontour.structures.user_aliases import alias_target, read_aliases


def resolve_structure(name: str, *, aliases: Mapping[str, str] | str | Path | None = None) -> Structure:
    """The structure that `name` means.

    Tried in this order: the caller's aliases; the TG-263 name; a paired organ with a word for its side ("Parotis li");
    a name or alias of the table without regard to case, accents and separators; a paired organ with its side glued on
    ("ltparotid"). The whole name must fit: what is derived from an organ ("Bladder+5mm", "PTV-Bladder", "zBladder",
    "SpinalCord_PRV05") is not that organ.

    Args:
        name: as the clinic wrote it.
        aliases: written name -> TG-263 name, or a JSON file of these; wins over everything else. A file is read anew
            on every call: for many names, give what `read_aliases` returns.

    Raises:
        StructureNameError: unknown; or ambiguous, such as a paired organ without its side: the message lists what it
            may mean; or an alias whose target is not in the table.
        InputFileError: `aliases` names a file that is not there, or holds no aliases.
    """
    structure = find_structure(name, aliases=aliases)
    if structure is None:
        raise StructureNameError(f"structure {name!r} {why_not(name)} or add an alias for it")
    return structure


def find_structure(name: str, *, aliases: Mapping[str, str] | str | Path | None = None) -> Structure | None:
    """The same without an error for what is unknown or ambiguous: None.

    Raises:
        StructureNameError: an alias whose target is not in the table.
        InputFileError: `aliases` names a file that is not there, or holds no aliases.
    """
    if aliases is not None:
        given = aliases if isinstance(aliases, Mapping) else read_aliases(aliases)
        by_form = {normal_form(written): target for written, target in given.items()}
        target = given.get(name) or by_form.get(normal_form(name))
        if target:
            return alias_target(name, target)
    return structure_meant(name)


def structure_or_fallback(name: str) -> Structure:
    """The structure that `name` means, or a stand-in under the name as written.

    The stand-in has the default tolerance and priority, no interpreted type, and a colour made from its name alone.
    """
    return find_structure(name) or Structure(name, _color_by_hash(name))


def unresolved_name(name: str) -> Finding:
    """What to report of a name that the table does not have, wherever it goes on under the name as written."""
    message = "no structure of the table; it keeps its name, 3 mm tolerance and a colour made from the name"
    return Finding("name-unresolved", message, subject=name)


def color_of(name: str) -> tuple[int, int, int]:
    """Display colour of any name."""
    return structure_or_fallback(name).color


def tolerance_of(name: str) -> float:
    """Surface Dice tolerance in mm of any name."""
    return structure_or_fallback(name).tolerance_mm


def priority_of(name: str) -> int:
    """Priority of any name: of two structures that overlap, the one with the higher priority keeps the voxel."""
    return structure_or_fallback(name).priority


def _color_by_hash(name: str) -> tuple[int, int, int]:
    value = zlib.crc32(name.encode("utf-8"))
    hue, saturation = (value & 0xFFFF) / 0x10000, 0.6 + 0.4 * (value >> 16) / 0x10000
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, 0.95))
    return red, green, blue
