"""The config that `python -m monai.bundle run` runs: files merged, overrides known, and refused where nothing has them.

MONAI adds an override that no config declares to the config, where nobody reads it: a misspelled one is ignored.
"""

from __future__ import annotations

import copy
import functools
import inspect
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import fire
from monai.bundle import ConfigParser, ConfigWorkflow, create_workflow, update_kwargs
from monai.bundle import run as monai_run
from monai.bundle.config_item import ConfigComponent
from monai.bundle.utils import DEFAULT_EXP_MGMT_SETTINGS, ID_SEP_KEY

from rtcontour.errors import ConfigError

PREFIXES = ("$", "@", "%")  # of a value that names or makes something else


@dataclass(frozen=True)
class RunConfig:
    """What a command of MONAI runs.

    Attributes:
        command: as the user gave it, without the interpreter's path.
        declared: the files' content merged, macros (%) replaced by what they name.
        overrides: entry -> value, as given on the command line or in an args_file.
        dropped: entries whose override is None, which MONAI leaves out.
    """

    command: str
    declared: dict[str, Any]
    overrides: dict[str, Any]
    dropped: tuple[str, ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """What runs: `declared` with the overrides in their places; references and expressions stay as written."""
        parser = ConfigParser(copy.deepcopy(self.declared))
        for entry, value in self.overrides.items():
            parser.set(value, entry)
        parser.resolve_macro_and_relative_ids()
        return dict(parser.get())


def running_config() -> RunConfig | None:
    """The config of this process; None where it was not started by `python -m monai.bundle run`."""
    program, *words = sys.argv
    if Path(program).parts[-3:] != ("monai", "bundle", "__main__.py") or words[:1] != ["run"]:
        return None
    given, dropped = _given(words[1:])
    files, tracking = given.get("config_file"), given.get("tracking")
    if files is None:
        return None  # MONAI says so itself
    overrides = {_entry(name): value for name, value in given.items() if name not in _own_options()}
    parser = ConfigParser(ConfigParser.load_config_files(files))
    for entry in () if tracking is None else _tracking_entries(tracking):
        parser.get().setdefault(entry, None)
    parser.resolve_macro_and_relative_ids()
    return RunConfig(shlex.join(["python", "-m", "monai.bundle", *words]), dict(parser.get()), overrides, dropped)


def refuse_unknown_overrides() -> None:
    """Refuse an override that no config declares, and one that MONAI would drop.

    Where the process was not started by `python -m monai.bundle run`, nothing is looked at.

    Raises:
        ConfigError: names the override, and the declared entry that is nearest; or a plain value is where a section
            of entries has to be.
    """
    run = running_config()
    if run is None:
        return
    declared = ConfigParser(run.declared)
    for entry in (*run.overrides, *run.dropped):
        if entry not in declared and not _is_switch(declared, entry):
            raise ConfigError(
                f"--{entry}: no config declares this entry; the nearest is --{_nearest(entry, run.declared)}"
            )
    for entry, value in run.overrides.items():
        if (
            entry in declared
            and _is_section(declared[entry])
            and not isinstance(value, Mapping)
            and not str(value).startswith(PREFIXES)
        ):
            raise ConfigError(
                f"--{entry} is {value!r}, and would replace all entries below {entry}; override single ones "
                f"(--{entry}::NAME), or list a file that has {entry} in --config_file"
            )
    for entry in run.dropped:
        if declared[entry] is not None:
            raise ConfigError(
                f"--{entry} is None, and MONAI drops such an override, so that {declared[entry]!r} would count; write "
                "null in a recipe or preset file instead"
            )


def _given(words: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The options of a command line of `monai.bundle run` by name, those of an args_file among them; and the entries
    that MONAI drops.
    """
    given: dict[str, Any] = {}
    dropped: list[str] = []

    @functools.wraps(monai_run)  # so that fire reads the words as it does for MONAI
    def take(*args: Any, **options: Any) -> None:
        bound = inspect.signature(monai_run).bind(*args, **options).arguments
        override = bound.pop("override", {})
        dropped.extend(_entry(name) for name, value in override.items() if value is None)
        given.update(update_kwargs(args=bound.pop("args_file", None), **bound, **override))

    fire.Fire(take, command=list(words), name="run")
    return given, tuple(dropped)


def _entry(name: str) -> str:
    """The path of an entry; "#" is MONAI's older separator."""
    return name.replace("#", ID_SEP_KEY)


def _own_options() -> set[str]:
    """Options of MONAI's command that are no entries of a config."""
    functions = (monai_run, create_workflow, ConfigWorkflow.__init__)
    return {name for function in functions for name in inspect.signature(function).parameters}


def _tracking_entries(tracking: Any) -> Iterable[str]:
    """The entries that MONAI's own --tracking adds to a config."""
    known = isinstance(tracking, str) and tracking in DEFAULT_EXP_MGMT_SETTINGS
    settings: Mapping[str, Any] = (
        DEFAULT_EXP_MGMT_SETTINGS[tracking] if known else ConfigParser.load_config_files(tracking)
    )
    return tuple(settings.get("configs", ()))


def _is_switch(declared: ConfigParser, entry: str) -> bool:
    """Whether an entry is a key that MONAI knows in every component, such as `_disabled_`."""
    parent, _, key = entry.rpartition(ID_SEP_KEY)
    return key in ConfigComponent.non_arg_keys and ConfigComponent.is_instantiable(declared.get(parent))


def _is_section(value: Any) -> bool:
    """Whether an entry holds others and makes nothing itself."""
    return isinstance(value, Mapping) and not ConfigComponent.is_instantiable(value)


def _nearest(entry: str, declared: Mapping[str, Any]) -> str:
    """The declared entry spelled most like another one; one with the same last word counts first."""
    entries = list(_entries(declared))
    last = entry.rpartition(ID_SEP_KEY)[2]
    of_that_name = [other for other in entries if other.rpartition(ID_SEP_KEY)[2] == last]
    return get_close_matches(entry, of_that_name or entries, 1, cutoff=0.0)[0]


def _entries(config: Any, prefix: str = "") -> Iterator[str]:
    """The paths of all entries of a config but those in lists and MONAI's own keys."""
    if isinstance(config, Mapping):
        for key, value in config.items():
            if not str(key).startswith("_"):
                yield f"{prefix}{key}"
                yield from _entries(value, f"{prefix}{key}{ID_SEP_KEY}")
