"""Tolerances: which scores a department accepts, from its JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rtcontour.errors import Finding, InputFileError
from rtcontour.evaluation.measures import MEASURES
from rtcontour.structures import find_structure, unresolved_name

Rule = Literal["at_least", "at_most", "within"]

DEFAULT = "*"
EXAMPLE = '{"*": {"dice": {"at_least": 0.8}}, "Bladder": {"hd95_mm": {"at_most": 5.0}}}'
SHARES = ("dice", "surface_dice", "sensitivity", "specificity", "precision")


@dataclass(frozen=True)
class Limit:
    """What one measure has to keep to; the limit itself passes.

    Attributes:
        measure: an attribute of `StructureScores`.
        rule: "at_least", "at_most", or "within": no further from 0 than `value`, for errors and biases with a sign.
        value: in the unit of the measure.
    """

    measure: str
    rule: Rule
    value: float

    @property
    def words(self) -> str:
        """The limit as a reader wants it: "at most 5 mm"."""
        sign = "±" if self.rule == "within" else ""
        return f"{self.rule.replace('_', ' ')} {sign}{self.value:g} {MEASURES[self.measure].unit}".strip()

    def admits(self, value: float) -> bool:
        """Whether a value keeps to the limit."""
        if self.rule == "at_least":
            return value >= self.value
        return (value if self.rule == "at_most" else abs(value)) <= self.value


@dataclass(frozen=True)
class Tolerances:
    """The limits of all structures.

    Attributes:
        path: the file they come from.
        limits: structure -> its own limits; "*" -> those of every structure.
        findings: names of the file that the structure table does not have (`name-unresolved`).
    """

    path: Path
    limits: Mapping[str, tuple[Limit, ...]]
    findings: tuple[Finding, ...] = ()

    def limits_of(self, structure: str) -> tuple[Limit, ...]:
        """Limits of one structure: its own, and those of "*" for measures that it has none of its own for."""
        own = self.limits.get(_name_of(structure), ())
        measures = {limit.measure for limit in own}
        return (*(limit for limit in self.limits.get(DEFAULT, ()) if limit.measure not in measures), *own)


def read_tolerances(path: str | Path) -> Tolerances:
    """Read tolerances from a JSON file: structure -> measure -> rule -> value.

    Structures may be written in any way that the table understands; "*" stands for every structure. Measures are the
    attributes of `StructureScores`; rules are "at_least", "at_most" and "within", one or several for a measure.

    Raises:
        InputFileError: no such file, no JSON, an unknown measure or rule, a value that is no number, or an entry that
            is there twice.
    """
    limits: dict[str, tuple[Limit, ...]] = {}
    findings: list[Finding] = []
    for written, content in _entries(_read_json(path), str(path)):
        name = _name_of(written)
        if name in limits:
            raise InputFileError(f"{path}: {written}: {name} is there already; put its limits into one entry")
        if name != DEFAULT and find_structure(written) is None:
            findings.append(unresolved_name(written))
        limits[name] = tuple(_limits(content, f"{path}: {written}"))
    return Tolerances(Path(path), limits, tuple(findings))


def _name_of(written: str) -> str:
    structure = find_structure(written) if written != DEFAULT else None
    return structure.name if structure else written


def _read_json(path: str | Path) -> Any:
    try:
        # An object becomes a tuple of its entries: a dict would silently keep only the last of a repeated key.
        return json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=tuple, parse_int=float)
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); write limits there: {EXAMPLE}") from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: is no JSON ({error}); expected limits such as {EXAMPLE}") from error


def _limits(content: Any, where: str) -> Iterable[Limit]:
    for measure, rules in _entries(content, where):
        if measure not in MEASURES:
            near = get_close_matches(measure, MEASURES, n=1, cutoff=0.0)[0]
            raise InputFileError(f"{where}: {measure!r} is no measure; did you mean {near}? All: {', '.join(MEASURES)}")
        for rule, value in _entries(rules, f"{where}: {measure}"):
            yield _limit(measure, rule, value, f"{where}: {measure}")


def _entries(content: Any, where: str) -> tuple[tuple[str, Any], ...]:
    """The entries of a JSON object, of which there must be some, each once."""
    if not isinstance(content, tuple) or not content:
        raise InputFileError(f"{where}: expected an object with at least one entry, such as in {EXAMPLE}")
    names = [name for name, _ in content]
    for name in names:
        if names.count(name) > 1:
            raise InputFileError(f"{where}: {name!r} is there {names.count(name)} times; keep one")
    return content


def _limit(measure: str, rule: str, value: Any, where: str) -> Limit:
    if rule not in get_args(Rule):
        raise InputFileError(f"{where}: {rule!r} is no rule; expected one of {', '.join(get_args(Rule))}")
    if not isinstance(value, float) or not isfinite(value):
        shown = "an object" if isinstance(value, tuple) else json.dumps(value)
        raise InputFileError(f"{where}: {rule} is {shown}; expected a number, such as in {EXAMPLE}")
    if measure in SHARES and value > 1:
        raise InputFileError(f"{where}: {rule} is {value:g}; it is a share: expected 0 to 1, such as 0.8 for 80 %")
    if rule == "within" and value < 0:
        raise InputFileError(f"{where}: within is {value:g}; it is a distance from 0: expected 0 or more")
    return Limit(measure, cast(Rule, rule), value)
