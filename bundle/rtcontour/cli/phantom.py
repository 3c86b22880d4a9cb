"""`rtcontour phantom`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import progress_bar
from rtcontour.processors import count_processors


@click.group()
def phantom() -> None:
    """Synthetic patients, as a clinic would export them."""


@phantom.command()
@click.argument("out_dir", type=click.Path(path_type=Path))
@click.option("--patients", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which clinic.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes side by side; all processors if not said.")
@click.option("--clean", is_flag=True, help="Without defects.")
@click.option("--slices", type=click.IntRange(min=1), help="Of every scan; drawn if not said.")
@click.option("--columns-rows", type=click.IntRange(min=8), nargs=2, help="Matrix of every scan; 512 512 if not said.")
@click.option("--spacing", type=click.FloatRange(min=0.1), nargs=3, help="Voxel size in mm; drawn if not said.")
@click.option("--replace", is_flag=True, help="Replace OUT_DIR if it exists.")
def clinic(
    out_dir: Path,
    patients: int,
    seed: int,
    workers: int | None,
    clean: bool,
    slices: int | None,
    columns_rows: tuple[int, int] | None,
    spacing: tuple[float, float, float] | None,
    replace: bool,
) -> None:
    """Write the export of a synthetic clinic to OUT_DIR/export, and what is wrong with it to OUT_DIR/planted.json."""
    from rtcontour.phantom.clinic import write_clinic

    with progress_bar("drawing") as progress:
        write_clinic(
            out_dir,
            patients=patients,
            seed=seed,
            workers=workers or count_processors(),
            defects=not clean,
            slices=slices,
            columns_rows=columns_rows,
            spacing_mm=spacing,
            replace=replace,
            progress=progress,
        )
    click.echo(f"export in {out_dir / 'export'}, what is wrong with it in {out_dir / 'planted.json'}")
