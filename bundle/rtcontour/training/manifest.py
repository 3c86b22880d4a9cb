"""RunManifest: what a training was, so that it can be judged and repeated: manifest.json beside its checkpoints."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events

from rtcontour.datasets import DataSet
from rtcontour.errors import CheckpointError
from rtcontour.files import whole_file
from rtcontour.processors import count_processors
from rtcontour.training.checkpoints import SaveBest
from rtcontour.training.run_config import running_config

# Of a recipe, in a resumed run: what is no part of learning, or what may well be added to it.
MAY_CHANGE = ("name", "checkpoint", "epochs", "choose_by", "postprocessing", "handlers", "_desc_")
PACKAGES = ("rtcontour", "torch", "monai", "pytorch-ignite", "numpy", "numba")


class RunManifest:
    """Writes manifest.json at the start of a training, after each epoch and at its end.

    Keys: "recipe"; "status", "running" (also after a kill) or "finished"; "started", of the first run, UTC; "seconds",
    those of all runs, and "resumed", how often it went on; "epochs" and of how many; "best", the validation whose
    weights were kept; "seed"; "versions"; "hardware"; "data_set"; "command" and "config", as they ran, null where the
    training was not started by `python -m monai.bundle run`. Nothing names a machine or a path but what the user wrote.

    Args:
        path: the file, replaced each time.
        data: the data set.
        recipe: name of the recipe.
        seed: of the training.
        best: what keeps the best weights.
    """

    def __init__(self, path: str | Path, data: DataSet, *, recipe: str, seed: int, best: SaveBest) -> None:
        self.path = Path(path)
        self.data = data
        self.recipe = recipe
        self.seed = seed
        self.best = best
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.resumed = 0
        self._clock = time.monotonic()
        self._constant: dict[str, Any] | None = None

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.STARTED, self, "running")
        engine.add_event_handler(Events.EPOCH_COMPLETED, self, "running")
        engine.add_event_handler(Events.COMPLETED, self, "finished")

    def __call__(self, engine: Engine, status: str) -> None:
        """Write the file."""
        with whole_file(self.path, replace=True) as partial:
            partial.write_text(json.dumps(self._content(engine, status), indent=1, default=str) + "\n", "utf-8")

    def _content(self, engine: Engine, status: str) -> dict[str, Any]:
        return {
            "recipe": self.recipe,
            "status": status,
            "started": self.started,
            "seconds": round(time.monotonic() - self._clock, 1),
            "resumed": self.resumed,
            "epochs": engine.state.epoch,
            "of_epochs": engine.state.max_epochs,
            "best": self._best(),
            **self.constant(),
        }

    def _best(self) -> dict[str, Any] | None:
        if not math.isfinite(self.best.best):
            return None
        return {"metric": self.best.metric, "value": self.best.sign * self.best.best, "epoch": self.best.epoch}

    def constant(self) -> dict[str, Any]:
        """What a training does not change, from "seed" on."""
        if self._constant is None:
            run = running_config()
            self._constant = {
                "seed": self.seed,
                "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
                "hardware": hardware(),
                "data_set": describe_data_set(self.data),
                "command": run.command if run else None,
                "config": run.config if run else None,
            }
        return self._constant

    def state_dict(self) -> dict[str, Any]:
        """When it began, how long it took so far and what it draws from, for `SaveLast`."""
        return {
            "started": self.started,
            "seconds": time.monotonic() - self._clock,
            "resumed": self.resumed,
            "seed": self.seed,
            "data_set": self.constant()["data_set"]["sha256"],
            "learns_by": self._learns_by(),
        }

    def _learns_by(self) -> dict[str, Any] | None:
        """What of recipe and preset the weights depend on, as written; None where no command says it."""
        config = self.constant()["config"]
        if not config or not isinstance(config.get("recipe"), dict) or not isinstance(config.get("preset"), dict):
            return None
        recipe, preset = config["recipe"], config["preset"]
        patches = recipe.get("batch") or preset["batch"] * preset["accumulate"]
        learns_by = {f"recipe::{key}": value for key, value in recipe.items() if key not in MAY_CHANGE}
        plain: dict[str, Any] = json.loads(json.dumps({**learns_by, "patches an update": patches}, default=str))
        return plain

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the clock of an earlier run.

        Raises:
            CheckpointError: it had another seed, data set, recipe or number of patches an update.
        """
        here = {"seed": self.seed, "data_set": self.constant()["data_set"]["sha256"]}
        for name, value in here.items():
            if state[name] != value:
                raise CheckpointError(
                    f"{self.path.with_name('last.pt')}: its run has {name} {state[name]}, this one {value}; a run goes "
                    "on with what it began with: start a new one from its weights (--weights)"
                )
        before, now = state.get("learns_by") or {}, self._learns_by() or {}
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)] if before and now else []
        if changed:
            raise CheckpointError(
                f"{self.path.with_name('last.pt')}: its run has {changed[0]} {before.get(changed[0])}, this one "
                f"{now.get(changed[0])}; a run goes on with what it began with: start a new one from its weights "
                "(--weights)"
            )
        self.started = str(state["started"])
        self.resumed = int(state["resumed"]) + 1
        self._clock = time.monotonic() - float(state["seconds"])


def describe_data_set(data: DataSet) -> dict[str, Any]:
    """Name, cases of each split, and a SHA-256 of datalist.json and the sizes of the files it names.

    A file of the same size with other voxels is not told from the first: to read them all would take minutes.
    """
    digest = hashlib.sha256((data.folder / "datalist.json").read_bytes())
    for case in data.cases:
        for path in (case.image, case.label):
            if path is not None:
                digest.update(f"{os.path.relpath(path, data.folder)} {path.stat().st_size}\n".encode())
    counts = {split: len(data.split(split)) for split in ("training", "validation", "test")}
    return {"name": data.name, "cases": counts, "sha256": digest.hexdigest()}


def hardware() -> dict[str, Any]:
    """What it runs on: processor, cores this process may use, threads of torch, GPUs, processes of the training."""
    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": count_processors(),
        "threads": torch.get_num_threads(),
        "gpus": gpus,
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
    }


def _processor() -> str:
    """The processor's name where the system tells it, otherwise its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
