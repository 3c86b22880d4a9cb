"""PhaseSchedule: a network of several stages learns them one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ignite.engine import Engine, Events

from rtcontour.errors import ConfigError


class PhaseSchedule:
    """Set a network's `phase` at the start of each epoch.

    The phases are shares of the training, so that a short run goes through all of them.

    Args:
        network: has an attribute `phase`.
        epochs: of the whole training.
        starts: phase -> share of the epochs after which it begins, 0 to below 1; one of them 0.

    Raises:
        ConfigError: a start outside of this, or no phase to begin with.

    Source:
        Tang 2019 as published in code: proposals alone up to epoch 39 of 200, classes from 40, masks from 45.
    """

    def __init__(self, network: Any, epochs: int, starts: Mapping[str, float]) -> None:
        if 0 not in starts.values() or not all(0 <= start < 1 for start in starts.values()):
            raise ConfigError(f"recipe::handlers: phases start at {dict(starts)}; expected shares from 0 to below 1")
        self.network = network
        self.epochs = epochs
        self.starts = sorted(starts.items(), key=lambda item: item[1])

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Set the phase of the epoch that begins."""
        done = (engine.state.epoch - 1) / self.epochs
        self.network.phase = [phase for phase, start in self.starts if start <= done + 1e-9][-1]
