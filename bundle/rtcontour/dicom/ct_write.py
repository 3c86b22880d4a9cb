"""Write a CT series: plain CT Image Storage files, one a slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from rtcontour.dicom.ct_series import CtSeries
from rtcontour.dicom.hounsfield import to_hu
from rtcontour.dicom.uids import new_uid
from rtcontour.errors import Finding, GeometryError, OutputError
from rtcontour.files import whole_folder
from rtcontour.grid import Grid

RESCALE_INTERCEPT_HU = -1024
POSITIONS = {  # directions of a row and a column in the patient (LPS), as scanners show each position
    ((1, 0, 0), (0, 1, 0)): "HFS",
    ((-1, 0, 0), (0, -1, 0)): "HFP",
    ((-1, 0, 0), (0, 1, 0)): "FFS",
    ((1, 0, 0), (0, -1, 0)): "FFP",
}


def write_ct_series(
    folder: str | Path,
    hu: ArrayLike,
    grid: Grid,
    *,
    patient_name: str = "Phantom^Pelvis",
    patient_id: str = "PHANTOM",
    seed: int | None = None,
    description: str = "",
    replace: bool = False,
) -> CtSeries:
    """Write an array as a CT series, one file CT.UID.dcm a slice; the names do not sort in slice order.

    Args:
        folder: appears whole or not at all.
        hu: (columns, rows, slices) Hounsfield units of grid.shape; fractions are rounded, with a finding.
        grid: where the voxels lie in the patient; any orientation.
        patient_name: DICOM person name, Family^Given.
        patient_id: DICOM patient ID.
        seed: makes all UIDs reproducible; None for new ones.
        description: Series Description.
        replace: whether an existing folder may be replaced.

    Returns:
        The series as `read_ct_series` would read it.

    Raises:
        GeometryError: the array has another shape than the grid.
        OutputError: the folder exists, cannot be written, or a value does not fit the stored 16 bits.
    """
    voxels, findings = _whole_hu(hu, grid)
    uids = _Uids(seed, grid.shape[2])
    study = _study(patient_name, patient_id, uids)
    with whole_folder(folder, replace=replace) as partial:
        for k, uid in enumerate(uids.images):
            image = _slice(voxels, grid, k, study, uids, description)
            image.save_as(partial / f"CT.{uid}.dcm", enforce_file_format=True)
    return CtSeries(
        hu=voxels,
        grid=grid,
        series_uid=uids.series,
        study_uid=uids.study,
        frame_of_reference_uid=uids.frame_of_reference,
        image_uids=uids.images,
        paths=tuple(Path(folder) / f"CT.{uid}.dcm" for uid in uids.images),
        study=study,
        findings=findings,
    )


class _Uids:
    """The UIDs of one series, from a seed or new."""

    def __init__(self, seed: int | None, slices: int) -> None:
        def uid(*of: object) -> str:
            return new_uid() if seed is None else new_uid("ct", seed, *of)

        self.study = uid("study")
        self.series = uid("series")
        self.frame_of_reference = uid("frame of reference")
        self.images = tuple(uid("image", k) for k in range(slices))


def _whole_hu(hu: ArrayLike, grid: Grid) -> tuple[NDArray[np.int16], tuple[Finding, ...]]:
    values = np.asarray(hu)
    if values.shape != grid.shape:
        raise GeometryError(
            f"CT array has shape {values.shape}, the grid {grid.shape}; in order (columns, rows, slices)"
        )
    lowest, highest = float(np.min(values)), float(np.max(values))
    if not (np.iinfo(np.int16).min <= lowest and highest <= np.iinfo(np.int16).max + RESCALE_INTERCEPT_HU):
        raise OutputError(
            f"CT array has values from {lowest:g} to {highest:g} HU, more than 16 stored bits hold; "
            "clip it to -32768 to 31743 HU first"
        )
    voxels, rounded, _ = to_hu(values, 1, 0, "CT array")
    findings = (Finding("hu-rounded", "the array holds fractions of a Hounsfield unit", "note"),) if rounded else ()
    return np.asfortranarray(voxels), findings


def _study(patient_name: str, patient_id: str, uids: _Uids) -> Dataset:
    study = Dataset()
    study.SpecificCharacterSet = "ISO_IR 192"
    study.PatientName = patient_name
    study.PatientID = patient_id
    for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"):
        setattr(study, keyword, "")
    study.ReferringPhysicianName = ""
    study.StudyInstanceUID = uids.study
    study.PositionReferenceIndicator = ""
    return study


def _slice(hu: NDArray[np.int16], grid: Grid, k: int, study: Dataset, uids: _Uids, description: str) -> Dataset:
    image = Dataset()
    image.update(study)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = uids.images[k]
    image.Modality = "CT"
    image.SeriesInstanceUID = uids.series
    image.SeriesNumber = 1
    image.Laterality = ""
    image.SeriesDescription = description
    image.FrameOfReferenceUID = uids.frame_of_reference
    image.Manufacturer = "rtcontour"
    image.PatientPosition = _patient_position(grid)
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.InstanceNumber = k + 1
    image.AcquisitionNumber = 1
    image.KVP = ""
    _place(image, grid, k)
    _fill(image, hu[:, :, k])
    return image


def _patient_position(grid: Grid) -> str:
    """How the patient lies, where an axial scan of the usual display tells: head or feet first, supine or prone."""
    row, column = (
        tuple(np.rint(axis)) if np.allclose(axis, np.rint(axis), atol=0.2) else () for axis in grid.direction[:2]
    )
    return POSITIONS.get((row, column), "")


def _place(image: Dataset, grid: Grid, k: int) -> None:
    """Image Plane Module: the slice in the patient, decimals as long as a DS may be."""
    position_mm = grid.to_mm([[0, 0, k]])[0]
    image.ImagePositionPatient = [_decimal(value) for value in position_mm]
    image.ImageOrientationPatient = [_decimal(value) for axis in grid.direction[:2] for value in axis]
    image.PixelSpacing = [_decimal(grid.spacing_mm[1]), _decimal(grid.spacing_mm[0])]
    image.SliceThickness = _decimal(grid.spacing_mm[2])


def _decimal(value: float) -> DSfloat:
    return DSfloat(float(value) + 0.0, auto_format=True)


def _fill(image: Dataset, slice_hu: NDArray[np.int16]) -> None:
    """Image Pixel and CT Image Modules: rows of pixels, turned back from (column, row)."""
    image.Columns, image.Rows = slice_hu.shape
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit = 15
    image.PixelRepresentation = 1
    image.RescaleIntercept = RESCALE_INTERCEPT_HU
    image.RescaleSlope = 1
    image.RescaleType = "HU"
    stored = slice_hu.astype(np.int32) - RESCALE_INTERCEPT_HU
    image.PixelData = stored.T.astype("<i2").tobytes()
