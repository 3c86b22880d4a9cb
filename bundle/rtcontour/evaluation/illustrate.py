"""illustrate: every figure and picture of an evaluation, drawn into a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from rtcontour.evaluation.comparison import Comparison, Scores
from rtcontour.evaluation.figures import (
    GalleryItem,
    cut_gallery_item,
    draw_bland_altman,
    draw_contours,
    draw_distributions,
    draw_gallery,
    draw_method_comparison,
    draw_overlay,
    draw_volumes,
)
from rtcontour.evaluation.imaged_cases import ImagedCase, ImagedCases
from rtcontour.evaluation.measures import MEASURES
from rtcontour.evaluation.report import Illustrations, Picture
from rtcontour.evaluation.results import Results
from rtcontour.files import file_stems
from rtcontour.mask import Mask
from rtcontour.metrics import StructureScores

DISTRIBUTIONS = ("dice", "msd_mm", "hd95_mm", "surface_dice")
COHORT_DISTRIBUTIONS = ("dice", "msd_mm")
COMPARED = ("dice", "sensitivity", "specificity", "hd95_mm")
GALLERY_LENGTH = 12
Drawn = Mapping[str, Path] | None  # a figure's files by kind; None where there was nothing to draw


@dataclass(frozen=True)
class Choice:
    """What is worth a picture of a CT.

    Attributes:
        whole: case -> "median" or "lowest" mean Dice; pictures with all structures.
        overlays: (case, structure) -> "median" or "lowest" Dice of that structure.
        worst: (case, structure), lowest Dice first; one of each in the gallery.
    """

    whole: Mapping[str, str]
    overlays: Mapping[tuple[str, str], str]
    worst: Sequence[tuple[str, str]]

    @property
    def cases(self) -> list[str]:
        """Every case that is needed."""
        return list(dict.fromkeys([*self.whole, *(case for case, _ in (*self.overlays, *self.worst))]))


def illustrate(folder: Path, results: Results, images: ImagedCases) -> Illustrations:
    """Draw everything that the scores and the images allow.

    Args:
        folder: where the files go.
        results: what is shown.
        images: the cases whose CT is known; each is read once, since reading a CT takes longer than drawing it.
    """
    comparison = results.comparison
    stems = dict(zip(comparison.structures, file_stems(comparison.structures), strict=True))
    scores = _scores_of(comparison, images.pairs)
    choice = _choose(scores)
    whole: list[Picture] = []
    overlays: dict[str, list[Picture]] = {name: [] for name in comparison.structures}
    gallery: dict[tuple[str, str], GalleryItem] = {}
    for case in choice.cases:
        one = images.read(case)
        if one is None:
            continue
        if case in choice.whole:
            whole.append(_draw_whole(folder, case, one, scores[case], choice.whole[case]))
        for structure, rank in ((s, rank) for (c, s), rank in choice.overlays.items() if c == case):
            path = folder / f"{stems[structure]}_{rank}"
            overlays[structure].append(_draw_overlay(path, case, structure, one, scores[case][structure], rank))
        for structure in (s for c, s in choice.worst if c == case):
            caption = f"{case}: {structure}\n{_scores_in_words(scores[case][structure])}"
            masks = _both_masks(one, structure)
            gallery[case, structure] = cut_gallery_item(one.hu, one.grid, *masks, caption=caption)
    worst = draw_gallery([gallery[key] for key in choice.worst if key in gallery], folder / "worst_cases")
    pictures = {name: (*_draw_plots_of(folder, results, name, stem), *overlays[name]) for name, stem in stems.items()}
    return Illustrations(
        plots=tuple(_draw_distributions(folder, comparison)),
        by_structure={name: shown for name, shown in pictures.items() if shown},
        cases=tuple(whole),
        worst=tuple(_picture("Lowest Dice of all cases and structures, lowest first.", worst)),
    )


def _scores_of(comparison: Comparison, imaged: Iterable[str]) -> Scores:
    """Scores of the first method in the cases whose CT is known."""
    first = next(iter(comparison.methods.values()), {})
    return {case: first[case] for case in imaged if case in first}


def _choose(scores: Scores) -> Choice:
    means = {case: fmean(dices.values()) for case, found in scores.items() if (dices := _dices(found))}
    by_structure: dict[str, dict[str, float]] = {}
    for case, found in scores.items():
        for structure, value in _dices(found).items():
            by_structure.setdefault(structure, {})[case] = value
    overlays = {
        (case, structure): rank
        for structure, dices in by_structure.items()
        for case, rank in _median_and_lowest(dices).items()
    }
    ranked = sorted(
        (dice, case, structure) for structure, dices in by_structure.items() for case, dice in dices.items()
    )
    return Choice(_median_and_lowest(means), overlays, [(case, name) for _, case, name in ranked[:GALLERY_LENGTH]])


def _dices(scores: Mapping[str, StructureScores]) -> dict[str, float]:
    return {name: one.dice for name, one in scores.items() if one.dice is not None}


def _median_and_lowest(values: Mapping[str, float]) -> dict[str, str]:
    """Case -> "lowest", and of three cases or more the one in the middle; none of none."""
    ranked = sorted(values, key=lambda case: (values[case], case))
    middle = {ranked[len(ranked) // 2]: "median"} if len(ranked) > 2 else {}
    return middle | {case: "lowest" for case in ranked[:1]}


def _draw_whole(folder: Path, case: str, one: ImagedCase, scores: Mapping[str, StructureScores], rank: str) -> Picture:
    drawn = [name for name, score in scores.items() if score.outcome != "not contoured"]
    masks, truth = ({name: side[name] for name in drawn if name in side} for side in (one.predicted, one.truth))
    path = draw_contours(one.hu, one.grid, masks, folder / f"{rank}.png", truth=truth, title=case)
    mean = fmean(_dices(scores).values())
    return Picture(f"{case}: the {rank} mean Dice of the cases, {mean:.3f}. Solid: predicted. Dashed: truth.", path)


def _draw_overlay(
    path: Path, case: str, structure: str, one: ImagedCase, scores: StructureScores, rank: str
) -> Picture:
    at: Literal["worst", "largest"] = "worst" if rank == "lowest" else "largest"
    files = draw_overlay(one.hu, one.grid, *_both_masks(one, structure), path, structure=structure, at=at)
    return Picture(f"{case}: the {rank} Dice of {structure}. {_scores_in_words(scores)}.", files["png"])


def _both_masks(one: ImagedCase, structure: str) -> tuple[Mask, Mask]:
    """Predicted and true mask; an empty one where a side lacks the structure."""
    nothing = Mask.empty(one.grid)
    return one.predicted.get(structure, nothing), one.truth.get(structure, nothing)


def _scores_in_words(scores: StructureScores) -> str:
    if scores.outcome != "compared":
        return scores.outcome
    shown = (MEASURES[name] for name in ("dice", "msd_mm", "hd95_mm"))
    return ", ".join(f"{m.heading} {m.in_print(getattr(scores, m.name))} {m.unit}".strip() for m in shown)


def _draw_distributions(folder: Path, comparison: Comparison) -> Iterator[Picture]:
    """Over all cases, and of several cohorts each on its own, as Figs 1a to 2b of Sartor 2020."""
    boxes = "Boxes hold the quartiles, bars are medians."
    for name in DISTRIBUTIONS:
        caption = f"{MEASURES[name].heading} of every case, by structure. {boxes}"
        yield from _picture(caption, draw_distributions(comparison, name, folder / name))
    cohorts = comparison.cohort_names
    if len(cohorts) < 2:
        return
    for name in COHORT_DISTRIBUTIONS:
        for cohort, stem in zip(cohorts, file_stems(cohorts), strict=True):
            caption = f"{MEASURES[name].heading} of the cases of {cohort}, by structure. {boxes}"
            drawn = draw_distributions(comparison, name, folder / f"{name}_{stem}", cohort=cohort)
            yield from _picture(caption, drawn)


def _draw_plots_of(folder: Path, results: Results, structure: str, stem: str) -> Iterator[Picture]:
    """What is plotted of one structure: volumes, their agreement, and methods against each other."""
    comparison = results.comparison
    first, *others = comparison.methods
    caption = f"{structure}: volumes case by case, and their relative errors."
    yield from _picture(caption, draw_volumes(comparison, structure, folder / f"{stem}_volumes"))
    agreement = results.volumes.get((first, structure))
    if agreement and agreement.n > 1:
        compared = [s for s in comparison.scores_of(first, structure).values() if s.outcome == "compared"]
        measured, reference = [s.volume_cc for s in compared], [s.truth_volume_cc or 0.0 for s in compared]
        drawn = draw_bland_altman(
            measured, reference, folder / f"{stem}_agreement", structure=structure, method=first, result=agreement
        )
        yield from _picture(f"{structure}: predicted and true volumes, {first} (Bland and Altman).", drawn)
    if others:
        tests = ((measure, other, results.test(other, structure, measure)) for measure in COMPARED for other in others)
        p_values = {(measure, other): test.adjusted_p for measure, other, test in tests if test}
        drawn = draw_method_comparison(
            comparison, structure, folder / f"{stem}_methods", measures=COMPARED, p_values=p_values
        )
        yield from _picture(f"{structure}: the methods against each other; p adjusted by Holm.", drawn)


def _picture(caption: str, files: Drawn) -> list[Picture]:
    """The vector form of a figure, for the report; [] where there was nothing to draw."""
    return [Picture(caption, files["svg"])] if files else []
