"""A folder of exports of any layout: whose files are where, told from headers; nothing that lies there ends a scan."""

import os
import pickle
import runpy
import shutil
import string
import warnings
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis.strategies import text
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedCTImageStorage

from rtcontour.dicom import read_ct_geometry, write_ct_series, write_structure_set
from rtcontour.dicom.archive_patient_id import canonical_patient_id, tells_patients_apart
from rtcontour.dicom.archive_scan import scan_archive
from rtcontour.errors import InputFileError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

mutate = runpy.run_path(str(Path(__file__).with_name("mutate.py")))["mutate"]
GRID = Grid((5, 4, 3), (2.0, 1.5, 2.5), (-4.0, 10.0, 100.0))


def write_patient(folder, patient_id, seed, grid=GRID):
    """CT of a patient and a structure set on it: folder/ct/*.dcm and folder/rs.dcm."""
    hu = np.zeros(grid.shape, np.int16)
    ct = write_ct_series(folder / "ct", hu, grid, patient_id=patient_id, seed=seed)
    lump = np.zeros(grid.shape, bool)
    lump[1:4, 1:3] = True
    path = write_structure_set(folder / "rs.dcm", {"Lump": Mask.from_array(lump, grid)}, ct, findings=[])
    return ct, path


def edit(path, **values):
    """Set attributes of a file; None takes one away."""
    with warnings.catch_warnings(action="ignore"):  # pydicom's, of values that are not as the standard wants them
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path)


def edit_ct(folder, **values):
    for path in sorted(Path(folder).glob("*.dcm")):
        edit(path, **values)


def codes(patient):
    return [finding.code for finding in patient.findings]


def only_patient(archive):
    assert len(archive.patients) == 1
    return archive.patients[0]


def test_ct_and_structure_sets_are_told_by_headers_in_any_layout(tmp_path):
    series = {name: write_patient(tmp_path / "made" / name, name, seed)[0] for seed, name in enumerate(["A1", "B2"])}
    export = tmp_path / "export"
    for number, path in enumerate(sorted((tmp_path / "made").rglob("*.dcm"))):
        place = export / f"{number % 3}" / f"{(7 * number) % 11}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    archive = scan_archive(export)
    assert [patient.patient_id for patient in archive.patients] == ["A1", "B2"]
    assert archive.folder == export and archive.problems == () and archive.skipped == {}
    for patient in archive.patients:
        ct, made = patient.ct[0], series[patient.patient_id]
        assert (ct.study_uid, ct.series_uid, ct.frame_of_reference_uid, ct.image_uids) == (
            made.study_uid,
            made.series_uid,
            made.frame_of_reference_uid,
            made.image_uids,  # in the order of the slices
        )
        assert ct.axes == ((1, 0, 0), (0, 1, 0), (0, 0, 1)) and ct.depths_mm == (100, 102.5, 105)
        assert (ct.low_mm, ct.high_mm, ct.spacing_mm) == ((-4, 10, 100), (4, 14.5, 105), 2.5)
        drawn = patient.structure_sets[0]
        assert (drawn.frame_of_reference_uid, drawn.series_uids) == (made.frame_of_reference_uid, (made.series_uid,))
        assert drawn.image_uids == set(made.image_uids) and drawn.approval == "UNAPPROVED" and drawn.date and drawn.time
        assert len(patient.ct) == len(patient.structure_sets) == 1 and patient.findings == ()


def test_an_oblique_series_is_measured_along_its_own_axes(tmp_path):
    turn = np.deg2rad(30)
    direction = ((np.cos(turn), np.sin(turn), 0.0), (0.0, 0.0, -1.0), (-np.sin(turn), np.cos(turn), 0.0))
    grid = Grid((5, 4, 3), (2.0, 1.5, 2.5), (7.0, -20.0, 30.0), direction)
    write_patient(tmp_path, "A1", 0, grid)
    ct = only_patient(scan_archive(tmp_path)).ct[0]
    first, last = (grid.to_mm([corner])[0] @ np.array(direction).T for corner in ([0, 0, 0], [4, 3, 2]))
    assert np.allclose(ct.axes, direction, atol=1e-6)
    assert np.allclose([ct.low_mm, ct.high_mm], [first, last], atol=1e-4)
    assert np.allclose(np.diff(ct.depths_mm), 2.5, atol=1e-4)


def test_the_result_is_the_same_for_other_names_and_executors(tmp_path):
    for seed, name in enumerate(["B2", "A1", "anonymous", "Anonymous"]):
        write_patient(tmp_path / "a" / name, name, seed)
    for number, path in enumerate(sorted((tmp_path / "a").rglob("*.dcm"), reverse=True)):
        (tmp_path / "b").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "b" / f"{number:03}")

    class Elsewhere(Executor):
        """As another process: what goes in and out is pickled."""

        def submit(self, fn, /, *args):
            future = Future()
            future.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
            return future

    seen = []
    there = scan_archive(tmp_path / "a", executor=Elsewhere(), progress=lambda *what: seen.append(what))
    assert there == scan_archive(tmp_path / "a") and seen == [("headers", 16, 16)]
    assert pickle.loads(pickle.dumps(there)) == there
    for one, other in zip(there.patients, scan_archive(tmp_path / "b").patients, strict=True):
        assert (one.patient_id, one.identity) == (other.patient_id, other.identity)
        assert [ct.image_uids for ct in one.ct] == [ct.image_uids for ct in other.ct]
        assert [s.sop_instance_uid for s in one.structure_sets] == [s.sop_instance_uid for s in other.structure_sets]


def test_what_headers_say_of_scanner_patient_and_contrast(tmp_path):
    for name in ("contrast", "native", "silent"):
        write_patient(tmp_path / name, name, hash(name) % 1000)
    edit_ct(tmp_path / "contrast" / "ct", Manufacturer="SIEMENS ", ManufacturerModelName="SOMATOM", PatientSex="f")
    edit_ct(tmp_path / "contrast" / "ct", ContrastBolusAgent="Ultravist", StudyDate="20110302", StudyTime="1015")
    edit_ct(tmp_path / "contrast" / "ct", AcquisitionDate="2011.03.04", AcquisitionTime="10:16:59.25")
    edit_ct(tmp_path / "native" / "ct", ContrastBolusAgent="", BurnedInAnnotation="YES", StudyDate="ANONYMIZED")
    found = {patient.patient_id: patient.ct[0] for patient in scan_archive(tmp_path).patients}
    ct = found["CONTRAST"]
    assert (ct.manufacturer, ct.model, ct.sex, ct.contrast, ct.burnt_in) == ("SIEMENS", "SOMATOM", "F", True, False)
    assert (ct.date, ct.time) == ("20110304", "101659")
    native, silent = found["NATIVE"], found["SILENT"]
    assert (native.contrast, native.burnt_in, native.date, native.time) == (False, True, "", "")
    assert (silent.contrast, silent.sex) == (None, "")


def test_the_date_of_a_structure_set_is_its_own_else_the_next_best(tmp_path):
    _, path = write_patient(tmp_path, "A1", 0)
    edit(path, StructureSetDate="20120304", StructureSetTime="101112", ReviewDate="20130101", ApprovalStatus="APPROVED")
    found = only_patient(scan_archive(tmp_path)).structure_sets[0]
    assert (found.date, found.time, found.approval) == ("20120304", "101112", "APPROVED")
    edit(path, StructureSetDate="", ReviewTime="0930")
    found = only_patient(scan_archive(tmp_path)).structure_sets[0]
    assert (found.date, found.time) == ("20130101", "093000")


def test_localizers_and_other_files_are_counted_not_found(tmp_path):
    write_patient(tmp_path, "A1", 0)
    for number, values in enumerate(
        [
            {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
            {"SOPClassUID": pydicom.uid.SecondaryCaptureImageStorage},
            {"SOPClassUID": pydicom.uid.RTPlanStorage, "Modality": "RTPLAN"},
        ]
    ):
        copy = shutil.copy(next((tmp_path / "ct").glob("*.dcm")), tmp_path / f"other {number}")
        edit(copy, SOPInstanceUID=f"9.8.{number}", **values)
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "letter.dcm").write_text("Dear colleague")
    index = Dataset()
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = pydicom.uid.MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    index.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    index.FileSetID = "EXPORT"
    pydicom.dcmwrite(tmp_path / "DICOMDIR", index, enforce_file_format=True)
    archive = scan_archive(tmp_path)
    assert len(only_patient(archive).ct[0].paths) == 3 and archive.problems == ()
    assert archive.skipped == {
        "CT (Secondary Capture Image Storage)": 1,
        "CT localizer": 1,
        "DICOMDIR": 1,
        "RTPLAN": 1,
        "empty file": 1,
        "not DICOM": 1,
    }


def test_stacks_of_one_series_are_taken_apart(tmp_path, dicom):
    dicom.save_stack(tmp_path / "axial", [0, 2, 4])
    for x in (0, 5):
        image = dicom.ct_slice(np.zeros((3, 2)), (x, 0, 0), orientation=(0, 1, 0, 0, 0, -1))
        dicom.save(image, tmp_path / f"sagittal {x}.dcm")
    nearly = dicom.ct_slice(np.zeros((3, 2)), (0, 0, 6), orientation=(1, 0, 0.00004, 0, 1, 0))
    dicom.save(nearly, tmp_path / "nearly axial.dcm")
    patient = only_patient(scan_archive(tmp_path))
    assert sorted(ct.depths_mm for ct in patient.ct) == [(-5, 0), (0, 2, 4, 6)]
    assert {ct.series_uid for ct in patient.ct} == {dicom.SERIES} and codes(patient) == ["series-divided"]


def test_phases_of_one_series_are_taken_apart_by_acquisition(tmp_path, dicom):
    for phase in (1, 2):
        dicom.save_stack(tmp_path / f"{phase}", [0, 2, 4], AcquisitionNumber=phase)
    patient = only_patient(scan_archive(tmp_path))
    assert [ct.depths_mm for ct in patient.ct] == [(0, 2, 4)] * 2 and codes(patient) == ["series-divided"]
    assert all(len({path.parent for path in ct.paths}) == 1 for ct in patient.ct)


def test_a_series_whose_slices_are_acquired_one_by_one_stays_whole(tmp_path, dicom):
    for number, z in enumerate((0, 2, 4)):
        image = dicom.ct_slice(np.zeros((3, 2)), (0, 0, z), AcquisitionNumber=number)
        dicom.save(image, tmp_path / f"folder {number}" / "slice")
    patient = only_patient(scan_archive(tmp_path))
    assert [ct.depths_mm for ct in patient.ct] == [(0, 2, 4)] and patient.findings == ()


def test_an_image_is_kept_once_and_of_copies_the_whole_one(tmp_path):
    ct, _ = write_patient(tmp_path / "first", "A1", 0)
    shutil.copytree(tmp_path / "first", tmp_path / "again")
    cut = sorted((tmp_path / "first" / "ct").glob("*.dcm"))[0]
    cut.write_bytes(cut.read_bytes()[:-10])
    archive = scan_archive(tmp_path)
    patient = only_patient(archive)
    assert patient.ct[0].image_uids == ct.image_uids and codes(patient) == ["files-copied"]
    assert cut not in patient.ct[0].paths and tmp_path / "again" / "ct" / cut.name in patient.ct[0].paths
    assert len(patient.structure_sets) == 1 and archive.skipped == {"RTSTRUCT copy": 1}


def test_copies_without_uids_are_told_by_their_content(tmp_path):
    write_patient(tmp_path / "first", "A1", 0)
    edit_ct(tmp_path / "first" / "ct", SOPInstanceUID="Anonymous")
    shutil.copytree(tmp_path / "first", tmp_path / "again")
    patient = only_patient(scan_archive(tmp_path))
    assert patient.ct[0].image_uids == ("", "", "") and patient.ct[0].depths_mm == (100, 102.5, 105)


def test_different_structure_sets_of_one_uid_are_all_kept(tmp_path):
    _, path = write_patient(tmp_path, "A1", 0)
    edit(shutil.copy(path, tmp_path / "other"), StructureSetLabel="other")
    patient = only_patient(scan_archive(tmp_path))
    assert sorted(one.label for one in patient.structure_sets) == ["other", "rtcontour"]
    assert codes(patient) == ["uid-shared"]


def test_case_and_padding_of_patient_ids_do_not_count(tmp_path):
    _, path = write_patient(tmp_path / "a", "AB12", 0)
    write_patient(tmp_path / "b", "AB012", 1)
    edit(path, PatientID=" ab12 ")
    archive = scan_archive(tmp_path)
    assert [patient.patient_id for patient in archive.patients] == ["AB012", "AB12"]
    patient = archive.patients[1]
    assert len(patient.ct) == len(patient.structure_sets) == 1 and codes(patient) == ["patient-id-spellings"]


@given(text(alphabet=string.ascii_letters + string.digits + " -_", max_size=8))
def test_an_id_and_its_canonical_form_are_one(written):
    once = canonical_patient_id(written)
    assert canonical_patient_id(once) == once == canonical_patient_id(f"  {written.lower()} ")
    assert tells_patients_apart(once) == tells_patients_apart(written)


@pytest.mark.parametrize("nobody", ["", " ", "ANON", "anonymous", "De-Identified", "000000", "0", "xxx", "***", "n/a"])
def test_words_of_anonymisers_are_nobodys_id(nobody):
    assert not tells_patients_apart(nobody)
    assert tells_patients_apart(f"{nobody}7")


@pytest.mark.parametrize("word", ["Anonymous", ""])
def test_patients_of_one_placeholder_are_told_apart_by_study_references_and_frame(tmp_path, word):
    made = [write_patient(tmp_path / f"{seed}", word, seed) for seed in range(3)]
    edit(made[0][1], StudyInstanceUID="1.9")  # is left with its references
    edit(made[1][1], ReferencedFrameOfReferenceSequence=[], StudyInstanceUID="1.8")  # with its frame of reference
    archive = scan_archive(tmp_path)
    assert [patient.patient_id for patient in archive.patients] == ["", "", ""]
    assert len({patient.identity for patient in archive.patients}) == 3
    for patient in archive.patients:
        folders = {path.parent for ct in patient.ct for path in ct.paths} | {
            patient.structure_sets[0].path.parent / "ct"
        }
        assert len(folders) == 1


def test_an_id_that_people_of_other_sex_share_tells_nobody_apart(tmp_path):
    for seed, sex in enumerate("MF"):
        _, path = write_patient(tmp_path / sex, "4711", seed)
        edit_ct(tmp_path / sex / "ct", PatientSex=sex)
        edit(path, PatientSex=sex)
    archive = scan_archive(tmp_path)
    assert [(patient.patient_id, codes(patient)) for patient in archive.patients] == [("", ["patient-id-shared"])] * 2
    assert all(len(patient.ct) == len(patient.structure_sets) == 1 for patient in archive.patients)


def test_two_studies_of_one_patient_stay_together(tmp_path):
    for seed in range(2):
        write_patient(tmp_path / f"{seed}", "4711", seed)
        edit_ct(tmp_path / f"{seed}" / "ct", PatientSex="F")  # the structure sets say nothing
    patient = only_patient(scan_archive(tmp_path))
    assert len(patient.ct) == len(patient.structure_sets) == 2


def test_a_structure_set_goes_with_the_ct_whose_images_it_names(tmp_path):
    _, path = write_patient(tmp_path / "a", "A1", 0)
    write_patient(tmp_path / "b", "B2", 1)
    edit(path, PatientID="B2")
    archive = scan_archive(tmp_path)
    assert [len(patient.structure_sets) for patient in archive.patients] == [1, 1]
    assert archive.patients[0].structure_sets[0].path == path


def test_a_ct_without_id_is_its_structure_sets_patients(tmp_path):
    write_patient(tmp_path / "a", "A1", 0)
    edit_ct(tmp_path / "a" / "ct", PatientID="", StudyInstanceUID="1.7")
    write_patient(tmp_path / "b", "", 1)
    archive = scan_archive(tmp_path)
    assert [(patient.patient_id, len(patient.ct)) for patient in archive.patients] == [("A1", 1), ("", 1)]


def test_words_in_place_of_uids_are_no_uids(tmp_path):
    for seed in range(2):
        _, path = write_patient(tmp_path / f"{seed}", f"P{seed}", seed)
        edit_ct(tmp_path / f"{seed}" / "ct", SeriesInstanceUID="Anonymous", FrameOfReferenceUID="Anonymous")
        edit(path, SOPInstanceUID="Anonymous")
    for patient in scan_archive(tmp_path).patients:
        ct, drawn = patient.ct[0], patient.structure_sets[0]
        assert (ct.series_uid, ct.frame_of_reference_uid, drawn.sop_instance_uid) == ("", "", "")
        assert len(ct.paths) == 3


def test_images_that_only_contours_name_are_found(tmp_path):
    ct, path = write_patient(tmp_path, "A1", 0)
    edit(path, ReferencedFrameOfReferenceSequence=None)
    found = only_patient(scan_archive(tmp_path)).structure_sets[0]
    assert found.image_uids == set(ct.image_uids) and found.series_uids == ()
    assert found.frame_of_reference_uid == ct.frame_of_reference_uid


def test_an_enhanced_ct_is_one_file_of_many_slices(tmp_path, dicom):
    image = dicom.ct_slice(np.zeros((6, 2)), (0, 0, 0), SOPClassUID=EnhancedCTImageStorage, Rows=3, NumberOfFrames=2)
    shared = Dataset()
    for sequence, keyword in (
        ("PlaneOrientationSequence", "ImageOrientationPatient"),
        ("PixelMeasuresSequence", "PixelSpacing"),
    ):
        item = Dataset()
        item[keyword] = image[keyword]
        setattr(shared, sequence, [item])
    frames = []
    for z in (7.5, 5.0):
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [1, 2, z]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    image.SharedFunctionalGroupsSequence, image.PerFrameFunctionalGroupsSequence = [shared], frames
    del image.ImagePositionPatient, image.ImageOrientationPatient, image.PixelSpacing
    path = dicom.save(image, tmp_path / "all")
    ct = only_patient(scan_archive(tmp_path)).ct[0]
    assert (ct.paths, ct.image_uids, ct.depths_mm) == ((path,), (image.SOPInstanceUID,), (5, 7.5))
    assert (ct.low_mm, ct.high_mm) == ((1, 2, 5), (2, 4, 7.5))


def test_what_cannot_be_read_is_a_problem_of_its_patient(tmp_path, monkeypatch):
    ct, path = write_patient(tmp_path / "a", "A1", 0)
    write_patient(tmp_path / "b", "B2", 1)
    whole = path.read_bytes()
    (tmp_path / "a" / "short").write_bytes(whole[: len(whole) // 2])
    for name, keyword in (("c/placeless", "ImagePositionPatient"), ("c/sizeless", "Rows")):
        (tmp_path / "c").mkdir(exist_ok=True)
        edit(shutil.copy(ct.paths[0], tmp_path / name), **{keyword: None})
    (tmp_path / "b" / "ct" / "scrap").write_bytes(bytes(128) + b"DICM" + b"\xff" * 300)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(place):
        if Path(place).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    archive = scan_archive(tmp_path)
    assert [(problem.path.relative_to(tmp_path).as_posix(), problem.patient_id) for problem in archive.problems] == [
        ("a/short", "A1"),
        ("b/ct/scrap", "B2"),  # by its folder
        ("c/placeless", "A1"),  # by its header
        ("c/sizeless", "A1"),
        ("closed", ""),
        ("gone", ""),
    ]
    assert all(str(problem.path) in problem.message for problem in archive.problems)
    assert [codes(patient) for patient in archive.patients] == [["file-unreadable"]] * 2
    assert "3" in archive.patients[0].findings[0].message
    assert all(len(patient.ct[0].paths) == 3 for patient in archive.patients)


def test_a_slice_cut_short_in_its_pixels_is_found_when_it_is_read(tmp_path):
    write_patient(tmp_path, "A1", 0)
    cut = next((tmp_path / "ct").glob("*.dcm"))
    cut.write_bytes(cut.read_bytes()[:-10])
    archive = scan_archive(tmp_path)
    assert archive.problems == () and cut in only_patient(archive).ct[0].paths


def test_loops_of_links_and_pipes_end_no_scan(tmp_path):
    write_patient(tmp_path / "a", "A1", 0)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "linked").symlink_to(tmp_path / "a" / "ct")
    os.mkfifo(tmp_path / "pipe")
    archive = scan_archive(tmp_path)
    assert len(only_patient(archive).ct[0].paths) == 3 and archive.patients[0].findings == ()
    assert [problem.path for problem in archive.problems] == [tmp_path / "self"]


def test_a_folder_that_is_none_is_refused_and_an_empty_one_is_empty(tmp_path):
    with pytest.raises(InputFileError, match="does not exist"):
        scan_archive(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InputFileError, match="is a file"):
        scan_archive(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    archive = scan_archive(tmp_path / "empty")
    assert (archive.patients, archive.problems, archive.skipped) == ((), (), {})


@pytest.mark.parametrize("kind", ["slice", "structure set"])
def test_damage_of_any_kind_ends_no_scan(tmp_path, kind):
    ct, path = write_patient(tmp_path / "whole", "A1", 0)
    original = (ct.paths[0] if kind == "slice" else path).read_bytes()
    (tmp_path / "damaged").mkdir()
    count = 200
    for seed in range(count):
        (tmp_path / "damaged" / f"{seed}").write_bytes(mutate(original, seed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        archive = scan_archive(tmp_path)
    found = [path for patient in archive.patients for one in patient.ct for path in one.paths]
    found += [one.path for patient in archive.patients for one in patient.structure_sets]
    assert 0 < len(archive.problems) < count
    assert len(found) + len(archive.problems) + sum(archive.skipped.values()) <= count + 4
    whole = next(patient for patient in archive.patients if patient.patient_id == "A1")
    assert set(ct.image_uids) <= {uid for one in whole.ct for uid in one.image_uids}
    assert read_ct_geometry(tmp_path / "whole").image_uids == ct.image_uids
