"""What the report and the rating page have in common: how their templates are filled."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rtcontour.evaluation.in_print import NOTHING, interval, mean_sd, number, p_value


def environment(package: str) -> Environment:
    """Templates and style sheets that lie beside the modules of a package.

    A name in a structure set or a folder may hold any character, so everything is escaped.
    """
    loader = PackageLoader(package, package_path="")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters |= {
        "decimals": number,
        "groupby_in_order": _group_in_order,
        "interval": interval,
        "mean_sd": mean_sd,
        "p": p_value,
        "percent": _percent,
        "percents": _percents,
    }
    return made


def _group_in_order(rows: Iterable[Any], attribute: str) -> list[tuple[Any, list[Any]]]:
    """Rows that follow each other with one value of an attribute; jinja's own groupby would sort them."""
    return [(value, list(group)) for value, group in groupby(rows, key=attrgetter(attribute))]


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{number(100 * share, 0)} %"


def _percents(shares: tuple[float, float] | None) -> str:
    return NOTHING if shares is None else " to ".join(number(100 * share, 0) for share in shares) + " %"
