"""Progress of a training: a bar with ETA on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

from ignite.engine import Engine, Events
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn, track
from rich.progress import Progress as Bar

from rtcontour.training.annotated_dice import AnnotatedDice

SECONDS_BETWEEN_LINES = 30.0

Done = TypeVar("Done")


def counted(doing: str, done: Iterable[Done], total: int) -> Iterator[Done]:
    """Pass on what is done; meanwhile a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        yield from track(done, doing, total, console=Console(stderr=True), transient=True)
        return
    last = time.monotonic()
    for number, one in enumerate(done, start=1):
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{doing}: {number} of {total}", flush=True)
        yield one


class Progress:
    """Epoch, iteration, loss and its parts (means of the epoch so far) and time left."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._length = self._total = 1
        self._started = self._last_line = 0.0
        self._first_iteration = 0

    def attach(self, engine: Engine) -> None:
        """Follow a trainer whose output is {"loss": float, "parts": {name: float}}."""
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.EPOCH_STARTED, self._start_epoch)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._step)
        engine.add_event_handler(Events.COMPLETED | Events.TERMINATE, self._stop)
        engine.add_event_handler(Events.EXCEPTION_RAISED, lambda _, error: self._stop())

    def _start(self, engine: Engine) -> None:
        self._started = self._last_line = time.monotonic()
        self._first_iteration = engine.state.iteration
        self._length = engine.state.epoch_length or 1
        self._total = (engine.state.max_epochs or 1) * self._length
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns)
            self._bar.start()
            self._task = self._bar.add_task("training", total=self._total)

    def _start_epoch(self, engine: Engine) -> None:
        self._sums.clear()

    def _step(self, engine: Engine) -> None:
        output = cast(dict[str, Any], engine.state.output)
        for name, value in {"loss": output["loss"], **output.get("parts", {})}.items():
            self._sums[name] += value
        done = (engine.state.iteration - 1) % self._length + 1
        epoch = f"epoch {engine.state.epoch}/{engine.state.max_epochs}"
        losses = ", ".join(f"{name} {total / done:.4f}" for name, total in self._sums.items())
        text = f"{epoch} iteration {done}/{self._length} {losses}"
        if self._bar:
            self._bar.update(self._task, completed=engine.state.iteration, description=text)
        elif done == self._length or time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            print(f"{text} left {self._time_left(engine)}", flush=True)

    def _time_left(self, engine: Engine) -> str:
        steps = engine.state.iteration - self._first_iteration
        to_do = self._total - engine.state.iteration
        seconds = int((time.monotonic() - self._started) / steps * to_do)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def _stop(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None


class ValidationLine:
    """One line after each validation: the mean Dice and that of each structure."""

    def __init__(self, metric: AnnotatedDice) -> None:
        self.metric = metric

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Print to standard output."""
        scores = self.metric.per_structure()
        parts = ", ".join(f"{n} {'-' if math.isnan(d) else format(d, '.3f')}" for n, d in scores.items())
        print(
            f"epoch {engine.state.epoch} validation: mean Dice {float(self.metric.aggregate()):.4f} ({parts})",
            flush=True,
        )


class CaseProgress:
    """One line a case for evaluation and inference."""

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator whose items carry "case"."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Print to standard output."""
        names = ", ".join(str(item["case"]) for item in cast(list[dict[str, Any]], engine.state.output))
        print(f"case {engine.state.iteration}/{engine.state.epoch_length}: {names}", flush=True)
