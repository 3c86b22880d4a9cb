"""summarize_scores: many cases in one record that JSON can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from rtcontour.metrics.scores import Outcome, StructureScores

SUMMARIZED = ("dice", "msd_mm", "hd95_mm")
COUNTED: Mapping[str, Outcome] = {
    "missed": "missed",
    "false_organs": "false organ",
    "both_empty": "both empty",
    "not_contoured": "not contoured",
}


def summarize_scores(cases: Iterable[Mapping[str, StructureScores]]) -> dict[str, Any]:
    """Mean, median and number of cases of the main scores, by structure.

    A missed and a false organ enter the Dice mean as 0 and have no distances; both-empty and not-contoured ones are
    left out. Each of the four is counted.

    Args:
        cases: for each case, what `compare_labels` returned.

    Returns:
        {"structures": {name: {"dice": {"mean", "median", "n"}, "msd_mm": .., "hd95_mm": .., "missed": number,
        "false_organs": .., "both_empty": .., "not_contoured": ..}}, "mean_dice": mean of the structures' means}. n is
        how many were averaged; where it is 0 the mean is None.
    """
    cases = list(cases)  # looked through once a structure
    names = list(dict.fromkeys(name for case in cases for name in case))
    structures = {name: _summarize([case[name] for case in cases if name in case]) for name in names}
    return {"structures": structures, "mean_dice": _average(s["dice"]["mean"] for s in structures.values())["mean"]}


def _summarize(scores: Sequence[StructureScores]) -> dict[str, Any]:
    outcomes = Counter(s.outcome for s in scores)
    averages = {measure: _average(getattr(s, measure) for s in scores) for measure in SUMMARIZED}
    return {**averages, **{key: outcomes[outcome] for key, outcome in COUNTED.items()}}


def _average(values: Iterable[float | None]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    if not known:
        return {"mean": None, "median": None, "n": 0}
    return {"mean": fmean(known), "median": median(known), "n": len(known)}
