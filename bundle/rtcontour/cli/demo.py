"""`rtcontour demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--seed", default=2020, show_default=True, help="Which synthetic patient.")
@click.option("--replace", is_flag=True, help="Replace FOLDER if it exists.")
def demo(folder: Path, seed: int, replace: bool) -> None:
    """Make a synthetic patient in FOLDER, contour it with the shipped weights, and report how well that went."""
    from rtcontour.phantom import run_demo

    for line in run_demo(folder, seed=seed, replace=replace):
        click.echo(line)
