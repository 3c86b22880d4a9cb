"""`rtcontour masks`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings


@click.command()
@click.argument("rtstruct", type=click.Path(path_type=Path))
@click.argument("ct_dir", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--series", metavar="UID", help="The CT series, where CT_DIR holds several.")
@click.option("--ignore-frame-of-reference", is_flag=True, help="Go on where the frames of reference differ.")
@click.option("--fill-gaps", is_flag=True, help="Interpolate slices that were left out between contours.")
@click.option(
    "--aliases", metavar="JSON", type=click.Path(path_type=Path), help='A file {"written name": "TG-263 name"}.'
)
@click.option("--replace", is_flag=True, help="Replace OUT if it exists.")
def masks(
    rtstruct: Path,
    ct_dir: Path,
    out: Path,
    series: str | None,
    ignore_frame_of_reference: bool,
    fill_gaps: bool,
    aliases: Path | None,
    replace: bool,
) -> None:
    """Write every ROI of RTSTRUCT as OUT/NAME.nii.gz on the grid of the CT, and OUT/structures.json."""
    from rtcontour.datasets import export_masks

    findings: list = []
    export_masks(
        rtstruct,
        ct_dir,
        out,
        series_uid=series,
        ignore_frame_of_reference=ignore_frame_of_reference,
        fill_gaps=fill_gaps,
        aliases=aliases,
        replace=replace,
        findings=findings,
    )
    print_findings(findings)
    click.echo(f"masks in {out}")
