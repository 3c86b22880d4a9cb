"""The pages: one HTML file a study that holds everything it shows, and the list that links them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment

from rtcontour.evaluation.pages import environment
from rtcontour.evaluation.rating.grades import GRADES, MODES
from rtcontour.evaluation.rating.key import StudyKey
from rtcontour.evaluation.rating.slices import LOWEST_HU, Slices
from rtcontour.mask import Mask
from rtcontour.structures import color_of

SCRIPTS = ("viewer.js", "page.js", "clocks.js", "saving.js", "controls.js")  # the last one starts the page
# Name -> lowest and highest HU shown: the usual width and level of each (400/40, 1500/400, 1500/-600, 80/40).
WINDOWS_HU = {"Soft tissue": (-160, 240), "Bone": (-350, 1150), "Lung": (-1350, 150), "Brain": (0, 80)}


def write_page(path: Path, code: str, place: str, slices: Slices, masks: Mapping[str, Mapping[str, Mask]]) -> str:
    """Write the page of one study. Neither case nor methods stand in it.

    Args:
        path: the HTML file.
        code: the code of the study.
        place: where it stands in the reading order, such as "3 of 40".
        slices: its CT.
        masks: set letter -> structure -> mask.

    Returns:
        The name under which the browser keeps what the reader enters; other contours have another one.
    """
    columns, rows, count = slices.hu.shape
    sets = [{"name": name, "structures": _structures(slices, shown)} for name, shown in masks.items()]
    study = {
        "code": code,
        "place": place,
        "store": "rtcontour-" + hashlib.sha256(json.dumps([code, sets]).encode()).hexdigest()[:16],
        "columns": columns,
        "rows": rows,
        "slices": count,
        "spacing_mm": slices.grid.spacing_mm,
        "lowest_hu": LOWEST_HU,
        "letters": slices.letters,
        "windows_hu": WINDOWS_HU,
        "grades": GRADES,
        "modes": MODES,
        "sets": sets,
    }
    page = _environment().get_template("page.html.jinja")
    style, scripts = _source("page.css"), [_source(name) for name in SCRIPTS]
    with path.open("wb") as file:
        page.stream(study=study, slices=slices.packed(), style=style, scripts=scripts).dump(file, encoding="utf-8")
    return str(study["store"])


def write_index(path: Path, key: StudyKey, stores: Mapping[str, str]) -> None:
    """Write the list of all pages, in reading order; `stores` is code -> what `write_page` gave."""
    studies = [
        {"code": code, "store": stores[code], "structures": sum(len(one.structures) for one in study.sets.values())}
        for code, study in key.studies.items()
    ]
    page = _environment().get_template("index.html.jinja")
    path.write_text(page.render(studies=studies, style=_source("page.css"), grades=GRADES), encoding="utf-8")


@cache
def _environment() -> Environment:
    made = environment("rtcontour.evaluation.rating")
    made.policies["json.dumps_kwargs"] = {"sort_keys": False}  # the grades stay best first
    return made


def _source(name: str) -> str:
    return (files("rtcontour.evaluation.rating") / name).read_text(encoding="utf-8")


def _structures(slices: Slices, masks: Mapping[str, Mask]) -> Sequence[dict[str, Any]]:
    return [
        {"name": name, "color": f"rgb{color_of(name)}", "contours": slices.polygons(mask)}
        for name, mask in masks.items()
    ]
