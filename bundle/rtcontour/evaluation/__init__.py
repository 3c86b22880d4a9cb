"""Scores, pictures and reports of contours that were compared."""

from rtcontour.evaluation.evaluate import evaluate_folders
from rtcontour.evaluation.figures import draw_contours
from rtcontour.evaluation.report import NOT_FOR_CLINICAL_USE, write_report
from rtcontour.evaluation.score import FolderScores, score_folder

__all__ = [
    "NOT_FOR_CLINICAL_USE",
    "FolderScores",
    "draw_contours",
    "evaluate_folders",
    "score_folder",
    "write_report",
]
