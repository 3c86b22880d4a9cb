"""One line instead of a traceback, where the cause is an RtContourError."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import TracebackType

from ignite.engine import Engine, Events

from rtcontour.errors import RtContourError


def install_plain_errors() -> None:
    """Make an uncaught RtContourError end the program with `rtcontour: <one line>` on stderr and exit code 1.

    RTCONTOUR_DEBUG=1 keeps the tracebacks. Everything else that fails keeps its traceback too: it is a bug.
    """
    if os.environ.get("RTCONTOUR_DEBUG") != "1":
        sys.excepthook = _print_plainly


def _print_plainly(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    message = plain_message(error)
    if message is None:
        sys.__excepthook__(kind, error, traceback)
    else:
        print(f"rtcontour: {message}", file=sys.stderr)


def plain_message(error: BaseException) -> str | None:
    """The line of the RtContourError behind an error, None where there is none.

    MONAI and Ignite raise new errors from ours, so causes are walked. A DataLoader's worker cannot hand over its
    exception, only its traceback as text: the last line of that text is ours then.
    """
    for cause in _causes(error):
        if isinstance(cause, RtContourError):
            return str(cause)
        last_line = str(cause).strip().rpartition("\n")[2]
        name, found, message = last_line.partition(": ")
        if found and name.startswith("rtcontour.errors."):
            return message
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


class ErrorsFirst:
    """Pass an RtContourError on before MONAI's StatsHandler logs its traceback; attach it before that handler."""

    def attach(self, engine: Engine) -> None:
        """Listen to the engine's exceptions."""
        engine.add_event_handler(Events.EXCEPTION_RAISED, self)

    def __call__(self, engine: Engine, error: BaseException) -> None:
        """Raise again what is ours; leave the rest to the handlers behind this one."""
        if os.environ.get("RTCONTOUR_DEBUG") != "1" and plain_message(error) is not None:
            raise error
