"""`rtcontour conformance`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("out_dir", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace OUT_DIR if it exists.")
def conformance(out_dir: Path, replace: bool) -> None:
    """Test this installation on shapes of known volume and write a table to be filed to OUT_DIR."""
    from rtcontour.conformance import require_conformance, run_conformance

    found = run_conformance(out_dir, replace=replace, say=click.echo)
    for line in found.summary():
        click.echo(line)
    click.echo(f"table in {out_dir / 'conformance.md'}")
    require_conformance(found, out_dir)
