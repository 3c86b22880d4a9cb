"""One line instead of a traceback, where the cause is an RtContourError."""

from __future__ import annotations

import ast
import logging
import os
import re
import sys
import traceback as tracebacks
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import ignite
from ignite.engine import Engine, Events

from rtcontour.errors import RtContourError
from rtcontour.training.processes import is_first_to_fail

WORKER_ERROR = re.compile(r"Caught .* in DataLoader worker.*rtcontour\.errors\.\w+: ([^\n]+)", re.DOTALL)

# What MONAI says of an entry of a config that it cannot make, evaluate or find.
NOT_MADE = re.compile(r"Failed to instantiate component '([^']+)' with keywords: ([^\n]*)")
NOT_EVALUATED = re.compile(r"Failed to evaluate ConfigExpression: \n(.*)", re.DOTALL)
NOT_DECLARED = re.compile(r"the referring item `@([^`]+)` is not defined in the config content")
NOT_FOUND = re.compile(r"Cannot locate class or function path: '([^']+)'")
REFERENCE = re.compile(r"__local_refs\['([^']+)'\]")
WORKING = (Path(__file__).parents[1], Path(ignite.__file__).parent)  # who fails in here had a config to work with


def install_plain_errors() -> None:
    """Make an uncaught RtContourError end the program with `rtcontour: <one line>` on stderr and exit code 1.

    So does an entry of a config of which MONAI can make nothing, and an interruption from the keyboard.
    RTCONTOUR_DEBUG=1 keeps the tracebacks. Everything else that fails keeps its traceback too: it is a bug.
    """
    if os.environ.get("RTCONTOUR_DEBUG") != "1":
        sys.excepthook = _print_plainly
        logging.getLogger("ignite.engine.engine").setLevel(logging.CRITICAL)  # it logs an error, then raises it


def _print_plainly(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not is_first_to_fail():
        return
    message = plain_message(error) or config_message(error)
    if isinstance(error, KeyboardInterrupt):
        message = "interrupted; a training goes on after its last epoch with --resume True"
    if message is None:
        sys.__excepthook__(kind, error, traceback)
    else:
        print(f"rtcontour: {message}", file=sys.stderr)


def plain_message(error: BaseException) -> str | None:
    """The line of the RtContourError behind an error, None where there is none.

    MONAI and Ignite raise new errors from ours, so causes are walked. A DataLoader's worker hands over tracebacks as
    text, in an error of the type that ended it: the last line in there that is ours counts.
    """
    for cause in _causes(error):
        from_worker = WORKER_ERROR.search(str(cause))
        if from_worker:
            return from_worker[1]
        if isinstance(cause, RtContourError):
            return str(cause)
    return None


def config_message(error: BaseException) -> str | None:
    """The line for an entry of a config that MONAI can make nothing of, None where the error is another.

    An error that arose while our code or Ignite's was at work is none of these: it may be a bug.
    """
    for failed in _causes(error):
        said = str(failed)
        if isinstance(failed, ValueError) and (missing := NOT_DECLARED.search(said)):
            return f"config: something refers to @{missing[1]}, which is not declared; add it, or correct the name"
        if isinstance(failed, ModuleNotFoundError) and (missing := NOT_FOUND.search(said)):
            return f"config: there is no {missing[1]}; correct the name, or install its package"
        cause = failed.__cause__
        if cause is None or not isinstance(failed, RuntimeError) or _was_working(cause):
            continue
        reason = (str(cause).splitlines() or [type(cause).__name__])[0]
        if made := NOT_MADE.search(said):
            return f"config: {made[1]} cannot be made with {made[2]}: {reason}; correct these entries"
        if evaluated := NOT_EVALUATED.search(said):
            return f"config: {_expression(evaluated[1])} cannot be evaluated: {reason}; correct it or what it names"
    return None


def _was_working(error: BaseException) -> bool:
    frames = (Path(frame.f_code.co_filename) for frame, _ in tracebacks.walk_tb(error.__traceback__))
    return isinstance(error, RtContourError) or any(path.is_relative_to(room) for path in frames for room in WORKING)


def _expression(printed: str) -> str:
    """An expression as the config has it, from what MONAI prints of it."""
    try:
        printed = str(ast.literal_eval(printed))
    except (SyntaxError, ValueError):
        printed = printed.strip()
    return REFERENCE.sub(r"@\1", printed)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


class ErrorsFirst:
    """Raise an engine's error again; attach it before MONAI's StatsHandler, which would log its traceback first.

    Ignite swallows an error as soon as anything listens to it, so one of those that listen must raise it.
    """

    def attach(self, engine: Engine) -> None:
        """Listen to the engine's exceptions."""
        engine.add_event_handler(Events.EXCEPTION_RAISED, self)

    def __call__(self, engine: Engine, error: BaseException) -> None:
        """Raise what ended the engine's run."""
        raise error
