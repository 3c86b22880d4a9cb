"""`rtcontour COMMAND`: exit 0 done, 1 an RtContourError as one line on stderr, 2 wrong usage."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

import click

from rtcontour import __version__
from rtcontour.errors import RtContourError

COMMANDS = (
    "audit", "cohort", "conformance", "contour", "demo", "evaluate", "masks", "phantom", "rate", "rtstruct",
)  # fmt: skip


class Commands(click.Group):
    """Imports the module of a command only when that command is called or its help is shown."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Every command, by name."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The function of the same name in the module of the same name."""
        return getattr(import_module(f"rtcontour.cli.{name}"), name) if name in COMMANDS else None


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rtcontour")
def app() -> None:
    """Contours from radiotherapy CTs: RTSTRUCT in and out, contouring, evaluation."""


def main() -> None:
    """Run the command line; the entry point of `rtcontour`."""
    logging.basicConfig(format="rtcontour: %(message)s", level=logging.ERROR)
    try:
        app(prog_name="rtcontour")
    except RtContourError as error:
        if os.environ.get("RTCONTOUR_DEBUG") == "1":
            raise
        print(f"rtcontour: {error}", file=sys.stderr)
        sys.exit(1)
