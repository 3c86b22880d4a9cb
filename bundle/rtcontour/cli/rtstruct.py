"""`rtcontour rtstruct`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings


@click.command()
@click.argument("masks", type=click.Path(path_type=Path))
@click.argument("ct_dir", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--names",
    metavar="JSON",
    help="Names of a label map: a JSON file or text such as '{\"Bladder\": 1}'; by default labels.json beside it.",
)
@click.option("--label", default="rtcontour", show_default=True, help="Structure set label, at most 16 characters.")
@click.option("--series", metavar="UID", help="The CT series, where CT_DIR holds several.")
@click.option("--replace", is_flag=True, help="Replace OUT if it exists.")
def rtstruct(
    masks: Path, ct_dir: Path, out: Path, names: str | None, label: str, series: str | None, replace: bool
) -> None:
    """Write MASKS, a folder of masks or a label map with its names, as the RTSTRUCT file OUT."""
    from rtcontour.datasets import import_masks

    findings: list = []
    import_masks(masks, ct_dir, out, names=names, label=label, series_uid=series, replace=replace, findings=findings)
    print_findings(findings)
    click.echo(f"structure set in {out}")
