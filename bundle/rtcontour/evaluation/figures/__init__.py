"""Pictures of contours on CT, and figures of their scores."""

from rtcontour.evaluation.figures.picture import draw_contours

__all__ = ["draw_contours"]
