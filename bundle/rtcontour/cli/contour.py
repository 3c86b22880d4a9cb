"""`rtcontour contour`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings


@click.command()
@click.argument("ct_dir", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--recipe", help="Name or file of a recipe; the default one contours the pelvis.")
@click.option("--weights", type=click.Path(path_type=Path), help="A checkpoint to take instead of the recipe's.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, ...")
@click.option("--series", metavar="UID", help="The CT series, where CT_DIR holds several.")
@click.option("--replace", is_flag=True, help="Replace OUT if it exists.")
def contour(
    ct_dir: Path,
    out: Path,
    recipe: str | None,
    weights: Path | None,
    device: str,
    series: str | None,
    replace: bool,
) -> None:
    """Contour the CT in CT_DIR with a trained model and write the RTSTRUCT file OUT."""
    from rtcontour.inference import contour_patient

    findings: list = []
    contour_patient(
        ct_dir,
        out,
        recipe=recipe,
        weights=weights,
        device=device,
        series_uid=series,
        replace=replace,
        findings=findings,
    )
    print_findings(findings)
    click.echo(f"structure set in {out}")
