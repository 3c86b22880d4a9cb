"""CT slices made with pydicom alone, so that nothing under test takes part in making them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SERIES = "1.2.3.4"
STUDY = "1.2.3.1"
FRAME = "1.2.3.9"


def ct_slice(pixels, position, *, orientation=(1, 0, 0, 0, 1, 0), spacing=(1.0, 1.0), series=SERIES, **attributes):
    """One slice: pixels (rows, columns) as stored; spacing (between rows, between columns) as DICOM has it."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = pydicom.uid.generate_uid()
    image.Modality = "CT"
    image.PatientName, image.PatientID = "Secret^Name", "SECRET-ID"
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = STUDY, series, FRAME
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.ImagePositionPatient = [round(float(c), 6) for c in position]
    image.ImageOrientationPatient = [round(float(c), 8) for c in orientation]
    image.PixelSpacing = list(spacing)
    image.SliceThickness = 2.0
    image.Rows, image.Columns = pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    image.RescaleIntercept, image.RescaleSlope = 0, 1
    image.PixelData = pixels.astype("<i2").tobytes()
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def save(image, path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, image, enforce_file_format=True)
    return path


def save_stack(folder, depths, **attributes):
    """Axial 3 x 2 slices at these z, each filled with its z."""
    for n, z in enumerate(depths):
        save(ct_slice(np.full((3, 2), z), (0, 0, z), **attributes), Path(folder) / f"{n}.dcm")


@pytest.fixture
def dicom():
    """The makers above, for test modules that are no package."""
    from types import SimpleNamespace

    return SimpleNamespace(ct_slice=ct_slice, save=save, save_stack=save_stack, SERIES=SERIES, STUDY=STUDY, FRAME=FRAME)
