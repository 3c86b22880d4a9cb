"""Label maps as wholes: cleaned of specks and holes, and the patient's body in a CT."""

from rtcontour.labels.body_mask import body_mask
from rtcontour.labels.clean_labels import clean_labels

__all__ = ["body_mask", "clean_labels"]
