"""`rtcontour evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.against import against_option
from rtcontour.cli.console import print_findings, progress_bar

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("predictions", metavar="PRED", type=PATH)
@click.argument("truth", metavar="TRUTH", type=PATH)
@click.argument("out_dir", type=PATH)
@click.option("--name", help="What PRED is called in the report; the name of its folder if not said.")
@against_option("Another method on the same cases; may be repeated.")
@click.option("--tolerances", metavar="JSON", type=PATH, help="Limits that the scores must keep, for pass rates.")
@click.option("--ratings", metavar="CSV", type=PATH, multiple=True, help="Saved by a page of `rate`; may be repeated.")
@click.option("--ratings-key", metavar="JSON", type=PATH, help="key.json of that rating study.")
@click.option("--weights", metavar="FILE", type=PATH, help="The model's weights; the report states their hash.")
@click.option("--ct", metavar="DIR", type=PATH, help="Where the CTs of structure sets are, if not beside them.")
@click.option("--split", type=click.Choice(["training", "validation", "test"]), help="Of a data set, only these cases.")
@click.option("--resample", is_flag=True, help="Bring predictions to the grid of the truth where they differ.")
@click.option("--ignore-frame-of-reference", is_flag=True, help="Go on where the frames of reference differ.")
@click.option("--title", help="Heading of the report.")
@click.option("--replace", is_flag=True, help="Replace OUT_DIR if it exists.")
def evaluate(
    predictions: Path,
    truth: Path,
    out_dir: Path,
    name: str | None,
    against: dict[str, Path],
    tolerances: Path | None,
    ratings: tuple[Path, ...],
    ratings_key: Path | None,
    weights: Path | None,
    ct: Path | None,
    split: str | None,
    resample: bool,
    ignore_frame_of_reference: bool,
    title: str | None,
    replace: bool,
) -> None:
    """Score the contours in PRED against those in TRUTH; tables, figures and a report go to OUT_DIR.

    PRED and TRUTH are data sets, label maps, folders of masks, or structure sets with their CT.
    """
    from rtcontour.evaluation import evaluate_folders

    findings: list = []
    with progress_bar("scoring") as progress:
        lines = evaluate_folders(
            predictions,
            truth,
            out_dir,
            name=name,
            against=against,
            tolerances=tolerances,
            ratings=ratings,
            ratings_key=ratings_key,
            weights=weights,
            ct=ct,
            split=split,
            resample=resample,
            ignore_frame_of_reference=ignore_frame_of_reference,
            title=title,
            replace=replace,
            findings=findings,
            progress=progress,
        )
    for line in lines:
        click.echo(line)
    print_findings(findings)
    click.echo(f"report in {out_dir / 'report.html'}")
