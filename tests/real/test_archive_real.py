"""The folder of real exports of many planning systems as one archive: who is paired with which CT, who is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtcontour.datasets.cohort.pairing import choose_pair
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.dicom.archive_scan import scan_archive
from rtcontour.dicom.ct_read import read_ct_files
from rtcontour.errors import DataSetError, RtContourError

DATA = Path(os.environ.get("RTCONTOUR_DATA", "nowhere"))
RT = DATA / "rt"
pytestmark = pytest.mark.skipif(not RT.is_dir(), reason="RTCONTOUR_DATA names no folder with rt")

PAIRED = {  # the structure set that is used -> folder of its CT, number of slices
    "cerr_lung_ibsi/RS.dcm": ("cerr_lung_ibsi/CT", 60),
    "eclipse_visible_human/RS.dcm": ("eclipse_visible_human/CT", 4),
    "mim_keyhole/RS.dcm": ("mim_keyhole/CT", 5),
}
WITHOUT_CT = [
    "eclipse_pelvis_phantom/RS.dcm",
    "odd/no_file_meta_point_contours.dcm",
    "odd/no_roi_contour_sequence.dcm",
    "odd/only_empty_rois.dcm",
    "odd/some_empty_rois_anonymised_tags.dcm",
    "odd/unmatched_uids_whole_body.dcm",
]
UNREADABLE = ["odd/crlf_corrupted.dcm", "odd/derived/truncated.dcm"]
SKIPPED = {"RTDOSE": 1, "RTPLAN": 3, "empty file": 1}


@pytest.fixture(scope="module")
def archive():
    return scan_archive(RT)


def place(path):
    return path.relative_to(RT).as_posix()


def patient_with(archive, name):
    return next(p for p in archive.patients if name in [place(one.path) for one in p.structure_sets])


def test_every_file_is_found_skipped_or_a_problem(archive):
    slices = [path for patient in archive.patients for ct in patient.ct for path in ct.paths]
    sets = [one.path for patient in archive.patients for one in patient.structure_sets]
    files = [path for path in RT.rglob("*") if path.is_file()]
    assert len(slices) == len(set(slices)) == 60 + 4 + 5
    assert len(slices) + len(sets) + len(archive.problems) + sum(archive.skipped.values()) == len(files)
    assert [place(problem.path) for problem in archive.problems] == UNREADABLE
    assert {kind: count for kind, count in archive.skipped.items() if kind != "not DICOM"} == SKIPPED
    assert sum(len(patient.ct) for patient in archive.patients) == len(PAIRED)


@pytest.mark.parametrize("name", PAIRED)
def test_a_structure_set_gets_its_ct(archive, name):
    pair = choose_pair(patient_with(archive, name), names=lambda one: wanted(one.path))
    folder, slices = PAIRED[name]
    assert place(pair.structure_set.path) == name and pair.paired_by == "reference" and pair.findings == ()
    assert {place(path.parent) for path in pair.ct.paths} == {folder} and len(pair.ct.paths) == slices
    by_list, by_folder = read_ct_files(pair.ct.paths), read_ct_series(RT / folder)
    assert by_list.grid == by_folder.grid and (by_list.hu == by_folder.hu).all()


def wanted(path):
    try:
        return sum(bool(roi.contours) for roi in read_structure_set(path).rois)
    except RtContourError:
        return 0


@pytest.mark.parametrize("name", WITHOUT_CT)
def test_a_structure_set_whose_ct_is_not_there_is_refused(archive, name):
    patient = patient_with(archive, name)
    assert len(patient.structure_sets) == 1
    for ignore in (False, True):
        with pytest.raises(DataSetError, match=r"has no CT \(0 CT series, 1 structure set\)"):
            choose_pair(patient, ignore_frame_of_reference=ignore)


def test_only_the_anonymised_one_has_no_patient_id(archive):
    nameless = [patient for patient in archive.patients if not patient.patient_id]
    assert [place(one.path) for patient in nameless for one in patient.structure_sets] == [
        "odd/no_roi_contour_sequence.dcm"
    ]


def test_variants_of_one_structure_set_are_recorded_as_not_used(archive):
    patient = patient_with(archive, "mim_keyhole/RS.dcm")
    assert [finding.code for finding in patient.findings] == ["uid-shared", "file-unreadable"]
    pair = choose_pair(patient)
    reasons = [one.why for one in pair.not_used]
    assert len(reasons) == len(patient.structure_sets) - 1 == 22
    assert sum("another frame of reference" in why for why in reasons) == 1  # odd/frame_of_reference_mismatch.dcm
    assert sum("other content" in why for why in reasons) == 21
    newest = choose_pair(patient, ignore_frame_of_reference=True).structure_set
    assert place(newest.path) == "odd/frame_of_reference_mismatch.dcm"


def test_contours_of_a_longer_scan_in_another_frame_are_refused_with_numbers(tmp_path):
    """The CT of pelvis_ct is part of the scan that its patient's structure set was drawn on, under other UIDs."""
    (tmp_path / "ct").symlink_to(DATA / "pelvis_ct")
    (tmp_path / "rs.dcm").symlink_to(RT / "odd" / "unmatched_uids_whole_body.dcm")
    (patient,) = scan_archive(tmp_path).patients
    assert len(patient.ct[0].paths) == 45
    with pytest.raises(DataSetError, match="names images that are not there and a frame of reference that no CT has"):
        choose_pair(patient)
    with pytest.raises(DataSetError, match="249 of 294 contours are off the slices"):  # all but 45 of the outline's 178
        choose_pair(patient, ignore_frame_of_reference=True)
