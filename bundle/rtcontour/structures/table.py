"""The structure table: table.json read once, and indexed by every way to write a name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import filterfalse
from pathlib import Path
from typing import Any

from rtcontour.structures.laterality import LEFT, RIGHT, SIDE_CODES
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import DEFAULT_PRIORITY, DEFAULT_TOLERANCE_MM, Code, Structure

TABLE = Path(__file__).with_name("table.json")


@dataclass(frozen=True)
class StructureIndex:
    """The table by name and by normal form.

    Attributes:
        by_name: TG-263 name -> structure, in the order of the table.
        by_form: normal form of the name, reverse name or an alias of a structure without sides -> structure.
        pairs: the same of a paired organ, written without its side -> (left, right).
        ambiguous: normal form of what is written for several structures alike -> these, left and right ones too.
    """

    by_name: Mapping[str, Structure]
    by_form: Mapping[str, Structure]
    pairs: Mapping[str, tuple[Structure, Structure]]
    ambiguous: Mapping[str, tuple[Structure, ...]]


@cache
def structure_index() -> StructureIndex:
    """The indexed table; read on first use."""
    entries = json.loads(TABLE.read_text(encoding="utf-8"))["structures"]
    by_name: dict[str, Structure] = {}
    by_form: dict[str, Structure] = {}
    pairs: dict[str, tuple[Structure, Structure]] = {}
    ambiguous: dict[str, tuple[Structure, ...]] = {}
    for entry in entries:
        structures = {structure.name: structure for structure in _structures_of(entry)}
        by_name.update(structures)
        for form in map(normal_form, entry.get("ambiguous", ())):
            ambiguous[form] = (*ambiguous.get(form, ()), *structures.values())
        if entry.get("sides"):
            left, right = structures.values()
            pairs.update(dict.fromkeys(_forms(entry), (left, right)))
        else:
            by_form.update(dict.fromkeys(_forms(entry), structures[entry["name"]]))
    return StructureIndex(by_name, by_form, pairs, ambiguous)


def structure_table() -> Mapping[str, Structure]:
    """Every structure of the table by its TG-263 name, in the order of the table."""
    return structure_index().by_name


def _structures_of(entry: Mapping[str, Any]) -> Iterator[Structure]:
    if not entry.get("sides"):
        yield _structure(entry, entry["name"])
        return
    left, right = f"{entry['name']}_{LEFT}", f"{entry['name']}_{RIGHT}"
    yield _structure(entry, left, side=LEFT, pair=right)
    yield _structure(entry, right, side=RIGHT, pair=left)


def _structure(entry: Mapping[str, Any], name: str, side: str = "", pair: str | None = None) -> Structure:
    red, green, blue = bytes.fromhex(_of_side(entry["color"], side)[1:])
    codes = (Code(**entry["code"]),) if "code" in entry else ()
    return Structure(
        name=name,
        color=(red, green, blue),
        interpreted_type=entry.get("interpreted_type", "ORGAN"),
        side=side,
        pair=pair,
        both=entry.get("both"),
        priority=entry.get("priority", DEFAULT_PRIORITY),
        tolerance_mm=entry.get("tolerance_mm", DEFAULT_TOLERANCE_MM),
        tolerance_source=entry.get("tolerance_source", ""),
        codes=(*codes, SIDE_CODES[side]) if codes and side else codes,
        fma_id=_of_side(entry.get("fma", ""), side),
        crosses_midline=entry.get("crosses_midline", False),
        aliases=tuple(entry["aliases"]),
    )


def _of_side(value: str | list[str], side: str) -> str:
    """One of the two values, left and right, of an entry with sides; the only one of any other entry."""
    return value if isinstance(value, str) else value[side == RIGHT]


def _forms(entry: Mapping[str, Any]) -> set[str]:
    reverse = "_".join(reversed(entry["name"].split("_")))
    spellings = (entry["name"], reverse, *entry["aliases"])
    # Many at a time, and those in ASCII apart, which take a shorter way: there are thousands, read at every start.
    forms: set[str] = set()
    for group in (filter(str.isascii, spellings), filterfalse(str.isascii, spellings)):
        forms.update(normal_form("\0".join(group)).split("\0"))
    return forms - {""}
