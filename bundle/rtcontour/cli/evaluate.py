"""`rtcontour evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from rtcontour.cli.console import print_findings


@click.command()
@click.argument("predictions", metavar="PRED", type=click.Path(path_type=Path))
@click.argument("truth", metavar="TRUTH", type=click.Path(path_type=Path))
@click.argument("out_dir", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace OUT_DIR if it exists.")
def evaluate(predictions: Path, truth: Path, out_dir: Path, replace: bool) -> None:
    """Score the contours in PRED against those in TRUTH and write scores and report to OUT_DIR."""
    from rtcontour.evaluation import evaluate_folders

    findings: list = []
    for line in evaluate_folders(predictions, truth, out_dir, replace=replace, findings=findings):
        click.echo(line)
    print_findings(findings)
