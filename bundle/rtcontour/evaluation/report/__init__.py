"""The report: one HTML file with everything that was found."""

from rtcontour.evaluation.report.page import NOT_FOR_CLINICAL_USE, write_report

__all__ = ["NOT_FOR_CLINICAL_USE", "write_report"]
