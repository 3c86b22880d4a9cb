"""The option --against, which several commands take in the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def against_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--against NAME=PLACE`, any number of times; the command gets {NAME: PLACE}."""
    return click.option("--against", metavar="NAME=PLACE", multiple=True, callback=_named_places, help=text)


def _named_places(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    places: dict[str, Path] = {}
    for value in values:
        name, _, place = value.partition("=")
        if not name.strip() or not place:
            raise click.BadParameter(f"{value!r}: expected NAME=PLACE, such as atlas=output/atlas")
        if name.strip() in places:
            raise click.BadParameter(f"the name {name.strip()!r} is given twice")
        places[name.strip()] = Path(place)
    return places
