"""`rtcontour cohort`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings, progress_bar

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("export_dir", type=PATH)
@click.argument("dataset_dir", type=PATH)
@click.option("--recipe", required=True, help="Name or file of the recipe whose structures are wanted.")
@click.option("--aliases", metavar="JSON", type=PATH, help='A file {"written name": "TG-263 name"}.')
@click.option("--review", metavar="CSV", type=PATH, help="What a physicist decided, as the page of the audit saves it.")
@click.option("--exclude", metavar="CASE", multiple=True, help="Leave this case out; may be repeated.")
@click.option("--shares", type=float, nargs=3, default=(0.7, 0.15, 0.15), show_default=True,
              help="Of the patients, in training, validation and test.")  # fmt: skip
@click.option("--folds", type=int, default=0, help="For cross-validation, so many folds of patients.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws splits and folds.")
@click.option("--key", metavar="DIR", type=PATH, help="Folder of the secret behind the pseudonyms.  [DATASET_DIR.key]")
@click.option("--fill-gaps", is_flag=True, help="Interpolate slices that were left out between contours.")
@click.option("--ignore-frame-of-reference", is_flag=True, help="Go on where the frames of reference differ.")
@click.option("--workers", type=int, help="Processes; one a processor if not said.")
@click.option("--scheduler", metavar="ADDRESS", help="Use the workers of this dask scheduler, such as tcp://host:8786.")
@click.option("--name", help="Title of the data set; the name of its folder if not said.")
def cohort(
    export_dir: Path,
    dataset_dir: Path,
    recipe: str,
    aliases: Path | None,
    review: Path | None,
    exclude: tuple[str, ...],
    shares: tuple[float, float, float],
    folds: int,
    seed: int,
    key: Path | None,
    fill_gaps: bool,
    ignore_frame_of_reference: bool,
    workers: int | None,
    scheduler: str | None,
    name: str | None,
) -> None:
    """Make the data set DATASET_DIR of the patients in EXPORT_DIR, or add them to it, and audit it.

    EXPORT_DIR holds CTs and structure sets in any layout. Called again, the command goes on where it was stopped.
    """
    from rtcontour.datasets.cohort import import_archive

    findings: list = []
    with progress_bar("importing") as progress:
        import_archive(
            export_dir,
            dataset_dir,
            recipe=recipe,
            aliases=aliases,
            review=review,
            exclude=exclude,
            shares=shares,
            folds=folds,
            seed=seed,
            key=key,
            fill_gaps=fill_gaps,
            ignore_frame_of_reference=ignore_frame_of_reference,
            workers=workers,
            scheduler=scheduler,
            name=name,
            findings=findings,
            progress=progress,
        )
    print_findings(findings)
    click.echo(f"data set in {dataset_dir}")
    click.echo(f"audit in {dataset_dir / 'audit' / 'audit.html'}")
