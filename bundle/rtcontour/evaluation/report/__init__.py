"""The report: one HTML file with everything that was found."""

from rtcontour.evaluation.report.cohort import CohortFacts, describe_cohorts
from rtcontour.evaluation.report.page import NOT_FOR_CLINICAL_USE, write_report
from rtcontour.evaluation.report.pictures import Illustrations, Picture

__all__ = [
    "NOT_FOR_CLINICAL_USE",
    "CohortFacts",
    "Illustrations",
    "Picture",
    "describe_cohorts",
    "write_report",
]
