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
@click.option(
    "--append-to", metavar="RTSTRUCT", type=click.Path(path_type=Path), help="Keep the ROIs of this file in OUT."
)
@click.option("--replace-rois", is_flag=True, help="Replace ROIs of --append-to that have the name of a mask.")
@click.option("--keyhole", is_flag=True, help="Join holes to the contour around them.")
@click.option(
    "--tolerance-mm", type=float, default=0.0, metavar="MM", help="Drop points while contours move by no more than MM."
)
@click.option("--replace", is_flag=True, help="Replace OUT if it exists.")
def rtstruct(
    masks: Path,
    ct_dir: Path,
    out: Path,
    names: str | None,
    label: str,
    series: str | None,
    append_to: Path | None,
    replace_rois: bool,
    keyhole: bool,
    tolerance_mm: float,
    replace: bool,
) -> None:
    """Write MASKS, a folder of masks or a label map with its names, as the RTSTRUCT file OUT."""
    from rtcontour.datasets import import_masks

    findings: list = []
    import_masks(
        masks,
        ct_dir,
        out,
        names=names,
        label=label,
        series_uid=series,
        append_to=append_to,
        replace_rois=replace_rois,
        keyhole=keyhole,
        tolerance_mm=tolerance_mm,
        replace=replace,
        findings=findings,
    )
    print_findings(findings)
    click.echo(f"structure set in {out}")
