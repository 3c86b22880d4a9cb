"""labels.json: what the values of the label maps beside it mean."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rtcontour.errors import InputFileError
from rtcontour.files import whole_file

LABEL_NAMES = "labels.json"
EXAMPLE = '{"Bladder": 1, "Rectum": 2}'


def read_label_names(path: str | Path) -> dict[str, int]:
    """Structure -> label value, from a JSON file such as {"Bladder": 1, "Rectum": 2}.

    Raises:
        InputFileError: no such file, something else in it, or one value for two structures.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(f"{path}: cannot be read ({error}); write the label values there: {EXAMPLE}") from error
    return parse_label_names(text, str(path))


def parse_label_names(text: str, source: str) -> dict[str, int]:
    """The same from the text itself; `source` names it in errors."""
    try:
        labels = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputFileError(f"{source}: is no JSON ({error}); expected label values such as {EXAMPLE}") from error
    if not isinstance(labels, dict) or not all(type(value) is int and value >= 0 for value in labels.values()):
        raise InputFileError(f"{source}: expected structures with their label values, such as {EXAMPLE}")
    twice = [value for value, count in Counter(labels.values()).items() if value and count > 1]
    if twice:
        both = " and ".join(repr(name) for name, value in labels.items() if value == twice[0])
        raise InputFileError(f"{source}: {both} have the value {twice[0]}; give each structure its own")
    return labels


def write_label_names(folder: str | Path, labels: Mapping[str, int]) -> Path:
    """Write `folder`/labels.json; an existing one is replaced."""
    path = Path(folder) / LABEL_NAMES
    with whole_file(path, replace=True) as partial:
        partial.write_text(json.dumps({"background": 0, **labels}, indent=2) + "\n", encoding="utf-8")
    return path
