import logging

import numpy as np
import pytest

from rtcontour.datasets import write_image
from rtcontour.dicom import write_ct_series
from rtcontour.errors import InputFileError
from rtcontour.grid import Grid
from rtcontour.transforms import ReadScand

OBLIQUE = Grid((7, 5, 4), (0.7, 1.3, 2.5), (-12.25, 7.5, 101.0), ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0)))


def numbered(shape):
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape, order="F")


@pytest.mark.parametrize("write", [write_ct_series, write_image], ids=["a folder of DICOM slices", "a NIfTI file"])
def test_a_scan_keeps_its_voxels_and_its_place(tmp_path, write):
    hu = numbered(OBLIQUE.shape)
    path = tmp_path / "scan.nii.gz"  # a folder may be called that as well
    write(path, hu, OBLIQUE)
    image = ReadScand()({"image": str(path), "case": "c1"})["image"]
    assert np.array_equal(image[0].numpy(), hu)
    assert np.allclose(image.affine, OBLIQUE.affine_ras, atol=1e-4)
    assert image.meta["filename_or_obj"] == str(path)


def test_what_is_odd_about_a_scan_is_logged(tmp_path, caplog):
    write_ct_series(tmp_path / "ct", numbered(OBLIQUE.shape), OBLIQUE)
    (tmp_path / "ct" / "notes.txt").write_text("no DICOM")
    with caplog.at_level(logging.INFO, "rtcontour"):
        ReadScand()({"image": str(tmp_path / "ct")})
    assert len(caplog.records) == 1


def test_a_folder_without_a_ct_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=str(tmp_path)):
        ReadScand()({"image": str(tmp_path)})
