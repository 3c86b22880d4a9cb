"""`rtcontour audit`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings, progress_bar

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("dataset_dir", type=PATH)
@click.option("--output", metavar="DIR", type=PATH, help="Where audit.html and audit.json go.  [DATASET_DIR/audit]")
@click.option("--review", metavar="CSV", type=PATH, help="Decisions saved by the page; what they take out is left out.")
@click.option("--workers", type=int, help="Processes; one a processor if not said.")
@click.option("--replace", is_flag=True, help="Replace an earlier audit.")
def audit(dataset_dir: Path, output: Path | None, review: Path | None, workers: int | None, replace: bool) -> None:
    """Look for odd contours and images in the data set DATASET_DIR; a page with pictures shows them."""
    from rtcontour.datasets.audit import audit_data_set

    findings: list = []
    with progress_bar("audit") as progress:
        folder = audit_data_set(
            dataset_dir,
            output=output,
            review=review,
            workers=workers,
            replace=replace,
            findings=findings,
            progress=progress,
        )
    print_findings(findings)
    click.echo(f"audit in {folder / 'audit.html'}")
