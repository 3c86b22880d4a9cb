"""The `rtcontour` command: one module a command, imported when it is called."""

from rtcontour.cli.main import main

__all__ = ["main"]
