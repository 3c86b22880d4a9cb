"""DICOM files in and out: CT series and structure sets."""

from rtcontour.dicom.algorithm import Algorithm
from rtcontour.dicom.archive import Archive, CtFound, PatientFound, Problem, StructureSetFound
from rtcontour.dicom.archive_scan import scan_archive
from rtcontour.dicom.ct_geometry import read_ct_geometry
from rtcontour.dicom.ct_read import read_ct_files, read_ct_series
from rtcontour.dicom.ct_scan import find_ct_folders
from rtcontour.dicom.ct_series import CtGeometry, CtSeries
from rtcontour.dicom.ct_write import write_ct_series
from rtcontour.dicom.find_files import DicomFiles, find_dicom_files
from rtcontour.dicom.frame_of_reference import check_frame_of_reference
from rtcontour.dicom.identifiers import read_identifiers
from rtcontour.dicom.rt_utils_bridge import from_rt_utils, to_rt_utils
from rtcontour.dicom.structure_set import StructureSet
from rtcontour.dicom.structure_set_read import read_structure_set
from rtcontour.dicom.structure_set_write import write_structure_set

__all__ = [
    "Algorithm",
    "Archive",
    "CtFound",
    "CtGeometry",
    "CtSeries",
    "DicomFiles",
    "PatientFound",
    "Problem",
    "StructureSet",
    "StructureSetFound",
    "check_frame_of_reference",
    "find_ct_folders",
    "find_dicom_files",
    "from_rt_utils",
    "read_ct_files",
    "read_ct_geometry",
    "read_ct_series",
    "read_identifiers",
    "read_structure_set",
    "scan_archive",
    "to_rt_utils",
    "write_ct_series",
    "write_structure_set",
]
