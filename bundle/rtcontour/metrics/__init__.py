"""How well two contourings agree: every score by its stated definition, distances in mm."""

from rtcontour.metrics.compare import compare_labels
from rtcontour.metrics.pair import compare_masks
from rtcontour.metrics.scores import StructureScores
from rtcontour.metrics.summary import summarize_scores

__all__ = ["StructureScores", "compare_labels", "compare_masks", "summarize_scores"]
