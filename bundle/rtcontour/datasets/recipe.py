"""A recipe as plain data: what its file says, without making anything of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rtcontour.errors import ConfigError
from rtcontour.files import bundle_root


def recipe_entry(recipe: str | Path, key: str) -> Any:
    """One entry of a recipe, such as "structures" or "checkpoint"; references and expressions stay as written.

    Args:
        recipe: the name of one in configs/recipes, or a JSON file.
        key: which entry.

    Raises:
        ConfigError: no such recipe, none in the file, or no such entry.
    """
    path = Path(recipe)
    if path.suffix != ".json":
        path = Path(bundle_root()) / "configs" / "recipes" / f"{recipe}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise ConfigError(f"{path}: no such recipe; known in that folder: {known}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))["recipe"][key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: is not a recipe ({type(error).__name__}: {error}); compare configs/recipes"
        ) from error
