"""Checkpoints that survive a kill: written whole, under one name, the best one remembered over a resume."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from ignite.engine import Engine, Events
from monai.handlers import CheckpointLoader
from torch import nn

from rtcontour.errors import CheckpointError
from rtcontour.files import whole_file
from rtcontour.training.choice import is_lower_better
from rtcontour.training.description import KEY, ModelDescription

SAME_TO_START = ("window_hu", "spacing_mm")  # or the weights would see a scan unlike all they have learned from
SAME_TO_RESUME = (*SAME_TO_START, "patch", "tile", "recipe")


def save_checkpoint(path: str | Path, objects: Mapping[str, Any]) -> None:
    """Write the state of every object; what was at `path` is replaced at once or not at all."""
    with whole_file(path, replace=True) as partial:
        torch.save({name: thing.state_dict() for name, thing in objects.items()}, partial)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The states in a checkpoint of rtcontour by name: tensors on the CPU and plain values.

    Raises:
        CheckpointError: not there, unreadable, or not one of rtcontour's.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such checkpoint; train the recipe first, or name one of the files in models/"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler met first
        raise CheckpointError(
            f"{path}: cannot be read as a checkpoint ({type(error).__name__}); copy it again"
        ) from error
    if not isinstance(state, dict) or KEY not in state or "model" not in state:
        raise CheckpointError(
            f"{path}: is not a checkpoint of rtcontour (no description inside); name one from models/"
        )
    return state


def resume(path: str | Path, trainer: Engine, objects: Mapping[str, Any], device: torch.device) -> None:
    """Put a trainer and the objects of its `SaveLast` where an earlier run stopped.

    Raises:
        CheckpointError: there is no such file, it was trained as something else, or it has all its epochs behind it.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no run to resume; leave out --resume, or name its folder by --output_dir")
    state = read_checkpoint(path)
    restored = {**objects, "trainer": trainer}
    missing = ", ".join(name for name in restored if name not in state)
    if missing:
        raise CheckpointError(f"{path}: lacks {missing}, so no run can go on from it; name the last.pt of a run")
    _check_description(
        path, objects[KEY], state[KEY], SAME_TO_RESUME
    )  # before the weights, which fail with a traceback
    length = state["trainer"]["epoch_length"]
    if trainer.state.epoch_length not in (None, length):
        raise CheckpointError(
            f"{path}: has {length} updates an epoch, this preset wants {trainer.state.epoch_length}; resume with the "
            "preset it was trained with"
        )
    done = state["trainer"]["iteration"] // state["trainer"]["epoch_length"]
    if done >= trainer.state.max_epochs:
        raise CheckpointError(
            f"{path}: has run {done} epochs, the recipe wants {trainer.state.max_epochs}; raise its epochs to go on"
        )
    CheckpointLoader(str(path), restored, map_location=cast(Any, device))(trainer)


def start_from(path: str | Path, network: nn.Module, description: ModelDescription) -> None:
    """Put the weights of an earlier training into a network, and nothing else of it: a new run begins.

    Raises:
        CheckpointError: not a checkpoint of rtcontour, or one of another network or other structures, or one that
            has seen other HU or voxels.
    """
    state = read_checkpoint(path)
    _check_description(path, description, state[KEY], SAME_TO_START)
    network.load_state_dict(state["model"])


def _check_description(
    path: str | Path, description: ModelDescription, state: Mapping[str, Any], same: tuple[str, ...]
) -> None:
    """Refuse a checkpoint of another network or other structures, or that differs in what else must be the same."""
    try:
        description.load_state_dict(state)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    for name in same:
        if state.get(name) != getattr(description, name):
            raise CheckpointError(
                f"{path}: checkpoint of recipe {state.get('recipe')!r} has {name} {state.get(name)}, this recipe wants "
                f"{getattr(description, name)}; go on with the recipe it was trained with"
            )


class SaveLast:
    """After every epoch of a trainer, everything that a resumed run needs.

    Args:
        path: the file, replaced each time.
        objects: name -> anything with `state_dict`; the trainer itself joins as "trainer".
    """

    def __init__(self, path: str | Path, objects: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.objects = dict(objects)

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Write the checkpoint."""
        save_checkpoint(self.path, {**self.objects, "trainer": engine})


class SaveBest:
    """After a validation better than all before, the weights and what is needed to use them.

    Args:
        path: the file, replaced each time.
        objects: name -> anything with `state_dict`.
        metric: name in the evaluator's `state.metrics`. Of "loss" the lowest is the best, of any other the highest.
    """

    def __init__(self, path: str | Path, objects: Mapping[str, Any], metric: str) -> None:
        self.path = Path(path)
        self.objects = dict(objects)
        self.metric = metric
        self.sign = -1.0 if is_lower_better(metric) else 1.0
        self.best = float("-inf")
        self.epoch = 0

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Write the checkpoint if this validation is the best one."""
        score = self.sign * float(engine.state.metrics[self.metric])
        if score > self.best:
            self.best = score
            self.epoch = engine.state.epoch
            save_checkpoint(self.path, self.objects)

    def state_dict(self) -> dict[str, float]:
        """The best score so far and its epoch, for `SaveLast`."""
        return {"best": self.best, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Go on from the best score of an earlier run."""
        self.best = float(state["best"])
        self.epoch = int(state["epoch"])
