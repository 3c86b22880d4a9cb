"""The audit of a data set: what is odd about its contours and images, found by numbers and shown by pictures."""

from rtcontour.datasets.audit.audit import audit_data_set
from rtcontour.datasets.audit.measure import CaseMeasures, measure_case
from rtcontour.datasets.audit.structure_measures import StructureMeasures

__all__ = ["CaseMeasures", "StructureMeasures", "audit_data_set", "measure_case"]
