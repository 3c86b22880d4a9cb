"""ValidationHistory: how the Dice of each structure grew, as a table."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from rtcontour.files import whole_file
from rtcontour.training.annotated_dice import AnnotatedDice


class ValidationHistory:
    """After each validation one more row in a CSV file: epoch, seconds, mean Dice, Dice of each structure.

    The seconds are those of all runs of the training so far, validations included. A structure that no validation case
    has contoured leaves its cell empty.

    Args:
        path: the file, written anew each time.
        metric: the validation's.
    """

    def __init__(self, path: str | Path, metric: AnnotatedDice) -> None:
        self.path = Path(path)
        self.metric = metric
        self.rows: list[list[float]] = []
        self._started = time.monotonic()

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator that a trainer's ValidationHandler runs."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Add a row and write the file."""
        scores = self.metric.per_structure()
        seconds = round(time.monotonic() - self._started, 1)
        self.rows.append([engine.state.epoch, seconds, float(self.metric.aggregate()), *scores.values()])
        with whole_file(self.path, replace=True) as partial, partial.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", "seconds", "mean", *scores])
            for epoch, spent, *dice in self.rows:
                writer.writerow([epoch, spent, *("" if math.isnan(d) else f"{d:.4f}" for d in dice)])

    def state_dict(self) -> dict[str, Any]:
        """The rows and the seconds so far, for `SaveLast`."""
        return {"rows": self.rows, "seconds": time.monotonic() - self._started}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the table and the clock of an earlier run."""
        self.rows = [list(row) for row in state["rows"]]
        self._started = time.monotonic() - float(state["seconds"])
