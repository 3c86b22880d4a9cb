"""key.json: which code stands for which case, and which letter for which method."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from rtcontour.errors import ConfigError, InputFileError

KEY_FILE = "key.json"


@dataclass(frozen=True)
class BlindSet:
    """The contours of one method in one study: whose they are, and which structures are to be graded."""

    method: str
    structures: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """One case under its code: the sets by their letters, in the order in which they are shown."""

    case: str
    sets: Mapping[str, BlindSet]
    cohort: str = ""


@dataclass(frozen=True)
class StudyKey:
    """What the pages of a rating study hide.

    Attributes:
        studies: code -> study, in reading order.
        methods: all methods, in the order they were given; the first is the one that is evaluated.
        seed: what shuffled them.
    """

    studies: Mapping[str, Study]
    methods: tuple[str, ...]
    seed: int = 0


def blind_cases(cases: Mapping[str, Sequence[str]], seed: int) -> dict[str, tuple[str, dict[str, str]]]:
    """Give cases codes, and the methods of each case letters, both in an order that the seed draws.

    Args:
        cases: case -> the methods that contoured it.
        seed: the same seed gives the same order.

    Returns:
        Code -> case and {letter: method}, in reading order. The codes are S01, S02, ...: a spreadsheet would make 1 of
        01.

    Raises:
        ConfigError: more methods than letters.
    """
    rng = random.Random(seed)
    digits = max(2, len(str(len(cases))))
    blinded = {}
    for number, case in enumerate(rng.sample(sorted(cases), len(cases)), start=1):
        methods = rng.sample(list(cases[case]), len(cases[case]))
        if len(methods) > len(ascii_uppercase):
            raise ConfigError(f"{len(methods)} methods are to be compared; expected at most {len(ascii_uppercase)}")
        blinded[f"S{number:0{digits}d}"] = case, dict(zip(ascii_uppercase, methods, strict=False))
    return blinded


def write_key(path: Path, key: StudyKey) -> None:
    """Write key.json."""
    path.write_text(json.dumps(asdict(key), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_key(path: str | Path) -> StudyKey:
    """Read key.json, or the one in a folder that `write_rating_study` wrote.

    Raises:
        InputFileError: it is missing, no JSON, or not what `write_rating_study` writes.
    """
    path = Path(path) / KEY_FILE if Path(path).is_dir() else Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); give the key of the rating study") from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: is no JSON ({error}); take the key that `rtcontour rate` wrote") from error
    try:
        studies = {str(code): _study(entry) for code, entry in content["studies"].items()}
        return StudyKey(studies, tuple(map(str, content["methods"])), int(content["seed"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputFileError(
            f"{path}: is no key of a rating study; take the one that `rtcontour rate` wrote"
        ) from error


def _study(entry: Any) -> Study:
    sets = {str(a): BlindSet(str(s["method"]), tuple(map(str, s["structures"]))) for a, s in entry["sets"].items()}
    return Study(str(entry["case"]), sets, str(entry.get("cohort", "")))
