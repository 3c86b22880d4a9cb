"""Contours to masks and back: exact by rule (docs/geometry.md), fast without a compiler."""

from rtcontour.contours.contour import FARTHEST_MM, Contour, Roi, is_placed
from rtcontour.contours.rasterize import rasterize
from rtcontour.contours.slices import slices_of
from rtcontour.contours.trace import trace

__all__ = ["FARTHEST_MM", "Contour", "Roi", "is_placed", "rasterize", "slices_of", "trace"]
