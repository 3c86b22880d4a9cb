"""How well two contourings agree: every score by its stated definition, distances in mm."""

from rtcontour.metrics.boxes import label_boxes
from rtcontour.metrics.compare import compare_labels
from rtcontour.metrics.pair import compare_masks, score_structure
from rtcontour.metrics.scores import FAILURES, MEASURE_NAMES, OUTCOMES, Outcome, StructureScores
from rtcontour.metrics.summary import summarize_scores

__all__ = [
    "FAILURES",
    "MEASURE_NAMES",
    "OUTCOMES",
    "Outcome",
    "StructureScores",
    "compare_labels",
    "compare_masks",
    "label_boxes",
    "score_structure",
    "summarize_scores",
]
