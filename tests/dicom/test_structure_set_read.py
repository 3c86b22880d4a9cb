from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RTStructureSetStorage,
)

from rtcontour.dicom import read_structure_set
from rtcontour.errors import InputFileError, RtContourError

SQUARE = [1.0, 1.0, 5.0, 4.0, 1.0, 5.0, 4.0, 3.0, 5.0, 1.0, 3.0, 5.0]


def contour(data, kind="CLOSED_PLANAR", image="1.2.3.77"):
    item = Dataset()
    item.ContourGeometricType = kind
    item.NumberOfContourPoints = len(data) // 3
    item.ContourData = data
    if image:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", image
        item.ContourImageSequence = [reference]
    return item


def structure_set(names=("Bladder", "PTV")):
    """ROIs numbered 10, 20, ... each with one square; drawn and observed in reverse order."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTStructureSetStorage, "1.2.3.5"
    dataset.Modality, dataset.StudyInstanceUID = "RTSTRUCT", "1.2.3.1"
    dataset.PatientName, dataset.PatientID = "Secret^Name", "SECRET-ID"
    dataset.StructureSetLabel, dataset.ApprovalStatus = "plan 1", "APPROVED"
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "1.2.3.4"
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = "1.2.3.9", [study]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    definitions, drawings, observations = [], [], []
    for number, name in zip(range(10, 1000, 10), names, strict=False):
        definition, drawing, observation = Dataset(), Dataset(), Dataset()
        definition.ROINumber, definition.ROIName = number, name
        definition.ReferencedFrameOfReferenceUID = "1.2.3.9"
        drawing.ReferencedROINumber, drawing.ROIDisplayColor = number, [number, 0, 255]
        drawing.ContourSequence = [contour(SQUARE)]
        observation.ObservationNumber, observation.ReferencedROINumber = number, number
        observation.RTROIInterpretedType = "ORGAN"
        definitions.append(definition), drawings.append(drawing), observations.append(observation)
    dataset.StructureSetROISequence = definitions
    dataset.ROIContourSequence = drawings[::-1]
    dataset.RTROIObservationsSequence = observations[::-1]
    return dataset


def save(dataset, path, syntax=ImplicitVRLittleEndian):
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def codes(structures):
    return [finding.code for finding in structures.findings]


SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_everything_is_read_in_any_transfer_syntax_and_joined_by_number(tmp_path, syntax):
    structures = read_structure_set(save(structure_set(), tmp_path / "rs.dcm", syntax))
    assert [(roi.number, roi.name, roi.color) for roi in structures.rois] == [
        (10, "Bladder", (10, 0, 255)),
        (20, "PTV", (20, 0, 255)),
    ]
    roi = structures["PTV"]
    assert roi.interpreted_type == "ORGAN" and roi.contours[0].kind == "CLOSED_PLANAR"
    assert np.array_equal(roi.contours[0].points_mm, np.reshape(SQUARE, (4, 3)))
    assert roi.contours[0].image_uid == "1.2.3.77"
    assert (structures.label, structures.approval, structures.sop_instance_uid) == ("plan 1", "APPROVED", "1.2.3.5")
    assert (structures.frame_of_reference_uid, structures.series_uid) == ("1.2.3.9", "1.2.3.4")
    assert structures.study_uid == "1.2.3.1" and structures.findings == ()


@pytest.mark.parametrize("implicit", [True, False])
def test_a_bare_data_set_without_preamble_is_read(tmp_path, implicit):
    dataset = structure_set()
    del dataset.file_meta
    pydicom.dcmwrite(tmp_path / "rs", dataset, implicit_vr=implicit, little_endian=True)
    assert len(read_structure_set(tmp_path / "rs").rois) == 2


def test_an_unknown_name_is_answered_with_those_there(tmp_path):
    structures = read_structure_set(save(structure_set(), tmp_path / "rs.dcm"))
    with pytest.raises(KeyError, match=r"'Rectum'; there are: Bladder, PTV"):
        structures["Rectum"]


def test_a_name_used_twice_is_a_finding_and_no_answer(tmp_path):
    structures = read_structure_set(save(structure_set(["ROI", "ROI", "PTV"]), tmp_path / "rs.dcm"))
    assert codes(structures) == ["roi-name-twice"] and structures["PTV"].number == 30
    with pytest.raises(KeyError, match="numbers 10, 20"):
        structures["ROI"]


def test_names_keep_their_letters_and_lose_their_padding(tmp_path):
    dataset = structure_set(["Größe/Ränder", "  padded ", "", "a"])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert [roi.name for roi in structures.rois] == ["Größe/Ränder", "padded", "ROI-30", "a"]
    assert codes(structures) == ["roi-unnamed"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("declared", [None, "ISO_IR 6"])
def test_letters_of_no_declared_character_set_are_read_with_a_finding(tmp_path, encoding, declared):
    dataset = structure_set()
    dataset.SpecificCharacterSet = declared
    stored = "Größe".encode(encoding)
    dataset.StructureSetROISequence[0].add(pydicom.DataElement(0x30060026, "OB", stored + b" " * (len(stored) % 2)))
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert structures.rois[0].name == "Größe" and codes(structures) == ["character-set-missing"]
    assert [roi.number for roi in structures.rois if roi.contours] == [10, 20]


def test_points_lines_and_empty_contours_are_kept_in_their_order(tmp_path):
    dataset = structure_set(["Iso", "None"])
    items = [contour([1, 2, 3], "POINT"), contour([]), contour([1, 2, 3, 4, 5, 6], "OPEN_PLANAR", image=None)]
    dataset.ROIContourSequence[1].ContourSequence = items
    del dataset.ROIContourSequence[0].ContourSequence
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert [(c.kind, len(c.points_mm)) for c in structures["Iso"].contours] == [
        ("POINT", 1),
        ("CLOSED_PLANAR", 0),
        ("OPEN_PLANAR", 2),
    ]
    assert structures["None"].contours == () and codes(structures) == ["roi-empty", "reference-missing"]


def test_contours_of_an_undefined_roi_are_a_finding(tmp_path):
    dataset = structure_set()
    dataset.ROIContourSequence[0].ReferencedROINumber = 99
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert codes(structures) == ["roi-number-unknown", "roi-empty"] and "99" in structures.findings[0].message


@pytest.mark.parametrize("keyword", ["ROIContourSequence", "RTROIObservationsSequence"])
def test_items_that_name_no_roi_are_a_finding(tmp_path, keyword):
    dataset = structure_set()
    del dataset[keyword].value[0].ReferencedROINumber
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert len(structures.rois) == 2 and codes(structures)[0] == "roi-number-unknown"


def test_a_backslash_too_many_at_the_end_loses_nothing(tmp_path):
    dataset = structure_set()
    dataset.ROIContourSequence[0].ContourSequence[0].add(
        pydicom.DataElement(0x30060050, "OB", "\\".join(map(str, SQUARE)).encode() + b"\\ ")
    )
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert np.array_equal(structures["PTV"].contours[0].points_mm, np.reshape(SQUARE, (4, 3)))


def test_two_rois_of_one_number_are_refused(tmp_path):
    dataset = structure_set()
    dataset.StructureSetROISequence[1].ROINumber = 10
    with pytest.raises(InputFileError, match="number 10"):
        read_structure_set(save(dataset, tmp_path / "rs.dcm"))


@pytest.mark.parametrize(
    "raw, said",
    [(b"1\\2", "2 coordinates"), (b"1\\2\\x ", "no number"), (b"1\\\\3 ", "no number"), (b"1\\nan\\3", "not finite")],
)
def test_coordinates_that_are_none_are_refused_with_their_place(tmp_path, raw, said):
    dataset = structure_set()
    item = dataset.ROIContourSequence[0].ContourSequence[0]
    item.add(pydicom.DataElement(0x30060050, "OB", raw))
    with pytest.raises(InputFileError, match=rf"rs\.dcm: ROI 'PTV', contour 1: .*{said}"):
        read_structure_set(save(dataset, tmp_path / "rs.dcm"))


def test_a_wrong_number_of_points_and_colour_are_findings(tmp_path):
    dataset = structure_set()
    dataset.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 5
    dataset.ROIContourSequence[0].ROIDisplayColor = [1, 2, 300]
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert codes(structures) == ["point-count-differs", "color-odd"]
    assert structures["PTV"].color is None and len(structures["PTV"].contours[0].points_mm) == 4


@pytest.mark.parametrize(
    "keyword, expected",
    [
        ("ROIContourSequence", ["sequence-missing", "roi-empty", "roi-empty"]),
        ("RTROIObservationsSequence", ["sequence-missing"]),
        ("ReferencedFrameOfReferenceSequence", ["reference-missing"]),
    ],
)
def test_missing_sequences_are_findings(tmp_path, keyword, expected):
    dataset = structure_set()
    delattr(dataset, keyword)
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert codes(structures) == expected
    assert len(structures.rois) == 2 and structures.frame_of_reference_uid == "1.2.3.9"


def test_no_frame_of_reference_at_all_is_a_finding(tmp_path):
    dataset = structure_set()
    del dataset.ReferencedFrameOfReferenceSequence
    for item in dataset.StructureSetROISequence:
        del item.ReferencedFrameOfReferenceUID
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert structures.frame_of_reference_uid is None
    assert codes(structures) == ["reference-missing", "frame-of-reference-missing"]


def test_rois_of_another_frame_of_reference_are_named(tmp_path):
    dataset = structure_set(["A", "B", "C"])
    dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "9.9"
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert structures.frame_of_reference_uid == "1.2.3.9" and structures.rois_elsewhere == ("B",)
    assert codes(structures) == ["frames-of-reference-differ"]


def test_the_sop_class_decides_and_a_spoilt_one_is_forgiven(tmp_path):
    dataset = structure_set()
    dataset.Modality = "CT"
    assert codes(read_structure_set(save(dataset, tmp_path / "a.dcm"))) == ["modality-odd"]
    dataset = structure_set()
    dataset.SOPClassUID = "1.2.3"
    assert codes(read_structure_set(save(dataset, tmp_path / "b.dcm"))) == ["sop-class-odd"]


def test_what_is_no_structure_set_is_called_by_its_name(tmp_path, dicom):
    plan = structure_set()
    plan.SOPClassUID, plan.Modality = "1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN"
    (tmp_path / "text.dcm").write_text("hello")
    (tmp_path / "empty.dcm").write_bytes(b"")
    ct = dicom.save(dicom.ct_slice(np.zeros((2, 2)), (0, 0, 0)), tmp_path / "ct.dcm")
    for path, said in [
        (save(plan, tmp_path / "plan.dcm"), "is an RTPLAN, not an RTSTRUCT"),
        (ct, "is of modality CT"),
        (tmp_path / "text.dcm", "is not DICOM"),
        (tmp_path / "empty.dcm", "is empty"),
        (tmp_path / "missing.dcm", "does not exist"),
        (tmp_path, "is a folder"),
    ]:
        with pytest.raises(InputFileError, match=said) as error:
            read_structure_set(path)
        assert path.name in str(error.value) and "\n" not in str(error.value)


def test_converted_line_endings_are_recognised(tmp_path):
    dataset = structure_set([f"ROI\n{n}" for n in range(5)])
    path = save(dataset, tmp_path / "rs.dcm")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(InputFileError, match="line endings were converted"):
        read_structure_set(path)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_a_file_cut_anywhere_never_loses_contours_in_silence(tmp_path, syntax):
    path = save(structure_set(["Bladder"]), tmp_path / "rs.dcm", syntax)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            structures = read_structure_set(path)
        except RtContourError as error:
            assert "rs.dcm" in str(error) and "Secret" not in str(error) and "SECRET" not in str(error)
            continue
        assert structures["Bladder"].contours or "sequence-missing" in codes(structures)


def test_damaged_bytes_are_an_error_of_ours_or_none(tmp_path):
    path = save(structure_set(), tmp_path / "rs.dcm")
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 8):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            read_structure_set(path)
        except RtContourError as error:
            assert "\n" not in str(error)


def test_a_colour_in_words_is_a_finding(tmp_path):
    dataset = structure_set()
    dataset.ROIContourSequence[0].add(pydicom.DataElement(0x3006002A, "OB", b"red "))
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert structures["PTV"].color is None and codes(structures) == ["color-odd"]


@pytest.mark.parametrize("number", [b"abc ", b"1.5 "])
def test_a_number_that_is_none_is_told_as_such(tmp_path, number):
    dataset = structure_set()
    dataset.StructureSetROISequence[0].add(pydicom.DataElement(0x30060022, "OB", number))
    with pytest.raises(InputFileError, match="ROINumber"):
        read_structure_set(save(dataset, tmp_path / "rs.dcm"))


def test_a_retired_offset_is_a_finding(tmp_path):
    dataset = structure_set()
    dataset.ROIContourSequence[0].ContourSequence[0].ContourOffsetVector = [0, 0, 0]
    assert codes(read_structure_set(save(dataset, tmp_path / "none.dcm"))) == []
    dataset.ROIContourSequence[0].ContourSequence[0].ContourOffsetVector = [0, 0, 9]
    assert codes(read_structure_set(save(dataset, tmp_path / "rs.dcm"))) == ["contour-offset"]


def test_observations_of_an_undefined_roi_are_a_finding(tmp_path):
    dataset = structure_set()
    dataset.RTROIObservationsSequence[0].ReferencedROINumber = 99
    structures = read_structure_set(save(dataset, tmp_path / "rs.dcm"))
    assert codes(structures) == ["roi-number-unknown"] and "99" in structures.findings[0].message


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34", "1.2.3abc", "1.2.3.ab", "Anonymous", "2.25." + "9" * 58])
def test_the_image_of_a_contour_is_read_to_its_last_letter(tmp_path, syntax, uid):
    dataset = structure_set(["a"])
    dataset.ROIContourSequence[0].ContourSequence = [contour(SQUARE, image=uid)]
    assert read_structure_set(save(dataset, tmp_path / "rs.dcm", syntax))["a"].contours[0].image_uid == uid
