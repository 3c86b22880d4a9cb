from __future__ import annotations

import dataclasses

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.contours import Contour, rasterize
from rtcontour.dicom import Algorithm, check_frame_of_reference, read_ct_geometry, read_structure_set, write_ct_series
from rtcontour.dicom import write_structure_set as write
from rtcontour.dicom.coordinates import decimal_strings
from rtcontour.errors import ConfigError, Finding, GeometryError, InputFileError, OutputError, StructureNameError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

SHAPE = (7, 5, 4)
OBLIQUE = Grid(SHAPE, (0.7, 1.3, 2.5), (-12.25, 7.5, 101.0), ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0)))


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct") / "ct"
    write_ct_series(folder, np.zeros(SHAPE, np.int16), OBLIQUE, patient_name="Ünal^Ana", patient_id="P1", seed=1)
    return read_ct_geometry(folder)


def ring():
    """A ring with a hole on two slices, and a part of its own at the image border."""
    array = np.zeros(SHAPE, bool)
    array[1:6, 0:4, 1:3] = True
    array[2:4, 1:3, 1:3] = False
    array[6, 4, 3] = True
    return Mask.from_array(array, OBLIQUE)


def codes(findings):
    return [finding.code for finding in findings]


def test_what_is_written_rasterises_to_the_same_voxels(tmp_path, ct):
    path = write(tmp_path / "rs.dcm", {"Bladder": ring()}, ct)
    structures = read_structure_set(path)
    assert np.array_equal(rasterize(structures["Bladder"], ct.grid).full(), ring().full())
    assert structures.findings == () and check_frame_of_reference(structures, ct) == []
    assert (structures.label, structures.approval) == ("rtcontour", "UNAPPROVED")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(array=arrays(bool, SHAPE))
def test_any_mask_survives_the_file(tmp_path, ct, array):
    path = write(tmp_path / "rs.dcm", {"x": Mask.from_array(array, OBLIQUE)}, ct, replace=True, findings=[])
    assert np.array_equal(rasterize(read_structure_set(path)["x"], ct.grid).full(), array)


def test_each_contour_refers_to_the_image_it_lies_on(tmp_path, ct):
    structures = read_structure_set(write(tmp_path / "rs.dcm", {"Bladder": ring()}, ct))
    for contour in structures["Bladder"].contours:
        k = ct.image_uids.index(contour.image_uid)
        assert np.allclose(ct.grid.to_index(contour.points_mm)[:, 2], k, atol=0.01)


def test_the_file_is_valid_and_belongs_to_the_patient(tmp_path, ct, dciodvfy_errors):
    masks = {"Femur_Head_L": ring(), "Größe\\2": Mask.from_array(np.zeros(SHAPE, bool), OBLIQUE)}
    path = write(tmp_path / "rs.dcm", masks, ct, findings=[])
    assert dciodvfy_errors(path) == []
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.ImplicitVRLittleEndian
    assert (dataset.PatientName, dataset.PatientID, dataset.StudyInstanceUID) == ("Ünal^Ana", "P1", ct.study_uid)
    series = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == ct.series_uid
    assert tuple(item.ReferencedSOPInstanceUID for item in series.ContourImageSequence) == ct.image_uids
    for item in dataset.ROIContourSequence[0].ContourSequence:
        assert max(len(str(value)) for value in item.ContourData) <= 16
        assert item.NumberOfContourPoints * 3 == len(item.ContourData)


def test_colour_type_and_code_come_from_the_structure(tmp_path, ct):
    path = write(tmp_path / "rs.dcm", {"Bladder": ring(), "something else": ring()}, ct)
    known, unknown = read_structure_set(path).rois
    assert known.interpreted_type == "ORGAN" and known.color == (255, 215, 0)
    assert unknown.interpreted_type == "" and unknown.color is not None
    observation = pydicom.dcmread(path).RTROIObservationsSequence[0]
    assert observation.RTROIIdentificationCodeSequence[0].CodeValue == "89837001"


def test_an_empty_mask_is_an_roi_without_contours(tmp_path, ct):
    path = write(tmp_path / "rs.dcm", {"Bladder": Mask.from_array(np.zeros(SHAPE, bool), OBLIQUE)}, ct)
    assert read_structure_set(path)["Bladder"].contours == ()
    assert "ContourSequence" not in pydicom.dcmread(path).ROIContourSequence[0]


def test_long_and_unsafe_names_and_labels_are_shortened_with_findings(tmp_path, ct):
    found = []
    masks = {"a" * 70: ring(), "a" * 71: ring(), "b\\c": ring()}
    path = write(tmp_path / "rs.dcm", masks, ct, label="longer than sixteen", findings=found)
    structures = read_structure_set(path)
    assert [roi.name for roi in structures.rois] == ["a" * 64, "a" * 62 + "_2", "b_c"]
    assert structures.label == "longer than sixt"
    assert codes(found).count("roi-renamed") == 3 and codes(found).count("label-shortened") == 3
    labels = [item.ROIObservationLabel for item in pydicom.dcmread(path).RTROIObservationsSequence]
    assert labels == ["a" * 16, "a" * 16, "b_c"]


@pytest.mark.parametrize("name, charset", [("Bladder", "ISO_IR 100"), ("Größe", "ISO_IR 100"), ("膀胱", "ISO_IR 192")])
def test_names_keep_their_letters(tmp_path, ct, name, charset):
    path = write(tmp_path / "rs.dcm", {name: ring()}, ct)
    dataset = pydicom.dcmread(path)
    assert read_structure_set(path).rois[0].name == name and dataset.SpecificCharacterSet == charset
    assert dataset.PatientName == "Ünal^Ana"


def test_a_mask_of_another_grid_or_without_name_is_refused(tmp_path, ct):
    shifted = Grid(SHAPE, OBLIQUE.spacing_mm, (0, 0, 0), OBLIQUE.direction)
    with pytest.raises(GeometryError, match="'Bladder'"):
        write(tmp_path / "rs.dcm", {"Bladder": Mask.from_array(ring().full(), shifted)}, ct)
    with pytest.raises(StructureNameError, match="empty name"):
        write(tmp_path / "rs.dcm", {" ": ring()}, ct)
    assert not (tmp_path / "rs.dcm").exists()


def test_nothing_existing_is_replaced_unasked(tmp_path, ct):
    path = write(tmp_path / "rs.dcm", {"Bladder": ring()}, ct)
    with pytest.raises(OutputError, match="exists already"):
        write(path, {"Bladder": ring()}, ct)
    first = read_structure_set(path).sop_instance_uid
    assert read_structure_set(write(path, {"PTV": ring()}, ct, replace=True)).sop_instance_uid != first


def test_findings_of_masks_are_delivered_and_told_to_the_reviewer(tmp_path, ct):
    odd = Finding("contour-off-slice", "a contour lies outside the image", subject="Bladder")
    note = Finding("roi-empty", "has no contours", "note")
    found = []
    mask = Mask.from_array(ring().full(), OBLIQUE, (odd, odd, note))
    path = write(tmp_path / "rs.dcm", {"Bladder": mask}, ct, findings=found)
    assert found == [odd, odd, note]
    assert pydicom.dcmread(path).StructureSetDescription == "rtcontour: contour-off-slice (1 ROI)"


def test_a_contour_longer_than_64_kilobytes_stays_whole(tmp_path):
    """A comb whose teeth give one contour of more than 65534 bytes, the limit of explicit VR."""
    grid = Grid((1900, 9, 1), (1.013, 1.0, 1.0), (-1000.0, 0.0, 0.0))
    ct = write_ct_series(tmp_path / "ct", np.zeros(grid.shape, np.int16), grid)
    array = np.zeros(grid.shape, bool)
    array[:, 0] = True
    array[::2] = True
    path = write(tmp_path / "rs.dcm", {"comb": Mask.from_array(array, grid)}, ct)
    longest = max(pydicom.dcmread(path).ROIContourSequence[0].ContourSequence, key=lambda c: c.NumberOfContourPoints)
    assert len(longest.get_item("ContourData").value) > 65534
    assert np.array_equal(rasterize(read_structure_set(path)["comb"], grid).full(), array)


def test_a_ct_without_frame_of_reference_gets_one(tmp_path, dicom):
    for z in (0, 2):
        image = dicom.ct_slice(np.zeros((3, 2)), (0, 0, z))
        del image.FrameOfReferenceUID
        dicom.save(image, tmp_path / "ct" / f"{z}.dcm")
    ct, found = read_ct_geometry(tmp_path / "ct"), []
    mask = Mask.from_array(np.ones((2, 3, 2)), ct.grid)
    structures = read_structure_set(write(tmp_path / "rs.dcm", {"Bladder": mask}, ct, findings=found))
    assert structures.frame_of_reference_uid.startswith("2.25.") and codes(found) == ["frame-of-reference-made"]
    assert codes(check_frame_of_reference(structures, ct)) == ["frame-of-reference-unknown"]


def contour_bytes(path):
    items = pydicom.dcmread(path).ROIContourSequence
    return [[bytes(c.get_item("ContourData").value) for c in roi.get("ContourSequence") or ()] for roi in items]


def test_appending_keeps_what_was_there(tmp_path, ct, dciodvfy_errors):
    first = write(tmp_path / "first.dcm", {"Bladder": ring(), "PTV": ring()}, ct)
    before, found = read_structure_set(first), []
    both = write(tmp_path / "both.dcm", {"Rectum": ring(), "PTV": ring()}, ct, append_to=first, findings=found)
    after = read_structure_set(both)
    assert [(roi.number, roi.name) for roi in after.rois] == [(1, "Bladder"), (2, "PTV"), (3, "Rectum"), (4, "PTV_2")]
    assert contour_bytes(both)[:2] == contour_bytes(first) and codes(found) == ["roi-renamed"]
    assert after.sop_instance_uid != before.sop_instance_uid and dciodvfy_errors(both) == []


def test_appending_withdraws_the_approval(tmp_path, ct):
    first = write(tmp_path / "first.dcm", {"Bladder": ring()}, ct)
    dataset = pydicom.dcmread(first)
    dataset.ApprovalStatus, dataset.ReviewerName = "APPROVED", "Somebody"
    dataset.save_as(first)
    found = []
    both = write(tmp_path / "both.dcm", {"Rectum": ring()}, ct, append_to=first, findings=found)
    assert read_structure_set(both).approval == "UNAPPROVED" and codes(found) == ["approval-withdrawn"]
    assert "ReviewerName" not in pydicom.dcmread(both)


def test_appending_needs_the_same_frame_of_reference_and_letters(tmp_path, ct):
    first = write(tmp_path / "first.dcm", {"Bladder": ring()}, ct)
    other = write_ct_series(tmp_path / "other", np.zeros(SHAPE, np.int16), OBLIQUE)
    with pytest.raises(GeometryError, match="frame of reference"):
        write(tmp_path / "both.dcm", {"Rectum": ring()}, other, append_to=first)
    with pytest.raises(StructureNameError, match="cannot spell"):
        write(tmp_path / "both.dcm", {"膀胱": ring()}, ct, append_to=first)
    with pytest.raises(InputFileError, match="does not exist"):
        write(tmp_path / "both.dcm", {"Rectum": ring()}, ct, append_to=tmp_path / "nowhere.dcm")
    assert not (tmp_path / "both.dcm").exists()


def test_contours_are_written_as_they_are(tmp_path, ct):
    square = [[-12.004, 7.5, 101.0], [-10.0, 7.5, 101.0], [-10.0, 9.126, 101.0]]
    contours = [
        Contour(np.array(square)),
        Contour(np.array([[1.0, 2.0, 103.5]]), "POINT", ct.image_uids[3]),
        Contour(np.array([[1.0, 2.0, 900.0]]), "POINT"),
    ]
    written = read_structure_set(write(tmp_path / "rs.dcm", {"Iso": contours}, ct))["Iso"].contours
    assert [(c.kind, c.image_uid) for c in written] == [
        ("CLOSED_PLANAR", ct.image_uids[0]),
        ("POINT", ct.image_uids[3]),
        ("POINT", None),
    ]
    assert np.array_equal(written[0].points_mm, np.round(square, 2))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-99999, 99999), min_size=1, max_size=30))
def test_coordinates_are_decimal_strings_to_a_hundredth_of_a_millimetre(values):
    texts = decimal_strings(np.array(values))
    assert all(len(text) <= 16 and "e" not in text and text != "-0" for text in texts)
    assert np.allclose([float(text) for text in texts], values, rtol=0, atol=0.005 + 1e-9)


def test_a_hole_may_be_written_as_a_keyhole(tmp_path, ct):
    pair = read_structure_set(write(tmp_path / "pair.dcm", {"x": ring()}, ct))["x"]
    keyhole = read_structure_set(write(tmp_path / "keyhole.dcm", {"x": ring()}, ct, keyhole=True))["x"]
    assert (len(pair.contours), len(keyhole.contours)) == (5, 3)
    assert np.array_equal(rasterize(keyhole, ct.grid).full(), ring().full())


def test_points_are_dropped_within_a_tolerance_if_asked(tmp_path, ct):
    exact = read_structure_set(write(tmp_path / "exact.dcm", {"x": ring()}, ct))["x"].contours
    fewer = read_structure_set(write(tmp_path / "fewer.dcm", {"x": ring()}, ct, tolerance_mm=0.6))["x"].contours
    assert len(fewer) == len(exact)
    assert sum(len(c.points_mm) for c in fewer) < sum(len(c.points_mm) for c in exact)
    with pytest.raises(ConfigError, match="tolerance_mm"):
        write(tmp_path / "none.dcm", {"x": ring()}, ct, tolerance_mm=-1)


def test_an_roi_is_replaced_by_name_and_keeps_its_number_colour_and_type(tmp_path, ct, dciodvfy_errors):
    first = write(tmp_path / "first.dcm", {"Bladder": ring(), "PTV": ring()}, ct)
    dataset = pydicom.dcmread(first)
    dataset.ROIContourSequence[0].ROIDisplayColor = [1, 2, 3]
    dataset.RTROIObservationsSequence[0].RTROIInterpretedType = "AVOIDANCE"
    dataset.save_as(first)
    smaller = np.zeros(SHAPE, bool)
    smaller[2:4, 2, 2] = True
    found = []
    both = write(
        tmp_path / "both.dcm",
        {"Bladder": Mask.from_array(smaller, OBLIQUE), "Rectum": ring()},
        ct,
        append_to=first,
        replace_rois=True,
        findings=found,
    )
    after = read_structure_set(both)
    assert [(roi.number, roi.name) for roi in after.rois] == [(1, "Bladder"), (2, "PTV"), (3, "Rectum")]
    assert (after["Bladder"].color, after["Bladder"].interpreted_type) == ((1, 2, 3), "AVOIDANCE")
    assert np.array_equal(rasterize(after["Bladder"], ct.grid).full(), smaller)
    assert np.array_equal(rasterize(after["PTV"], ct.grid).full(), ring().full())
    assert codes(found) == ["roi-replaced", "roi-not-replaced"] and dciodvfy_errors(both) == []


def test_of_two_rois_of_one_name_none_is_replaced(tmp_path, ct):
    first = write(tmp_path / "first.dcm", {"a": ring(), "b": ring()}, ct)
    dataset = pydicom.dcmread(first)
    dataset.StructureSetROISequence[1].ROIName = "a"
    dataset.save_as(first)
    with pytest.raises(StructureNameError, match=r"2 ROIs .* called 'a'"):
        write(tmp_path / "both.dcm", {"a": ring()}, ct, append_to=first, replace_rois=True)


def test_the_model_is_recorded_where_the_standard_has_a_place_for_it(tmp_path, ct, dciodvfy_errors):
    algorithm = Algorithm("pelvis_fcn", "1.2", "ab" * 32)
    path = write(tmp_path / "rs.dcm", {"Bladder": ring()}, ct, algorithm=algorithm)
    item = pydicom.dcmread(path).StructureSetROISequence[0]
    derivation = item.ROIDerivationAlgorithmIdentificationSequence[0]
    assert derivation.AlgorithmFamilyCodeSequence[0].CodeValue == "123110"
    assert (derivation.AlgorithmName, derivation.AlgorithmVersion) == ("pelvis_fcn", "1.2")
    assert derivation.AlgorithmParameters == "weights sha256 " + "ab" * 32
    assert item.ROIGenerationDescription.endswith("pelvis_fcn 1.2, weights abababababab")
    assert dciodvfy_errors(path) == []


def test_a_contour_on_a_missing_slice_is_kept_and_refers_to_no_image(tmp_path, dicom, dciodvfy_errors):
    dicom.save_stack(tmp_path / "ct", [0, 2, 6, 8])
    ct = read_ct_geometry(tmp_path / "ct")
    mask = Mask.from_array(np.ones(ct.grid.shape, bool), ct.grid)
    path = write(tmp_path / "rs.dcm", {"External": mask}, ct)
    structures = read_structure_set(path)
    assert [contour.image_uid for contour in structures["External"].contours] == list(ct.image_uids)
    assert ct.image_uids.index(None) == 2 and rasterize(structures["External"], ct.grid).voxel_count == mask.voxel_count
    assert codes(check_frame_of_reference(structures, ct)) == [] and dciodvfy_errors(path) == []


def test_masks_of_one_call_never_replace_each_other(tmp_path, ct):
    first = write(tmp_path / "first.dcm", {"X": ring()}, ct)
    small = np.zeros(SHAPE, bool)
    small[1, 1, 1] = True
    masks = {"X": Mask.from_array(small, OBLIQUE), "X ": ring()}
    both = read_structure_set(write(tmp_path / "both.dcm", masks, ct, append_to=first, replace_rois=True, findings=[]))
    assert [roi.name for roi in both.rois] == ["X", "X_2"]
    assert [rasterize(roi, OBLIQUE).voxel_count for roi in both.rois] == [1, ring().voxel_count]


def test_numbers_of_items_without_an_roi_are_given_to_none(tmp_path, ct):
    """Else the new ROI would inherit contours and observations that belong to nobody."""
    first = write(tmp_path / "first.dcm", {"a": ring(), "b": ring()}, ct)
    dataset = pydicom.dcmread(first)
    dataset.ROIContourSequence[1].ReferencedROINumber = 3
    dataset.RTROIObservationsSequence[1].ReferencedROINumber = 4
    dataset.save_as(first)
    found = []
    both = write(tmp_path / "both.dcm", {"new": ring()}, ct, append_to=first, findings=found)
    new = read_structure_set(both)["new"]
    assert new.number == 5 and rasterize(new, OBLIQUE).voxel_count == ring().voxel_count
    assert codes(found).count("roi-number-unknown") == 2


def test_items_without_a_number_survive_a_replacement(tmp_path, ct):
    first = write(tmp_path / "first.dcm", {"a": ring(), "b": ring()}, ct)
    dataset = pydicom.dcmread(first)
    del dataset.ROIContourSequence[0].ReferencedROINumber
    dataset.save_as(first)
    both = write(tmp_path / "both.dcm", {"b": ring()}, ct, append_to=first, replace_rois=True, findings=[])
    assert len(pydicom.dcmread(both).ROIContourSequence) == 2


def test_a_file_keeps_its_frame_when_extended_on_a_ct_without_one(tmp_path, ct, dicom):
    first = write(tmp_path / "first.dcm", {"a": ring()}, ct)
    without = dataclasses.replace(ct, frame_of_reference_uid=None)
    both = read_structure_set(write(tmp_path / "both.dcm", {"b": ring()}, without, append_to=first, findings=[]))
    assert both.rois_elsewhere == () and both.frame_of_reference_uid == ct.frame_of_reference_uid
    assert check_frame_of_reference(both, ct) == []


@pytest.mark.parametrize("label, written", [("前立腺", "前立腺"), ("", "rtcontour"), (" a\\b\nc ", "a_b_c")])
def test_a_label_keeps_its_letters_and_is_never_empty(tmp_path, ct, label, written):
    assert read_structure_set(write(tmp_path / "rs.dcm", {"x": ring()}, ct, label=label)).label == written


@pytest.mark.parametrize(
    "contour, said",
    [
        (Contour(np.zeros((3, 3)), ""), "is of type ''"),
        (Contour(np.zeros((3, 3)), "RÜND"), "is of type 'RÜND'"),
        (Contour(np.zeros((0, 3))), r"shape \(0, 3\)"),
        (Contour(np.zeros(9)), r"shape \(9,\)"),
        (Contour(np.full((3, 3), np.nan)), "no position"),
    ],
)
def test_contours_that_dicom_does_not_have_are_not_written(tmp_path, ct, contour, said):
    with pytest.raises(GeometryError, match=f"ROI 'x', contour 2: .*{said}"):
        write(tmp_path / "rs.dcm", {"x": [Contour(np.zeros((1, 3)), "POINT"), contour]}, ct)
    assert not (tmp_path / "rs.dcm").exists()


def test_nothing_to_write_and_a_ct_without_uids_are_refused(tmp_path, ct):
    with pytest.raises(GeometryError, match="no masks"):
        write(tmp_path / "rs.dcm", {}, ct)
    for lacking in ({"study_uid": ""}, {"series_uid": ""}, {"image_uids": (None,) * 4}):
        with pytest.raises(InputFileError, match="no study, series or image UIDs"):
            write(tmp_path / "rs.dcm", {"x": ring()}, dataclasses.replace(ct, **lacking))


def test_replacing_without_a_file_to_extend_is_refused(tmp_path, ct):
    with pytest.raises(ConfigError, match="--append-to"):
        write(tmp_path / "rs.dcm", {"x": ring()}, ct, replace_rois=True)
