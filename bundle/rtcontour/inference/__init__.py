"""From a CT to a label map to an RTSTRUCT."""

from rtcontour.inference.model import Model, load_model
from rtcontour.inference.pipeline import contour_ct, contour_patient
from rtcontour.inference.scans import find_scans
from rtcontour.inference.windows import BodyWindows

__all__ = ["BodyWindows", "Model", "contour_ct", "contour_patient", "find_scans", "load_model"]
