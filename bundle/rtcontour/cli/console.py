"""What every command prints in the same way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click

from rtcontour.errors import Finding, summarize_findings

SECONDS_BETWEEN_LINES = 10.0


def print_findings(findings: Iterable[Finding]) -> None:
    """One line a kind of finding, with its count, on stderr."""
    for line in summarize_findings(findings):
        click.echo(line, err=True)


@contextmanager
def progress_bar(doing: str) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function to call with (what was done, how many are done, how many in all).

    On a terminal it moves a bar with the time left, elsewhere it prints a line now and then; both on stderr.
    """
    if sys.stderr.isatty():
        with _bar(doing) as advance:
            yield advance
    else:
        yield _lines(doing)


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda item, done, total: bar.update(task, completed=done, total=total, description=f"{doing} {item}")


def _lines(doing: str) -> Callable[[str, int, int], None]:
    last = time.monotonic()

    def advance(item: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{doing}: {done} of {total}, {item}", err=True)

    return advance
