"""What every command prints in the same way."""

from __future__ import annotations

from collections.abc import Iterable

import click

from rtcontour.errors import Finding, summarize_findings


def print_findings(findings: Iterable[Finding]) -> None:
    """One line a kind of finding, with its count, on stderr."""
    for line in summarize_findings(findings):
        click.echo(line, err=True)
