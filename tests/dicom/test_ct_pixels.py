"""Every way to store the pixels of a CT gives the Hounsfield units that the standard says."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from rtcontour.dicom import read_ct_geometry, read_ct_series, read_structure_set, write_structure_set
from rtcontour.errors import GeometryError, InputFileError
from rtcontour.mask import Mask

ROWS, COLUMNS = 3, 5
PIXELS = np.random.default_rng(2).integers(-1000, 3000, (ROWS, COLUMNS))


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_plain_pixels_are_read_in_any_encoding(tmp_path, dicom, syntax):
    image = dicom.ct_slice(PIXELS, (0, 0, 0), RescaleIntercept=-24)
    image.file_meta.TransferSyntaxUID = syntax
    image.PixelData = PIXELS.astype(">i2" if syntax == ExplicitVRBigEndian else "<i2").tobytes()
    dicom.save(image, tmp_path / "0.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], PIXELS.T - 24)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_slice_without_preamble_and_file_meta_is_read(tmp_path, dicom, implicit):
    image = dicom.ct_slice(PIXELS, (0, 0, 0))
    del image.file_meta
    pydicom.dcmwrite(tmp_path / "0.dcm", image, implicit_vr=implicit, little_endian=True)
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], PIXELS.T)


def test_a_deflated_file_is_read(tmp_path, dicom):
    image = dicom.ct_slice(PIXELS, (0, 0, 0))
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dicom.save(image, tmp_path / "0.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], PIXELS.T)


def test_a_header_longer_than_the_first_bytes_read_is_no_obstacle(tmp_path, dicom):
    image = dicom.ct_slice(PIXELS, (0, 0, 0))
    image.add_new(0x00091001, "OB", bytes(40000))
    dicom.save(image, tmp_path / "0.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], PIXELS.T)


@pytest.mark.parametrize(("signed", "intercept"), [(0, -1024), (1, 0)])
def test_unused_bits_are_ignored_and_the_sign_is_kept(tmp_path, dicom, signed, intercept):
    """12 of 16 bits stored: what is above them may be anything (PS3.5 8.1.1)."""
    values = PIXELS.clip(-1024, 1023) - intercept
    stored = (values & 0x0FFF) | 0x5000
    image = dicom.ct_slice(stored, (0, 0, 0), BitsStored=12, HighBit=11, PixelRepresentation=signed)
    image.RescaleIntercept = intercept
    dicom.save(image, tmp_path / "0.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], values.T + intercept)


def test_unsigned_values_may_use_all_sixteen_bits(tmp_path, dicom):
    stored = np.array([[0, 1024, 32767, 33000, 33791]])
    image = dicom.ct_slice(stored.astype(np.uint16).view(np.int16), (0, 0, 0), PixelRepresentation=0)
    image.RescaleIntercept = -1024
    dicom.save(image, tmp_path / "0.dcm")
    assert read_ct_series(tmp_path).hu[:, 0, 0].tolist() == [-1024, 0, 31743, 31976, 32767]


def test_padding_keeps_its_value_where_that_is_a_number_of_hu(tmp_path, dicom):
    image = dicom.ct_slice(np.array([[-2000, 24]]), (0, 0, 0), PixelPaddingValue=-2000, RescaleIntercept=-1024)
    dicom.save(image, tmp_path / "0.dcm")
    ct = read_ct_series(tmp_path)
    assert ct.hu[:, 0, 0].tolist() == [-3024, -1000] and codes(ct.findings) == ["single-slice"]


@pytest.mark.parametrize(("value", "limit"), [(-32768, None), (32768, None), (-32768, -32000)])
def test_padding_beyond_int16_becomes_air_with_a_finding(tmp_path, dicom, value, limit):
    """-32768 is also written as 32768, the same bits; a limit makes it a range (PS3.3 C.7.5.1.1.2)."""
    image = dicom.ct_slice(np.array([[-32768, 24, -32700 if limit else -32768]]), (0, 0, 0), RescaleIntercept=-1024)
    image.add_new("PixelPaddingValue", "US" if value > 0 else "SS", value)
    if limit is not None:
        image.add_new("PixelPaddingRangeLimit", "SS", limit)
    dicom.save(image, tmp_path / "0.dcm")
    ct = read_ct_series(tmp_path)
    assert ct.hu[:, 0, 0].tolist() == [-1024, -1000, -1024]
    assert "padding-as-air" in codes(ct.findings) and "2 voxels" in ct.findings[-1].message


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless], ids=["RLE", "JPEG 2000"])
def test_compressed_slices_are_read(tmp_path, dicom, syntax):
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg", reason="pylibjpeg-openjpeg is not installed (extra rtcontour[compressed])")
    pixels = np.tile(PIXELS, (12, 8))  # JPEG 2000 halves an image five times
    for n in range(3):
        image = dicom.ct_slice(pixels + n, (0, 0, n))
        image.set_original_encoding(False, True)
        image.compress(syntax, generate_instance_uid=False)
        dicom.save(image, tmp_path / f"{n}.dcm")
    hu = read_ct_series(tmp_path).hu
    assert all(np.array_equal(hu[:, :, n], pixels.T + n) for n in range(3))


def enhanced(dicom, frames=4, **attributes):
    """An enhanced CT of frames that ascend by 2.5 mm, the later ones stored first, with its plane described once."""
    image = dicom.ct_slice(PIXELS, (0, 0, 0), SOPClassUID=EnhancedCTImageStorage, **attributes)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(image, keyword)
    image.NumberOfFrames = frames
    image.SharedFunctionalGroupsSequence = [group(orientation=[1, 0, 0, 0, 1, 0], spacing=[0.5, 1.5])]
    image.PerFrameFunctionalGroupsSequence = [
        group(position=[1, 2, 2.5 * z], rescale=(1, -10 * z)) for z in reversed(range(frames))
    ]
    image.PixelData = np.stack([PIXELS + z for z in reversed(range(frames))]).astype("<i2").tobytes()
    return image


def group(*, orientation=None, spacing=None, position=None, rescale=None):
    def one(**attributes):
        item = Dataset()
        for keyword, value in attributes.items():
            setattr(item, keyword, value)
        return [item]

    item = Dataset()
    if orientation:
        item.PlaneOrientationSequence = one(ImageOrientationPatient=orientation)
    if spacing:
        item.PixelMeasuresSequence = one(PixelSpacing=spacing, SliceThickness=2.5)
    if position:
        item.PlanePositionSequence = one(ImagePositionPatient=position)
    if rescale:
        slope, intercept = rescale
        item.PixelValueTransformationSequence = one(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")
    return item


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "RLE"])
def test_an_enhanced_ct_is_a_series_of_its_frames(tmp_path, dicom, compressed):
    image = enhanced(dicom)
    if compressed:
        image.set_original_encoding(False, True)
        image.compress(RLELossless, generate_instance_uid=False)
    dicom.save(image, tmp_path / "ct" / "all.dcm")
    ct = read_ct_series(tmp_path / "ct")
    assert ct.grid.shape == (COLUMNS, ROWS, 4) and ct.grid.spacing_mm == (1.5, 0.5, 2.5)
    assert all(np.array_equal(ct.hu[:, :, z], PIXELS.T + z - 10 * z) for z in range(4))
    assert ct.frames == (4, 3, 2, 1) and set(ct.image_uids) == {image.SOPInstanceUID} and ct.findings == ()


def test_contours_on_an_enhanced_ct_refer_to_its_frames(tmp_path, dicom):
    image = enhanced(dicom)
    dicom.save(image, tmp_path / "ct" / "all.dcm")
    ct = read_ct_geometry(tmp_path / "ct")
    array = np.zeros(ct.grid.shape, bool)
    array[1:3, 1:3, 2] = True
    path = write_structure_set(tmp_path / "rs.dcm", {"Bladder": Mask.from_array(array, ct.grid)}, ct)
    reference = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence[0].ContourImageSequence[0]
    assert reference.ReferencedSOPClassUID == EnhancedCTImageStorage and reference.ReferencedFrameNumber == 2
    assert read_structure_set(path)["Bladder"].contours[0].image_uid == image.SOPInstanceUID


def test_an_enhanced_ct_that_does_not_describe_its_frames_is_refused(tmp_path, dicom):
    image = enhanced(dicom)
    image.NumberOfFrames = 5
    dicom.save(image, tmp_path / "all.dcm")
    with pytest.raises(InputFileError, match="describes 4 of its 5 frames"):
        read_ct_geometry(tmp_path)


def test_frames_at_one_position_are_named_by_their_numbers(tmp_path, dicom):
    image = enhanced(dicom)
    image.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0].ImagePositionPatient = [1, 2, 7.5]
    dicom.save(image, tmp_path / "all.dcm")
    with pytest.raises(GeometryError, match="frame 1 and frame 2 lie at one position"):
        read_ct_geometry(tmp_path)


def test_frames_that_are_missing_are_not_made_up(tmp_path, dicom):
    image = enhanced(dicom)
    image.set_original_encoding(False, True)
    image.compress(RLELossless, generate_instance_uid=False)
    frames = list(pydicom.encaps.generate_frames(image.PixelData, number_of_frames=4))
    image.PixelData = pydicom.encaps.encapsulate(frames[:3])
    dicom.save(image, tmp_path / "all.dcm")
    with pytest.raises(InputFileError, match=r"all\.dcm: (holds 3 of its 4 frames|has broken or incomplete pixels)"):
        read_ct_series(tmp_path)


def test_an_enhanced_ct_of_one_frame_is_as_thick_as_its_group_says(tmp_path, dicom):
    dicom.save(enhanced(dicom, frames=1), tmp_path / "all.dcm")
    assert read_ct_geometry(tmp_path).grid.spacing_mm[2] == 2.5


def test_bits_above_the_lowest_are_shifted_down(tmp_path, dicom):
    values = PIXELS.clip(0, 4095)
    stored = (values << 4).astype(np.uint16).view(np.int16)
    image = dicom.ct_slice(stored, (0, 0, 0), BitsStored=12, HighBit=15, PixelRepresentation=0)
    dicom.save(image, tmp_path / "0.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], values.T)


@pytest.mark.parametrize(("kind", "read"), [("Z_EFF", False), ("MGML", False), ("HU", True), ("US", True), ("", True)])
def test_values_that_are_no_hu_are_refused(tmp_path, dicom, kind, read):
    dicom.save(dicom.ct_slice(PIXELS, (0, 0, 0), RescaleType=kind), tmp_path / "0.dcm")
    if read:
        assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], PIXELS.T)
    else:
        with pytest.raises(InputFileError, match=f"values are {kind}, not HU"):
            read_ct_series(tmp_path)
