"""One line instead of a traceback, where the cause is an RtContourError."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from types import TracebackType

from ignite.engine import Engine, Events

from rtcontour.errors import RtContourError
from rtcontour.training.processes import is_first_to_fail

WORKER_ERROR = re.compile(r"Caught .* in DataLoader worker.*rtcontour\.errors\.\w+: ([^\n]+)", re.DOTALL)


def install_plain_errors() -> None:
    """Make an uncaught RtContourError end the program with `rtcontour: <one line>` on stderr and exit code 1.

    RTCONTOUR_DEBUG=1 keeps the tracebacks. Everything else that fails keeps its traceback too: it is a bug.
    """
    if os.environ.get("RTCONTOUR_DEBUG") != "1":
        sys.excepthook = _print_plainly
        logging.getLogger("ignite.engine.engine").setLevel(logging.CRITICAL)  # it logs an error, then raises it


def _print_plainly(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not is_first_to_fail():
        return
    message = plain_message(error)
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
