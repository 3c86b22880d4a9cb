"""Pictures of contours on CT, and figures of their scores."""

from rtcontour.evaluation.figures.bland_altman import draw_bland_altman
from rtcontour.evaluation.figures.distributions import draw_distributions
from rtcontour.evaluation.figures.gallery import GalleryItem, cut_gallery_item, draw_gallery
from rtcontour.evaluation.figures.method_comparison import draw_method_comparison
from rtcontour.evaluation.figures.overlay import draw_overlay
from rtcontour.evaluation.figures.picture import draw_contours
from rtcontour.evaluation.figures.save import save_figure
from rtcontour.evaluation.figures.volumes import draw_volumes

__all__ = [
    "GalleryItem",
    "cut_gallery_item",
    "draw_bland_altman",
    "draw_contours",
    "draw_distributions",
    "draw_gallery",
    "draw_method_comparison",
    "draw_overlay",
    "draw_volumes",
    "save_figure",
]
