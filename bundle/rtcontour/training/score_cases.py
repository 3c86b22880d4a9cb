"""ScoreCases: full scores of every evaluated case, and their summary as summary.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from ignite.engine import Engine, Events

from rtcontour.files import whole_file
from rtcontour.grid import Grid
from rtcontour.metrics import StructureScores, compare_labels, summarize_scores


class ScoreCases:
    """Compare predictions with the truth case by case, and write `output_dir`/summary.json at the end.

    Args:
        structures: names of channels 1, 2, ...
        output_dir: where summary.json goes.
        replace: whether an existing one may be replaced.
    """

    def __init__(self, structures: Sequence[str], output_dir: str | Path, *, replace: bool = False) -> None:
        self.replace = replace
        self.channels = {name: channel for channel, name in enumerate(structures, start=1)}
        self.path = Path(output_dir) / "summary.json"
        self.cases: list[dict[str, StructureScores]] = []

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator whose output is decollated and postprocessed to label maps."""
        engine.add_event_handler(Events.STARTED, lambda _: self.cases.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._score)
        engine.add_event_handler(Events.COMPLETED, self._write)

    def _score(self, engine: Engine) -> None:
        self.cases += [self._score_case(item) for item in cast(list[dict[str, Any]], engine.state.output)]

    def _score_case(self, item: Mapping[str, Any]) -> dict[str, StructureScores]:
        predicted, truth = (np.asarray(item[key][0].cpu()) for key in ("pred", "label"))
        grid = Grid.from_affine_ras(np.asarray(item["label"].affine), truth.shape)
        annotated = [name for name, channel in self.channels.items() if item["annotated"][channel]]
        return compare_labels(predicted, truth, grid.spacing_mm, self.channels, annotated=annotated)

    def _write(self, engine: Engine) -> None:
        summary = summarize_scores(self.cases)
        with whole_file(self.path, replace=self.replace) as partial:
            partial.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n")
        for name, scores in summary["structures"].items():
            print(f"{name}: Dice {scores['dice']['mean']} ({scores['dice']['n']} cases)", flush=True)
        print(f"mean Dice {summary['mean_dice']}; scores in {self.path}", flush=True)
