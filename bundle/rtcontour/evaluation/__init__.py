"""Contours against contours: scores, statistics, ratings by people, figures and the report.

Names load on first use: processes that only score cases need no matplotlib, which takes a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtcontour.evaluation.bundle_run import check_tolerances, evaluate_run
    from rtcontour.evaluation.comparison import Comparison
    from rtcontour.evaluation.evaluate import evaluate_folders
    from rtcontour.evaluation.figures import draw_contours
    from rtcontour.evaluation.inputs import Reading
    from rtcontour.evaluation.rating import write_rating_study
    from rtcontour.evaluation.report import NOT_FOR_CLINICAL_USE, Illustrations, Picture, write_report
    from rtcontour.evaluation.results import summarize
    from rtcontour.evaluation.score import FolderScores, score_folder, score_methods

_HOME = {
    "NOT_FOR_CLINICAL_USE": "report",
    "Comparison": "comparison",
    "FolderScores": "score",
    "Illustrations": "report",
    "Picture": "report",
    "Reading": "inputs",
    "check_tolerances": "bundle_run",
    "draw_contours": "figures",
    "evaluate_folders": "evaluate",
    "evaluate_run": "bundle_run",
    "score_folder": "score",
    "score_methods": "score",
    "summarize": "results",
    "write_rating_study": "rating",
    "write_report": "report",
}

__all__ = [
    "NOT_FOR_CLINICAL_USE",
    "Comparison",
    "FolderScores",
    "Illustrations",
    "Picture",
    "Reading",
    "check_tolerances",
    "draw_contours",
    "evaluate_folders",
    "evaluate_run",
    "score_folder",
    "score_methods",
    "summarize",
    "write_rating_study",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rtcontour.evaluation' has no attribute {name!r}")
    return getattr(import_module(f"rtcontour.evaluation.{_HOME[name]}"), name)
