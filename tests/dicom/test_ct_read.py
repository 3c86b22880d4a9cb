from __future__ import annotations

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from rtcontour.dicom import read_ct_geometry, read_ct_series
from rtcontour.dicom.ct_slices import interpolate_slices, stack_slices
from rtcontour.errors import ConfigError, GeometryError, InputFileError

ROWS, COLUMNS = 3, 5


def codes(findings):
    return [finding.code for finding in findings]


def oblique_axes():
    """A patient turned about two axes: row direction, column direction, normal."""
    turn, tilt = np.radians(20), np.radians(-35)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return (about_z @ about_x).T


@pytest.mark.parametrize(
    "axes", [np.eye(3), oblique_axes(), np.diag([-1.0, 1.0, -1.0])], ids=["axial", "oblique", "feet"]
)
def test_every_pixel_lands_where_the_standard_puts_it(tmp_path, dicom, axes):
    """PS3.3 C.7.6.2.1.1: pixel (row, column) lies at position + column * X * Δj + row * Y * Δi."""
    row_direction, column_direction, normal = axes
    between_rows, between_columns, step = 0.5, 1.5, 4.0
    pixels = np.random.default_rng(1).integers(-1000, 2000, (4, ROWS, COLUMNS))
    positions = np.array([10.0, -7.0, 3.0]) + np.arange(4)[:, None] * step * normal
    for name, n in zip("ahcb", (2, 0, 3, 1), strict=True):
        image = dicom.ct_slice(
            pixels[n],
            positions[n],
            orientation=[*row_direction, *column_direction],
            spacing=(between_rows, between_columns),
            InstanceNumber=7 - n,
        )
        dicom.save(image, tmp_path / name / "slice.dcm")

    ct = read_ct_series(tmp_path)

    assert ct.grid.shape == (COLUMNS, ROWS, 4) and ct.hu.dtype == np.int16 and ct.hu.flags.f_contiguous
    for n in range(4):
        for row in range(ROWS):
            for column in range(COLUMNS):
                point = positions[n] + column * between_columns * row_direction + row * between_rows * column_direction
                index = ct.grid.to_index([point])[0]
                assert np.allclose(index, np.rint(index), atol=1e-4)
                assert ct.hu[tuple(np.rint(index).astype(int))] == pixels[n, row, column]


def test_headers_alone_give_the_same_geometry(tmp_path, dicom):
    dicom.save_stack(tmp_path, [4, 0, 2])
    geometry, ct = read_ct_geometry(tmp_path), read_ct_series(tmp_path)
    assert geometry.grid == ct.grid and geometry.image_uids == ct.image_uids
    assert [path.name for path in geometry.paths] == ["1.dcm", "2.dcm", "0.dcm"]
    assert (ct.series_uid, ct.study_uid, ct.frame_of_reference_uid) == (dicom.SERIES, dicom.STUDY, dicom.FRAME)
    assert ct.hu[0, 0].tolist() == [0, 2, 4]


def test_rescale_is_applied_slice_by_slice(tmp_path, dicom):
    for n, (slope, intercept) in enumerate([(1, -1024), (2, 10)]):
        image = dicom.ct_slice(np.full((2, 3), 100), (0, 0, n), RescaleSlope=slope, RescaleIntercept=intercept)
        dicom.save(image, tmp_path / f"{n}.dcm")
    ct = read_ct_series(tmp_path)
    assert ct.hu[0, 0].tolist() == [-924, 210] and ct.findings == ()


def test_fractions_of_a_hounsfield_unit_are_rounded_with_a_finding(tmp_path, dicom):
    dicom.save(dicom.ct_slice(np.array([[1, 3]]), (0, 0, 0), RescaleSlope="0.6"), tmp_path / "0.dcm")
    ct = read_ct_series(tmp_path)
    assert ct.hu[:, 0, 0].tolist() == [1, 2] and "hu-rounded" in codes(ct.findings)


def test_values_outside_int16_are_refused(tmp_path, dicom):
    dicom.save(dicom.ct_slice(np.array([[1, 3000]]), (0, 0, 0), RescaleSlope=100), tmp_path / "0.dcm")
    with pytest.raises(InputFileError, match="300000 HU"):
        read_ct_series(tmp_path)


def test_a_slice_without_rescale_has_no_hounsfield_units(tmp_path, dicom):
    image = dicom.ct_slice(np.zeros((2, 2)), (0, 0, 0))
    del image.RescaleSlope
    dicom.save(image, tmp_path / "0.dcm")
    assert read_ct_geometry(tmp_path).grid.shape == (2, 2, 1)
    with pytest.raises(InputFileError, match="Rescale"):
        read_ct_series(tmp_path)


def test_two_series_ask_for_a_choice_and_take_it(tmp_path, dicom):
    dicom.save_stack(tmp_path / "a", [0, 2, 4])
    dicom.save_stack(tmp_path / "b", [0, 5], series="1.2.3.5")
    with pytest.raises(InputFileError, match="--series") as error:
        read_ct_geometry(tmp_path)
    assert "1.2.3.4 (3 slices, 2 mm apart)" in str(error.value) and "1.2.3.5 (2 slices, 5 mm" in str(error.value)
    assert read_ct_geometry(tmp_path, series_uid="1.2.3.5").grid.spacing_mm[2] == 5.0
    with pytest.raises(InputFileError, match=r"no CT series 9\.9"):
        read_ct_geometry(tmp_path, series_uid="9.9")


def test_what_is_not_ct_is_counted_and_skipped(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2])
    (tmp_path / "notes.dcm").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    dicom.save(dicom.ct_slice(np.zeros((2, 2)), (0, 0, 9), SOPClassUID="1.2.840.10008.5.1.4.1.1.4"), tmp_path / "mr")
    dicom.save(
        dicom.ct_slice(np.zeros((9, 9)), (0, 0, 1), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), tmp_path / "lo"
    )
    ct = read_ct_series(tmp_path)
    assert ct.grid.shape == (2, 3, 2)
    assert codes(ct.findings) == ["files-skipped", "localizer-skipped"] and ct.findings[0].message.endswith(": 3")


def test_a_folder_without_ct_says_what_is_there(tmp_path, dicom):
    dicom.save(dicom.ct_slice(np.zeros((2, 2)), (0, 0, 0), SOPClassUID="1.2.3", Modality="MR"), tmp_path / "0")
    with pytest.raises(InputFileError, match=r"no CT slices .*MR"):
        read_ct_series(tmp_path)
    with pytest.raises(InputFileError, match="does not exist"):
        read_ct_series(tmp_path / "nowhere")
    with pytest.raises(InputFileError, match="is a file"):
        read_ct_series(tmp_path / "0")


def test_a_missing_slice_is_interpolated_and_marked(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 3, 6, 12, 24, 27])
    ct = read_ct_series(tmp_path)
    assert ct.grid.shape == (2, 3, 10) and ct.grid.spacing_mm[2] == 3.0
    assert ct.hu[0, 0].tolist() == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
    assert [uid is None for uid in ct.image_uids] == [k in (3, 5, 6, 7) for k in range(10)]
    assert codes(ct.findings) == ["slice-missing"] and "4 of 10 slices" in ct.findings[0].message
    assert read_ct_geometry(tmp_path).grid == read_ct_series(tmp_path, uneven="refuse").grid == ct.grid


def test_uneven_slices_are_resampled_to_the_finest_step_or_refused(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 5, 10, 12, 14, 16, 21, 26])
    ct = read_ct_series(tmp_path)
    assert ct.grid.shape == (2, 3, 14) and ct.grid.spacing_mm[2] == 2.0 and ct.grid.origin_mm[2] == 0.0
    assert ct.hu[0, 0].tolist() == list(range(0, 27, 2))  # z itself, which is linear
    assert [k for k, uid in enumerate(ct.image_uids) if uid is not None] == [0, 5, 6, 7, 8, 13]
    assert codes(ct.findings) == ["spacing-uneven"] and "2, 5 mm" in ct.findings[0].message
    with pytest.raises(GeometryError, match="2, 5 mm apart; expected even steps"):
        read_ct_geometry(tmp_path, uneven="refuse")
    with pytest.raises(ConfigError, match="'resample' or 'refuse'"):
        read_ct_geometry(tmp_path, uneven="ignore")


@pytest.mark.parametrize("step", [1.1, 1.05])
def test_small_deviations_that_add_up_are_uneven(step):
    """Each step is within the tolerance of the usual one; half-way the positions would be off by millimetres."""
    depths = np.cumsum([0.0, *[1.0] * 50, *[step] * 50])
    with pytest.raises(GeometryError, match="expected even steps"):
        stack_slices(depths, [""] * 101, "ct", "refuse")
    stack, findings = stack_slices(depths, [""] * 101, "ct", "resample")
    assert codes(findings) == ["spacing-uneven"] and np.allclose(np.diff(stack.at) * stack.spacing_mm, np.diff(depths))
    assert np.diff(np.ceil(stack.at - 0.5)).min() >= 1  # no two images on one slice


def test_only_the_chosen_series_must_be_sound(tmp_path, dicom):
    dicom.save_stack(tmp_path / "a", [0, 2, 4])
    broken = dicom.ct_slice(np.zeros((3, 2)), (0, 0, 0), series="1.2.3.5")
    del broken.ImagePositionPatient
    dicom.save(broken, tmp_path / "b" / "0.dcm")
    assert read_ct_geometry(tmp_path, series_uid=dicom.SERIES).grid.shape == (2, 3, 3)
    with pytest.raises(InputFileError, match=r"1\.2\.3\.5 \(1 files, of which one cannot be read\)"):
        read_ct_geometry(tmp_path)


@given(steps=lists(sampled_from([1, 1.25, 2, 3, 5]), min_size=1, max_size=12))
def test_every_image_of_an_uneven_stack_lies_on_a_slice(steps):
    depths = np.cumsum([10.0, *steps])
    stack, findings = stack_slices(depths, [str(depth) for depth in depths], "ct", "resample")
    assert stack.spacing_mm == pytest.approx(min(steps)) and codes(findings) in (
        [],
        ["slice-missing"],
        ["spacing-uneven"],
    )
    k = np.ceil(stack.at - 0.5)
    assert k[0] == 0 and k[-1] == stack.slices - 1 and np.allclose(np.diff(stack.at) * stack.spacing_mm, steps)
    images = np.asfortranarray(np.broadcast_to(depths.astype(np.int16), (2, 3, depths.size)))
    hu = interpolate_slices(images, stack)
    assert hu.shape == (2, 3, stack.slices) and np.all(np.diff(hu[0, 0]) >= 0)


def test_a_gap_that_would_have_to_be_made_up_is_refused(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2, 4, 400])
    with pytest.raises(GeometryError, match="4 slices, where an even stack has 201"):
        read_ct_series(tmp_path)


def test_positions_rounded_by_the_scanner_are_even_enough(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 1.2, 2.3, 3.5, 4.7])
    assert read_ct_geometry(tmp_path).grid.spacing_mm[2] == pytest.approx(4.7 / 4)


def test_two_slices_at_one_position_are_refused(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2, 2, 4])
    with pytest.raises(GeometryError, match=r"one position \(2\.00 mm\)"):
        read_ct_series(tmp_path)


@pytest.mark.parametrize(
    "attributes",
    [{"spacing": (1, 2)}, {"orientation": (0, 1, 0, -1, 0, 0)}, {"FrameOfReferenceUID": "9.9"}, {"PatientID": "OTHER"}],
)
def test_slices_that_differ_make_no_series(tmp_path, dicom, attributes):
    dicom.save_stack(tmp_path, [0, 2])
    dicom.save(dicom.ct_slice(np.zeros((3, 2)), (0, 0, 4), **attributes), tmp_path / "odd.dcm")
    with pytest.raises(GeometryError, match=r"odd\.dcm") as error:
        read_ct_series(tmp_path)
    assert "SECRET" not in str(error.value) and "OTHER" not in str(error.value)


def test_slices_of_another_size_make_no_series(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2])
    dicom.save(dicom.ct_slice(np.zeros((2, 3)), (0, 0, 4)), tmp_path / "odd.dcm")
    with pytest.raises(GeometryError, match="columns x rows"):
        read_ct_series(tmp_path)


def test_a_tilted_gantry_is_no_straight_stack(tmp_path, dicom):
    for n in range(3):
        dicom.save(dicom.ct_slice(np.zeros((3, 2)), (0, 0.5 * n, 2 * n)), tmp_path / f"{n}.dcm")
    with pytest.raises(GeometryError, match=r"shift by 1\.00 mm"):
        read_ct_series(tmp_path)


def test_a_single_slice_is_as_thick_as_its_header_says(tmp_path, dicom):
    dicom.save_stack(tmp_path, [7])
    ct = read_ct_series(tmp_path)
    assert ct.grid.spacing_mm[2] == 2.0 and "single-slice" in codes(ct.findings)


def test_a_missing_frame_of_reference_is_a_finding(tmp_path, dicom):
    for z in (0, 2):
        image = dicom.ct_slice(np.zeros((3, 2)), (0, 0, z))
        del image.FrameOfReferenceUID
        dicom.save(image, tmp_path / f"{z}.dcm")
    ct = read_ct_geometry(tmp_path)
    assert ct.frame_of_reference_uid is None and codes(ct.findings) == ["frame-of-reference-missing"]


def test_run_length_compressed_slices_are_read(tmp_path, dicom):
    pixels = np.arange(12).reshape(3, 4)
    image = dicom.ct_slice(pixels, (0, 0, 0))
    image.set_original_encoding(False, True)
    image.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    dicom.save(image, tmp_path / "rle.dcm")
    assert np.array_equal(read_ct_series(tmp_path).hu[:, :, 0], pixels.T)


def test_pixels_that_cannot_be_decoded_name_the_remedy(tmp_path, dicom):
    image = dicom.ct_slice(np.zeros((3, 4)), (0, 0, 0))
    image.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    image.PixelData = pydicom.encaps.encapsulate([b"not a picture "])
    image["PixelData"].is_undefined_length = True
    dicom.save(image, tmp_path / "j2k.dcm")
    with pytest.raises(InputFileError, match=r"j2k\.dcm: pixels are compressed \(JPEG 2000"):
        read_ct_series(tmp_path)


def test_a_file_cut_short_is_refused_by_name(tmp_path, dicom):
    dicom.save_stack(tmp_path, [0, 2])
    whole = (tmp_path / "1.dcm").read_bytes()
    (tmp_path / "1.dcm").write_bytes(whole[:-4])
    with pytest.raises(InputFileError, match=r"1\.dcm"):
        read_ct_series(tmp_path)


def test_a_header_without_position_is_refused_by_name(tmp_path, dicom):
    image = dicom.ct_slice(np.zeros((3, 2)), (0, 0, 0))
    del image.ImagePositionPatient
    dicom.save(image, tmp_path / "0.dcm")
    with pytest.raises(InputFileError, match=r"0\.dcm: ImagePositionPatient has 0 numbers, expected 3"):
        read_ct_geometry(tmp_path)
