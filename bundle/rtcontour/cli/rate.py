"""`rtcontour rate`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.against import against_option
from rtcontour.cli.console import print_findings


@click.command()
@click.argument("predictions", metavar="PRED", type=click.Path(path_type=Path))
@click.argument("images", type=click.Path(path_type=Path))
@click.argument("out_dir", type=click.Path(path_type=Path))
@click.option("--name", help="What PRED is called in the key and the tables; the name of its folder if not said.")
@against_option("More contours of the same cases; may be repeated.")
@click.option("--structures", metavar="NAME", multiple=True, help="Only this structure; may be repeated.")
@click.option("--seed", type=int, help="Draws the blinded order; if not said, a seed is drawn, too.")
@click.option("--replace", is_flag=True, help="Replace OUT_DIR if it exists.")
def rate(
    predictions: Path,
    images: Path,
    out_dir: Path,
    name: str | None,
    against: dict[str, Path],
    structures: tuple[str, ...],
    seed: int | None,
    replace: bool,
) -> None:
    """Write pages on which readers grade the contours in PRED on the CTs in IMAGES without knowing whose they are."""
    from rtcontour.evaluation.rating import write_rating_study

    findings: list = []
    key = write_rating_study(
        predictions,
        images,
        out_dir,
        name=name,
        against=against,
        structures=structures,
        seed=seed,
        replace=replace,
        findings=findings,
    )
    print_findings(findings)
    click.echo(f"pages for the readers in {out_dir / 'pages'}: {len(key.studies)}")
    click.echo(f"keep {out_dir / 'key.json'} from them")
