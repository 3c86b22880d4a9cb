"""The structure table: table.json read once, and indexed by every way to write a name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rtcontour.structures.laterality import LEFT, RIGHT, SIDE_CODES
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import DEFAULT_PRIORITY, DEFAULT_TOLERANCE_MM, Code, Structure


@dataclass(frozen=True)
class StructureIndex:
    """The table by name and by normal form.

    Attributes:
        by_name: TG-263 name -> structure, in the order of the table.
        by_form: normal form of the name, reverse name or an alias of a structure without sides -> structure.
        pairs: the same of a paired organ, written without its side -> (left, right).
    """

    by_name: Mapping[str, Structure]
    by_form: Mapping[str, Structure]
    pairs: Mapping[str, tuple[Structure, Structure]]


@cache
def structure_index() -> StructureIndex:
    """The indexed table; read on first use."""
    entries = json.loads(files("rtcontour.structures").joinpath("table.json").read_text(encoding="utf-8"))["structures"]
    by_name: dict[str, Structure] = {}
    by_form: dict[str, Structure] = {}
    pairs: dict[str, tuple[Structure, Structure]] = {}
    for entry in entries:
        structures = {structure.name: structure for structure in _structures_of(entry)}
        by_name.update(structures)
        if entry.get("sides"):
            left, right = structures.values()
            pairs.update((form, (left, right)) for form in _forms(entry))
        else:
            by_form.update((form, structures[entry["name"]]) for form in _forms(entry))
    return StructureIndex(by_name, by_form, pairs)


def structure_table() -> Mapping[str, Structure]:
    """Every structure of the table by its TG-263 name, in the order of the table."""
    return structure_index().by_name


def _structures_of(entry: Mapping[str, Any]) -> Iterator[Structure]:
    if not entry.get("sides"):
        yield _structure(entry, entry["name"], entry["color"])
        return
    left, right = f"{entry['name']}_{LEFT}", f"{entry['name']}_{RIGHT}"
    yield _structure(entry, left, entry["color"][0], side=LEFT, pair=right)
    yield _structure(entry, right, entry["color"][1], side=RIGHT, pair=left)


def _structure(entry: Mapping[str, Any], name: str, color: str, side: str = "", pair: str | None = None) -> Structure:
    codes = (Code(**entry["code"]),) if "code" in entry else ()
    return Structure(
        name=name,
        color=(int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)),
        interpreted_type=entry.get("interpreted_type", "ORGAN"),
        side=side,
        pair=pair,
        both=entry.get("both"),
        priority=entry.get("priority", DEFAULT_PRIORITY),
        tolerance_mm=entry.get("tolerance_mm", DEFAULT_TOLERANCE_MM),
        tolerance_source=entry.get("tolerance_source", ""),
        codes=(*codes, SIDE_CODES[side]) if codes and side else codes,
        aliases=tuple(entry["aliases"]),
    )


def _forms(entry: Mapping[str, Any]) -> set[str]:
    reverse = "_".join(reversed(entry["name"].split("_")))
    return {normal_form(name) for name in (entry["name"], reverse, *entry["aliases"])}
