"""run_demo: the whole way once, on a patient whose true contours are known."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from rtcontour.contours import rasterize
from rtcontour.datasets import merge_masks, write_label_names, write_labels
from rtcontour.dicom import CtSeries, read_structure_set, write_ct_series
from rtcontour.errors import Finding
from rtcontour.evaluation import (
    NOT_FOR_CLINICAL_USE,
    Comparison,
    Illustrations,
    Picture,
    draw_contours,
    summarize,
    write_report,
)
from rtcontour.files import refuse_existing, whole_folder
from rtcontour.mask import Mask
from rtcontour.metrics import StructureScores, compare_labels
from rtcontour.phantom.pelvis import draw_pelvis
from rtcontour.phantom.phantom import Phantom

SPACING_MM = (0.9765625, 0.9765625, 3.0)


def run_demo(folder: str | Path, *, seed: int, replace: bool = False) -> Iterator[str]:
    """Draw a patient, write its CT, contour it with the shipped weights, and score that against the truth.

    Leaves ct/*.dcm, rtstruct.dcm, labels.nii.gz (the same contours as a label map) with its labels.json, contours.png
    and report.html.

    Args:
        folder: appears whole or not at all.
        seed: which patient.
        replace: whether an existing folder may be replaced.

    Yields:
        What is being done, where the results are, and one line of scores a structure.

    Raises:
        OutputError: the folder exists already or cannot be written.
        CheckpointError: the bundle has no weights.
    """
    from rtcontour.inference import contour_patient  # late: torch is slow to load, and drawing patients needs none

    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        refuse_existing(folder, replace=replace)
    with whole_folder(folder, replace=replace) as partial:
        yield f"drawing patient {seed}"
        phantom = draw_pelvis(seed, spacing_mm=SPACING_MM)
        ct = write_ct_series(partial / "ct", phantom.hu, phantom.grid, seed=seed, description="Pelvis phantom")
        yield f"contouring {phantom.grid.shape[2]} slices"
        findings: list[Finding] = []
        started = time.monotonic()
        contour_patient(partial / "ct", partial / "rtstruct.dcm", findings=findings)
        seconds = time.monotonic() - started
        masks = read_back(partial / "rtstruct.dcm", ct)
        scores = score(masks, phantom)
        write_results(partial, phantom, masks, scores, findings, seconds)
    for name in ("ct", "rtstruct.dcm", "labels.nii.gz", "contours.png", "report.html"):
        yield f"{folder / name}"
    yield f"contoured in {seconds:.0f} s; against the known truth:"
    for name, one in scores.items():
        msd = "-" if one.msd_mm is None else f"{one.msd_mm:.2f} mm"
        yield f"  {name}: Dice {one.dice:.3f}, MSD {msd}" if one.dice is not None else f"  {name}: {one.outcome}"


def read_back(path: Path, ct: CtSeries) -> dict[str, Mask]:
    """The masks as anyone who opens the RTSTRUCT gets them."""
    return {roi.name: rasterize(roi, ct.grid) for roi in read_structure_set(path).rois}


def score(masks: Mapping[str, Mask], phantom: Phantom) -> dict[str, StructureScores]:
    """Every contoured structure against the phantom's exact truth."""
    names = {name: value for value, name in enumerate(masks, start=1)}
    predicted = {name: mask.full() for name, mask in masks.items()}
    truth = {name: phantom.masks[name].full() for name in names}
    return compare_labels(predicted, truth, phantom.grid.spacing_mm, names)


def write_results(
    folder: Path,
    phantom: Phantom,
    masks: Mapping[str, Mask],
    scores: Mapping[str, StructureScores],
    findings: list[Finding],
    seconds: float,
) -> None:
    """The label map, the picture and the report."""
    labels = {name: value for value, name in enumerate(masks, start=1)}
    write_labels(folder / "labels.nii.gz", merge_masks(masks, labels, phantom.grid), phantom.grid)
    write_label_names(folder, labels)
    truth = {name: phantom.masks[name] for name in masks}
    title = f"Synthetic patient {phantom.seed}"
    draw_contours(phantom.hu, phantom.grid, masks, folder / "contours.png", truth=truth, title=title)
    caption = "Solid: contours of the model. Dashed: the truth it was drawn from."
    spacing = " x ".join(f"{mm:.3f}" for mm in phantom.grid.spacing_mm)
    write_report(
        folder / "report.html",
        title=f"{title}: contours and known truth",
        results=summarize(Comparison({"pelvis model": {f"phantom {phantom.seed}": scores}})),
        illustrations=Illustrations(cases=(Picture(caption, folder / "contours.png"),)),
        findings=findings,
        facts={
            "Patient": f"drawn from seed {phantom.seed}; no person's data",
            "CT": f"{' x '.join(map(str, phantom.grid.shape))} voxels of {spacing} mm",
            "Model": "models/model.pt",
            "Time": f"{seconds:.0f} s to contour",
            "Version": f"rtcontour {version('rtcontour')}",
        },
        notice=NOT_FOR_CLINICAL_USE,
    )
