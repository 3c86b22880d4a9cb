"""From what a clinic wrote to the structure that is meant, or an error that says what is near."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache

from rtcontour.errors import Finding, StructureNameError
from rtcontour.structures.laterality import BOTH, LEFT, side_by_word, sides_by_letters
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import Structure
from rtcontour.structures.table import structure_index


def resolve_structure(name: str, *, aliases: Mapping[str, str] | None = None) -> Structure:
    """The structure that `name` means.

    Tried in this order: the caller's aliases; the TG-263 name; a paired organ with a word for its side ("Parotis li");
    a name or alias of the table without regard to case, accents and separators; a paired organ with its side glued on
    ("ltparotid"). The whole name must fit: what is derived from an organ ("Bladder+5mm", "PTV-Bladder", "zBladder",
    "SpinalCord_PRV05") is not that organ.

    Args:
        name: as the clinic wrote it.
        aliases: written name -> TG-263 name; wins over everything else.

    Raises:
        StructureNameError: unknown; or a paired organ without its side; or an alias whose target is not in the table.
    """
    structure = find_structure(name, aliases=aliases)
    if structure is not None:
        return structure
    pair = structure_index().pairs.get(normal_form(name))
    if pair is not None:
        left, right = pair
        both = f" ({left.both} for both)" if left.both else ""
        raise StructureNameError(
            f"structure {name!r} is ambiguous: a paired organ without a side; write {left.name} or {right.name}{both}"
        )
    near = ", ".join(_nearest(normal_form(name)))
    raise StructureNameError(
        f"structure {name!r} is not known; nearest are {near}; write one of these or add an alias for it"
    )


def find_structure(name: str, *, aliases: Mapping[str, str] | None = None) -> Structure | None:
    """The same without an error for what is unknown or ambiguous: None.

    Raises:
        StructureNameError: an alias whose target is not in the table.
    """
    index = structure_index()
    if aliases:
        by_form = {normal_form(written): target for written, target in aliases.items()}
        target = aliases.get(name) or by_form.get(normal_form(name))
        if target:
            return _alias_target(name, target)
    if name in index.by_name:
        return index.by_name[name]
    by_word = side_by_word(name)
    return (
        (by_word and _of_side(*by_word))
        or index.by_form.get(normal_form(name))
        or next(filter(None, (_of_side(*reading) for reading in sides_by_letters(name))), None)
    )


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


def _alias_target(name: str, target: str) -> Structure:
    structure = find_structure(target)
    if structure is None:
        near = ", ".join(_nearest(normal_form(target)))
        raise StructureNameError(
            f"alias {name!r} leads to {target!r}, which is not a known structure; nearest are {near}"
        )
    return structure


def _of_side(side: str, stem: str) -> Structure | None:
    """The structure of a pair on one side, or of both; None where `stem` is no paired organ."""
    index = structure_index()
    if stem not in index.pairs:
        return None
    left, right = index.pairs[stem]
    if side == BOTH:
        return index.by_name.get(left.both or "")
    return left if side == LEFT else right


@cache
def _nearest(form: str) -> tuple[str, ...]:
    """The three TG-263 names whose name or alias is spelled most like `form`."""
    index = structure_index()
    spellings = [(spelling, structure.name) for spelling, structure in index.by_form.items()]
    spellings += [(spelling, structure.name) for spelling, pair in index.pairs.items() for structure in pair]
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(form)
    likeness: dict[str, float] = {}
    for spelling, name in spellings:
        matcher.set_seq1(spelling)
        likeness[name] = max(likeness.get(name, 0.0), matcher.ratio())
    return tuple(sorted(likeness, key=lambda name: (-likeness[name], name))[:3])


def _color_by_hash(name: str) -> tuple[int, int, int]:
    value = zlib.crc32(name.encode("utf-8"))
    hue, saturation = (value & 0xFFFF) / 0x10000, 0.6 + 0.4 * (value >> 16) / 0x10000
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, 0.95))
    return red, green, blue
