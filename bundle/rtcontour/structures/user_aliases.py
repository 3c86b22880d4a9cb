"""The names of one department: what is written there, and the TG-263 name that it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rtcontour.errors import InputFileError, StructureNameError
from rtcontour.structures.lookup import structure_meant, why_not
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.structure import Structure

EXAMPLE = '{"Blaas 2024": "Bladder", "FK li": "Femur_Head_L"}'


def read_aliases(path: str | Path) -> dict[str, str]:
    """Written name -> TG-263 name, from a JSON file that is one object of these.

    A target may be written in any way that the table understands; what is returned is its TG-263 name.

    Raises:
        InputFileError: no such file, no JSON, or anything but one object of names.
        StructureNameError: a target that is no known structure; or two targets for one name, which may be written
            twice with other case and separators.
    """
    aliases: dict[str, str] = {}
    earlier: dict[str, tuple[str, str]] = {}  # normal form -> (written, target)
    for written, given in _pairs_of_names(path):
        target = alias_target(written, given, where=f"{path}: ").name
        first, before = earlier.setdefault(normal_form(written), (written, target))
        if before != target:
            raise StructureNameError(
                f"{path}: {first!r} leads to {before}, and {written!r}, the same name, to {target}; keep one of them"
            )
        aliases[written] = target
    return aliases


def alias_target(written: str, target: str, *, where: str = "") -> Structure:
    """The structure that an alias leads to; `where` opens the message of the error.

    Raises:
        StructureNameError: the target is no known structure, or an ambiguous one.
    """
    structure = structure_meant(target)
    if structure is None:
        raise StructureNameError(f"{where}alias {written!r} leads to {target!r}, which {why_not(target)}")
    return structure


def _pairs_of_names(path: str | Path) -> tuple[tuple[str, str], ...]:
    """The entries of the file in its order, both of a repeated key."""
    try:
        # An object becomes a tuple of its entries: a dict would silently keep only the last of a repeated key.
        content: Any = json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=tuple)
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); write aliases there: {EXAMPLE}") from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: is no JSON ({error}); expected aliases such as {EXAMPLE}") from error
    if not isinstance(content, tuple):
        raise InputFileError(f"{path}: holds no JSON object; expected aliases such as {EXAMPLE}")
    for written, target in content:
        if not isinstance(target, str) or not normal_form(written):
            raise InputFileError(f"{path}: the entry of {written!r} is no pair of names; expected such as {EXAMPLE}")
    return content
