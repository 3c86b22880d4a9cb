"""Values of a recipe, a preset and the command line, refused before any work when nothing can come of them."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from rtcontour.errors import ConfigError, OutputError

PRESET_COUNTS = ("batch", "accumulate", "iterations")


def check_flags(**flags: Any) -> None:
    """Refuse a word where True or False is meant, since every word counts as true.

    Raises:
        ConfigError: another value, named as on the command line.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; say --{name} True or --{name} False")


def check_start(output_dir: str | Path, *, resume: Any, weights: Any, replace: Any) -> None:
    """Refuse a start of a training that nobody can mean, or that would cost an earlier training.

    Args:
        output_dir: the config's, as are the others.
        resume: go on with the run in `output_dir`.
        weights: a checkpoint to start from, or None.
        replace: start anew over the run in `output_dir`.

    Raises:
        ConfigError: a word for True or False, or two answers to where the weights come from.
        OutputError: a run is there already and nobody said what becomes of it.
    """
    check_flags(resume=resume, replace=replace)
    if resume and weights is not None:
        raise ConfigError(f"resume takes the weights of the run, weights names {weights}; leave one of them out")
    earlier = [path for name in ("last.pt", "model.pt") if (path := Path(output_dir) / name).exists()]
    if earlier and not resume and not replace:
        raise OutputError(
            f"{earlier[0]}: an earlier training is there; go on with it (--resume True), name another --output_dir, "
            "or start over it (--replace True)"
        )


def check_settings(
    *,
    structures: Any,
    spacing_mm: Any,
    window_hu: Any,
    patch: Any,
    structure_share: Any,
    epochs: Any,
    preset: Mapping[str, Any],
    val_interval: Any,
) -> None:
    """Refuse a recipe or a preset with a value that cannot train.

    Args:
        structures: the recipe's, as are the others up to `epochs`.
        spacing_mm: None, since scans are not resampled.
        window_hu: two HU in ascending order.
        patch: three sizes in voxels.
        structure_share: 0 to 1.
        epochs: 1 or more.
        preset: "size" and the whole numbers "batch", "accumulate", "iterations".
        val_interval: epochs between two validations, at most `epochs`, or no model would ever be saved.

    Raises:
        ConfigError: names the key, what was found and what is expected.
    """
    _expect(isinstance(structures, list), "recipe::structures", structures, "a list of names")
    _expect(spacing_mm is None, "recipe::spacing_mm", spacing_mm, "null: scans keep their voxels; resample them before")
    window = _numbers(window_hu, 2) and window_hu[0] < window_hu[1]
    _expect(window, "recipe::window_hu", window_hu, "the lowest and the highest HU, such as [-800, 800]")
    _expect(
        _numbers(patch, 3) and all(map(_is_count, patch)), "recipe::patch", patch, "three sizes, such as [136, 136, 72]"
    )
    _expect(
        _is_number(structure_share) and 0 <= structure_share <= 1,
        "recipe::structure_share",
        structure_share,
        "0 to 1",
    )
    _expect(_is_count(epochs), "recipe::epochs", epochs, "a whole number from 1")
    for name in PRESET_COUNTS:
        _expect(_is_count(preset.get(name)), f"preset::{name}", preset.get(name), "a whole number from 1")
    within = _is_count(val_interval) and val_interval <= epochs
    _expect(within, "val_interval", val_interval, f"a whole number from 1 to the {epochs} epochs")


def _expect(holds: bool, key: str, found: Any, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{key} is {found!r}; expected {expected}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _numbers(values: Any, count: int) -> bool:
    return isinstance(values, list | tuple) and len(values) == count and all(map(_is_number, values))
