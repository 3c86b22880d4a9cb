"""What may be compared, found and read: data sets, label maps, masks, structure sets."""

from rtcontour.evaluation.inputs.cases import CaseFiles, ContouredCase, list_cases, read_case

__all__ = ["CaseFiles", "ContouredCase", "list_cases", "read_case"]
