"""Values of a recipe, a preset and the command line, refused before any work when nothing can come of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from rtcontour.errors import ConfigError, OutputError
from rtcontour.training.choice import CHOICES
from rtcontour.training.losses import NetworkLosses

PRESET_COUNTS = ("batch", "accumulate", "iterations")


@dataclass(frozen=True)
class Batching:
    """How the patches of an update come.

    Attributes:
        update: patches an update.
        micro_batch: patches in memory at a time.
        iterations: updates an epoch.
    """

    update: int
    micro_batch: int
    iterations: int

    @classmethod
    def of(cls, preset: Mapping[str, Any], batch: int | None) -> Batching:
        """As the recipe says, whose `batch` is then in memory at once, and otherwise as the preset says."""
        if batch is not None:
            return cls(batch, batch, preset["iterations"])
        return cls(preset["batch"] * preset["accumulate"], preset["batch"], preset["iterations"])


def check_flags(**flags: Any) -> None:
    """Refuse a word where True or False is meant, since every word counts as true.

    Raises:
        ConfigError: another value, named as on the command line.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; say --{name} True or --{name} False")


def check_start(output_dir: Any, *, resume: Any, weights: Any, replace: Any, **flags: Any) -> None:
    """Refuse a start of a training that nobody can mean, or that would cost an earlier training.

    Args:
        output_dir: the config's, as are the others.
        resume: go on with the run in `output_dir`.
        weights: a checkpoint to start from, or None.
        replace: start anew over the run in `output_dir`.
        flags: others that are True or False.

    Raises:
        ConfigError: a word for True or False, no folder, or two answers to where the weights come from.
        OutputError: a run is there already and nobody said what becomes of it.
    """
    check_flags(resume=resume, replace=replace, **flags)
    _expect(isinstance(output_dir, str | Path) and str(output_dir) != "", "output_dir", output_dir, "a folder")
    is_file = isinstance(weights, str | Path) and str(weights) != ""
    _expect(weights is None or is_file, "weights", weights, "a checkpoint, such as models/model.pt")
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
    tile: Any,
    batch: Any,
    epochs: Any,
    choose_by: Any,
    loss: Any,
    preset: Mapping[str, Any],
    val_interval: Any,
) -> None:
    """Refuse a recipe or a preset with a value that cannot train.

    Args:
        structures: the recipe's, as are the others up to `loss`.
        spacing_mm: three voxel sizes, each of them or all None for the scan's own.
        window_hu: two HU in ascending order.
        patch: three sizes in voxels.
        tile: three sizes in voxels, each of them or all None for the whole body.
        batch: patches an update, or None for the preset's.
        epochs: 1 or more.
        choose_by: what decides which weights are kept, one of `CHOICES`.
        loss: "loss" can choose only where it is a function of logits.
        preset: "size", the whole numbers "batch", "accumulate", "iterations", and "workers" where it has any.
        val_interval: epochs between two validations, at most `epochs`, or no model would ever be saved.

    Raises:
        ConfigError: names the key, what was found and what is expected.
    """
    _expect(isinstance(structures, list), "recipe::structures", structures, "a list of names")
    _expect(
        _three(spacing_mm, lambda mm: _is_number(mm) and mm > 0),
        "recipe::spacing_mm",
        spacing_mm,
        "three voxel sizes in mm, null for the scan's own",
    )
    window = _numbers(window_hu, 2) and window_hu[0] < window_hu[1]
    _expect(window, "recipe::window_hu", window_hu, "the lowest and the highest HU, such as [-800, 800]")
    _expect(
        _numbers(patch, 3) and all(map(_is_count, patch)), "recipe::patch", patch, "three sizes, such as [136, 136, 72]"
    )
    _expect(_three(tile, _is_count), "recipe::tile", tile, "three sizes in voxels, null for the whole body")
    _expect(
        batch is None or _is_count(batch), "recipe::batch", batch, "a whole number from 1, or null for the preset's"
    )
    _expect(_is_count(epochs), "recipe::epochs", epochs, "a whole number from 1")
    _expect(choose_by in CHOICES, "recipe::choose_by", choose_by, " or ".join(CHOICES))
    of_logits = not isinstance(loss, NetworkLosses)
    _expect(
        of_logits or choose_by == "mean_dice",
        "recipe::choose_by",
        choose_by,
        "mean_dice, since the network judges itself",
    )
    for name in PRESET_COUNTS:
        _expect(_is_count(preset.get(name)), f"preset::{name}", preset.get(name), "a whole number from 1")
    workers = preset.get("workers", 0)
    _expect(type(workers) is int and workers >= 0, "preset::workers", workers, "a whole number from 0")
    within = _is_count(val_interval) and val_interval <= epochs
    _expect(within, "val_interval", val_interval, f"a whole number from 1 to the {epochs} epochs")


def _expect(holds: bool, key: str, found: Any, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{key} is {found!r}; expected {expected}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _three(values: Any, fits: Callable[[Any], bool]) -> bool:
    """None, or three entries of which each is None or fits."""
    if values is None:
        return True
    return isinstance(values, list | tuple) and len(values) == 3 and all(v is None or fits(v) for v in values)


def _numbers(values: Any, count: int) -> bool:
    return isinstance(values, list | tuple) and len(values) == count and all(map(_is_number, values))
