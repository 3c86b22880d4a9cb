"""rtcontour: learn from clinical structure sets, contour new patients, and write RTSTRUCT.

Every public name is listed in `_HOME` and loads on first use, so that `import rtcontour` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "RtContourError": "errors",
    "Finding": "errors",
    "Grid": "grid",
    "Mask": "mask",
    "Contour": "contours",
    "Roi": "contours",
    "rasterize": "contours",
    "trace": "contours",
    "StructureSet": "dicom",
    "CtSeries": "dicom",
    "read_ct_series": "dicom",
    "read_structure_set": "dicom",
    "write_structure_set": "dicom",
    "to_rt_utils": "dicom",
    "from_rt_utils": "dicom",
    "Algorithm": "dicom",
    "Structure": "structures",
    "resolve_structure": "structures",
    "read_aliases": "structures",
    "check_sides": "structures",
    "clean_labels": "labels",
    "StructureScores": "metrics",
    "compare_labels": "metrics",
    "merged_background_nll": "networks",
    "import_archive": "datasets.cohort",
    "audit_data_set": "datasets.audit.audit",
    "contour_patient": "inference",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rtcontour' has no attribute {name!r}")
    value = getattr(import_module(f"rtcontour.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOME, "__version__"])


if TYPE_CHECKING:
    from rtcontour.contours import Contour, Roi, rasterize, trace
    from rtcontour.datasets.audit.audit import audit_data_set
    from rtcontour.datasets.cohort import import_archive
    from rtcontour.dicom import (
        Algorithm,
        CtSeries,
        StructureSet,
        from_rt_utils,
        read_ct_series,
        read_structure_set,
        to_rt_utils,
        write_structure_set,
    )
    from rtcontour.errors import Finding, RtContourError
    from rtcontour.grid import Grid
    from rtcontour.inference import contour_patient
    from rtcontour.labels import clean_labels
    from rtcontour.mask import Mask
    from rtcontour.metrics import StructureScores, compare_labels
    from rtcontour.networks import merged_background_nll
    from rtcontour.structures import Structure, check_sides, read_aliases, resolve_structure
