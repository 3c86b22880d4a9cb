"""name_methods: what each place of predictions is called in tables, figures and keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rtcontour.datasets import stem_of
from rtcontour.errors import ConfigError


def name_methods(
    predictions: str | Path, name: str | None, against: Mapping[str, str | Path] | None
) -> dict[str, str | Path]:
    """Name -> place, the evaluated method first.

    Args:
        predictions: where its contours are.
        name: what it is called; None for the name of that folder, or of the file without its suffix.
        against: the other methods.

    Raises:
        ConfigError: two methods of one name.
    """
    place = Path(predictions).resolve()
    first = name or (stem_of(place) if place.is_file() else place.name)
    if first in (against or {}):
        raise ConfigError(f"two methods are called {first!r}; give one another name (--name, --against NAME=PLACE)")
    return {first: predictions, **(against or {})}
