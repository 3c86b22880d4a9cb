"""Which structure set of a patient is used, with which CT: by reference, by frame and place, by approval and date."""

import dataclasses
import itertools
import shutil
import warnings

import numpy as np
import pydicom
import pytest

from rtcontour.contours import Contour
from rtcontour.datasets.cohort.pairing import choose_pair
from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.dicom.archive_scan import scan_archive
from rtcontour.errors import DataSetError
from rtcontour.grid import Grid

SHAPE, SPACING_MM = (8, 6, 5), (2.0, 2.5, 4.0)
FRAME = "1.2.3.9"


def write_ct(folder, seed, *, origin_mm=(0.0, 0.0, 100.0), spacing_mm=SPACING_MM, frame=FRAME, **attributes):
    """A CT of patient A1."""
    grid = Grid(SHAPE, spacing_mm, origin_mm)
    ct = write_ct_series(folder, np.zeros(SHAPE, np.int16), grid, patient_id="A1", seed=seed)
    for path in ct.paths:
        edit(path, FrameOfReferenceUID=frame, **attributes)
    return dataclasses.replace(ct, frame_of_reference_uid=frame)


def write_drawn(path, ct, contours=None, **attributes):
    """A structure set on a CT: squares on its second and third slice, or the contours given."""
    grid = ct.grid
    contours = contours or [square(grid.to_mm([[3, 3, k]])[0], ct.image_uids[k]) for k in (1, 2)]
    write_structure_set(path, {"Lump": contours}, ct, replace=True, findings=[])
    attributes = {"StructureSetDate": "20110302", "StructureSetTime": "101500", **attributes}
    return edit(path, **attributes)


def square(centre_mm, image_uid=None, kind="CLOSED_PLANAR"):
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float64)
    return Contour(np.asarray(centre_mm) + 2 * corners, kind, image_uid)


def edit(path, **attributes):
    with warnings.catch_warnings(action="ignore"):
        dataset = pydicom.dcmread(path)
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return dataset


def forget_frame(dataset, path):
    """Take the frame of reference out of a structure set."""
    del dataset.ReferencedFrameOfReferenceSequence
    for roi in dataset.StructureSetROISequence:
        del roi.ReferencedFrameOfReferenceUID
    if "FrameOfReferenceUID" in dataset:
        del dataset.FrameOfReferenceUID
    dataset.save_as(path)


def with_other_uids(ct, **changed):
    """The same place under UIDs that no file has."""
    images = tuple(f"9.9.{k}" for k in range(len(ct.image_uids)))
    return dataclasses.replace(ct, series_uid="9.9.9", image_uids=images, **changed)


def patient_in(folder):
    archive = scan_archive(folder)
    assert len(archive.patients) == 1
    return archive.patients[0]


def codes(pair):
    return [finding.code for finding in pair.findings]


def used(pair):
    return pair.ct.series_uid, pair.structure_set.sop_instance_uid


def test_a_structure_set_goes_with_the_ct_whose_images_it_names(tmp_path):
    first, second = (write_ct(tmp_path / f"{seed}", seed) for seed in (1, 2))
    drawn = write_drawn(tmp_path / "rs", second)
    pair = choose_pair(patient_in(tmp_path))
    assert used(pair) == (second.series_uid, drawn.SOPInstanceUID) and pair.paired_by == "reference"
    assert [(one.kind, one.uid) for one in pair.not_used] == [("CT", first.series_uid)] and pair.findings == ()


def test_of_several_series_named_the_one_that_was_drawn_on_counts(tmp_path):
    first, second = (write_ct(tmp_path / f"{seed}", seed) for seed in (1, 2))
    both = dataclasses.replace(first, image_uids=(*first.image_uids[:3], *second.image_uids[3:]))
    write_drawn(tmp_path / "rs", both)  # 3 images of the first, 2 of the second; contours name those of the first
    assert choose_pair(patient_in(tmp_path)).ct.series_uid == first.series_uid
    on_first, on_second = (square(first.grid.to_mm([[3, 3, k]])[0], both.image_uids[k]) for k in (1, 3))
    write_drawn(tmp_path / "rs", both, [on_second])
    assert choose_pair(patient_in(tmp_path)).ct.series_uid == second.series_uid
    write_drawn(tmp_path / "rs", both, [on_first, on_second])  # a draw, which the images decide
    assert choose_pair(patient_in(tmp_path)).ct.series_uid == first.series_uid


def test_without_its_images_the_series_counts(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_ct(tmp_path / "other", 2)
    write_drawn(tmp_path / "rs", dataclasses.replace(with_other_uids(ct), series_uid=ct.series_uid))
    pair = choose_pair(patient_in(tmp_path))
    assert pair.ct.series_uid == ct.series_uid and pair.paired_by == "reference" and codes(pair) == ["images-missing"]


def test_images_that_were_lost_are_told(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "rs", ct)
    ct.paths[-1].unlink()
    pair = choose_pair(patient_in(tmp_path))
    assert codes(pair) == ["images-missing"] and "1 of 5" in pair.findings[0].message


def test_without_references_frame_and_place_decide(tmp_path):
    low = write_ct(tmp_path / "low", 1)
    high = write_ct(tmp_path / "high", 2, origin_mm=(0.0, 0.0, 140.0))
    write_ct(tmp_path / "elsewhere", 3, frame="1.2.3.10")
    for ct in (low, high):
        write_drawn(tmp_path / "rs", with_other_uids(ct))
        pair = choose_pair(patient_in(tmp_path))
        assert pair.ct.series_uid == ct.series_uid and pair.paired_by == "frame of reference"
        assert codes(pair) == ["paired-by-frame"]


def test_among_reconstructions_of_one_frame_the_slices_decide(tmp_path):
    thick = write_ct(tmp_path / "thick", 1)
    thin = write_ct(tmp_path / "thin", 2, spacing_mm=(2.0, 2.5, 3.0), origin_mm=(0.0, 0.0, 101.0))
    for ct in (thick, thin):
        write_drawn(tmp_path / "rs", with_other_uids(ct))
        assert choose_pair(patient_in(tmp_path)).ct.series_uid == ct.series_uid


def test_contours_on_a_slice_that_was_lost_still_fit(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "rs", with_other_uids(ct))
    ct.paths[2].unlink()
    assert choose_pair(patient_in(tmp_path)).paired_by == "frame of reference"


@pytest.mark.parametrize(
    "shift_mm, fits",
    [
        ((0, 0, 0), True),
        ((0, 0, 0.9), True),
        ((0, 0, 2), False),  # between two slices
        ((0, 0, 12), False),  # one contour above the last slice
        ((0, 0, -8), False),
        ((30, 0, 0), False),  # beside the image
        ((0, -40, 0), False),
    ],
)
def test_all_contours_must_lie_inside_and_on_slices(tmp_path, shift_mm, fits):
    ct = write_ct(tmp_path / "ct", 1)
    contours = [square(ct.grid.to_mm([[3, 3, k]])[0] + shift_mm) for k in (1, 2)]
    write_drawn(tmp_path / "rs", with_other_uids(ct), contours)
    if fits:
        assert choose_pair(patient_in(tmp_path)).paired_by == "frame of reference"
    else:
        with pytest.raises(DataSetError, match=r"[12] of 2 contours are off the slices"):
            choose_pair(patient_in(tmp_path))


def test_points_may_lie_anywhere(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    inside = square(ct.grid.to_mm([[3, 3, 1]])[0])
    far = Contour(np.array([[500.0, 500.0, 900.0]]), "POINT")
    write_drawn(tmp_path / "rs", with_other_uids(ct), [inside, far])
    assert choose_pair(patient_in(tmp_path)).paired_by == "frame of reference"


def test_another_frame_of_reference_is_refused_unless_ignored(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_ct(tmp_path / "high", 2, origin_mm=(0.0, 0.0, 300.0))
    write_drawn(tmp_path / "rs", with_other_uids(ct, frame_of_reference_uid="1.2.3.77"))
    with pytest.raises(DataSetError, match="--ignore-frame-of-reference"):
        choose_pair(patient_in(tmp_path))
    pair = choose_pair(patient_in(tmp_path), ignore_frame_of_reference=True)
    assert (
        pair.ct.series_uid == ct.series_uid and pair.paired_by == "geometry" and codes(pair) == ["paired-by-geometry"]
    )


@pytest.mark.parametrize(("of_ct", "of_structure_set"), [(FRAME, None), ("NONE", FRAME), ("ANON", None)])
def test_where_no_frame_is_known_to_differ_the_place_decides_with_a_warning(tmp_path, of_ct, of_structure_set):
    ct = write_ct(tmp_path / "ct", 1, frame=of_ct)
    write_ct(tmp_path / "high", 2, origin_mm=(0.0, 0.0, 300.0), frame=of_ct)
    rs = write_drawn(tmp_path / "rs", with_other_uids(ct, frame_of_reference_uid=of_structure_set or FRAME))
    if of_structure_set is None:
        forget_frame(rs, tmp_path / "rs")
    pair = choose_pair(patient_in(tmp_path))
    assert pair.ct.series_uid == ct.series_uid and pair.paired_by == "geometry"
    assert [(one.code, one.severity) for one in pair.findings] == [("paired-by-geometry", "warning")]


def test_a_frame_that_agrees_comes_before_one_that_is_not_known(tmp_path):
    write_ct(tmp_path / "unknown", 1, frame="NONE")
    ct = write_ct(tmp_path / "known", 2)
    write_drawn(tmp_path / "rs", with_other_uids(ct))
    pair = choose_pair(patient_in(tmp_path))
    assert pair.ct.series_uid == ct.series_uid and pair.paired_by == "frame of reference"


def test_named_images_of_another_frame_are_refused_unless_ignored(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "rs", dataclasses.replace(ct, frame_of_reference_uid="1.2.3.77"))
    with pytest.raises(DataSetError, match="another frame of reference than the CT that it names"):
        choose_pair(patient_in(tmp_path))
    assert choose_pair(patient_in(tmp_path), ignore_frame_of_reference=True).paired_by == "reference"


def test_a_structure_set_without_contours_and_references_goes_with_no_ct(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "rs", with_other_uids(ct), [Contour(np.array([[6.0, 6.0, 104.0]]), "POINT")])
    with pytest.raises(DataSetError, match="no closed contours"):
        choose_pair(patient_in(tmp_path))


BEST_FIRST = [
    ("APPROVED", "20110303", "080000"),
    ("APPROVED", "20110302", "120000"),
    ("APPROVED", "20110302", "110000"),
    ("APPROVED", "", ""),
    ("UNAPPROVED", "20120101", "080000"),
    ("", "20110101", "080000"),
    ("REJECTED", "20130101", "080000"),
]


def test_approved_come_first_then_the_newest(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    for number, (approval, date, time) in enumerate(BEST_FIRST):
        attributes = {"ApprovalStatus": approval, "StructureSetDate": date, "StructureSetTime": time}
        write_drawn(tmp_path / f"{number:02}", ct, SOPInstanceUID=f"1.2.{number}", **attributes)
    patient = patient_in(tmp_path)
    sets = sorted(patient.structure_sets, key=lambda one: one.path.name)
    for n in range(len(sets)):
        for others in (sets[n:], sets[n:][::-1]):
            pair = choose_pair(dataclasses.replace(patient, structure_sets=tuple(others)))
            assert pair.structure_set is sets[n]
            assert codes(pair) == (["structure-set-rejected"] if n == len(sets) - 1 else [])
    whys = {one.uid: one.why for one in choose_pair(patient).not_used}
    assert whys["1.2.1"] == "is older than the one used"
    assert whys["1.2.4"] == "is not approved, the one used is approved"
    assert whys["1.2.6"] == "is rejected, the one used is approved"


def test_equal_ones_are_told_apart_by_uid_then_path_in_any_order(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    for name, uid, label in (("c", "1.2.3", "x"), ("b", "1.2.3", "y"), ("a", "1.2.4", "z")):
        write_drawn(tmp_path / name, ct, SOPInstanceUID=uid, StructureSetLabel=label)
    patient = patient_in(tmp_path)
    for order in itertools.permutations(patient.structure_sets):
        pair = choose_pair(dataclasses.replace(patient, structure_sets=order))
        assert pair.structure_set.path.name == "b"
    whys = [one.why for one in pair.not_used]
    assert sorted(whys) == [
        "has the SOP Instance UID of the one used, and other content",
        "is as old as the one used, and its UID is larger",
    ]


def test_a_structure_set_without_wanted_structures_comes_last(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "old", ct, SOPInstanceUID="1.2.1", StructureSetDate="20100101")
    write_drawn(tmp_path / "new", ct, SOPInstanceUID="1.2.2", StructureSetDate="20120101", ApprovalStatus="APPROVED")
    patient = patient_in(tmp_path)
    pair = choose_pair(patient, names=lambda one: int(one.path.name == "old"))
    assert pair.structure_set.path.name == "old"
    assert [one.why for one in pair.not_used] == ["has no contour of a wanted structure"]
    assert choose_pair(patient, names=lambda one: 0).structure_set.path.name == "new"
    asked = []
    choose_pair(dataclasses.replace(patient, structure_sets=patient.structure_sets[:1]), names=asked.append)
    assert asked == []  # reading it to no purpose


def test_the_ct_of_the_structure_set_that_is_not_used_says_so(tmp_path):
    first, second = (write_ct(tmp_path / f"{seed}", seed) for seed in (1, 2))
    write_drawn(tmp_path / "old", first, StructureSetDate="20100101")
    write_drawn(tmp_path / "new", second, StructureSetDate="20120101")
    pair = choose_pair(patient_in(tmp_path))
    assert pair.ct.series_uid == second.series_uid
    assert [(one.kind, one.why) for one in pair.not_used] == [
        ("RTSTRUCT", "is older than the one used"),
        ("CT", "its structure set is not the one used"),
    ]


def test_a_structure_set_under_another_patients_id_says_so(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    write_drawn(tmp_path / "rs", ct, PatientID="B2")
    assert codes(choose_pair(patient_in(tmp_path))) == ["patient-differs"]
    for same in ("a1 ", "", "Anonymous"):
        edit(tmp_path / "rs", PatientID=same)
        assert choose_pair(patient_in(tmp_path)).findings == ()


def test_a_patient_without_ct_or_contours_is_refused_without_a_name(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    with pytest.raises(DataSetError, match=r"has no structure set \(1 CT series, 0 structure sets\)"):
        choose_pair(patient_in(tmp_path))
    path = tmp_path / "rs"
    write_drawn(path, ct)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataSetError, match="that cannot be read: 1"):
        choose_pair(patient_in(tmp_path))
    write_drawn(path, ct)
    shutil.rmtree(tmp_path / "ct")
    with pytest.raises(DataSetError, match="has no CT") as error:
        choose_pair(patient_in(tmp_path))
    assert "A1" not in str(error.value) and str(tmp_path) not in str(error.value)


def test_what_is_recorded_holds_no_uid_date_or_path(tmp_path):
    first, second = (write_ct(tmp_path / f"{seed}", seed, frame=f"1.2.3.{seed}") for seed in (1, 2))
    write_drawn(tmp_path / "a", first, StructureSetDate="20110305")
    write_drawn(tmp_path / "b", with_other_uids(second), StructureSetDate="20110304")
    write_drawn(tmp_path / "c", dataclasses.replace(second, frame_of_reference_uid="1.2.3.77"))
    write_drawn(tmp_path / "d", with_other_uids(second, frame_of_reference_uid="1.2.3.78"))
    pair = choose_pair(patient_in(tmp_path))
    said = [one.why for one in pair.not_used] + [finding.message for finding in pair.findings]
    assert len(pair.not_used) == 4 and len({one.why for one in pair.not_used}) == 4
    for secret in ("A1", "1.2.3", "9.9", "2011", str(tmp_path), first.series_uid):
        assert not any(secret in text for text in said)


def test_a_file_whose_contours_cannot_be_read_goes_by_its_header_or_not_at_all(tmp_path):
    first, second = (write_ct(tmp_path / f"{seed}", seed) for seed in (1, 2))
    both = dataclasses.replace(first, image_uids=(*first.image_uids[:3], *second.image_uids[3:]))
    write_drawn(tmp_path / "rs", both)
    break_contours(tmp_path / "rs")
    assert choose_pair(patient_in(tmp_path)).ct.series_uid == first.series_uid
    write_drawn(tmp_path / "rs", with_other_uids(first))
    break_contours(tmp_path / "rs")
    with pytest.raises(DataSetError, match="its contours cannot be read"):
        choose_pair(patient_in(tmp_path))


def break_contours(path):
    """A coordinate too few, which only reading the contours shows."""
    dataset = pydicom.dcmread(path)
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = list(contour.ContourData)[:-1]
    dataset.save_as(path)


def test_a_lone_slice_takes_contours_of_its_plane(tmp_path):
    ct = write_ct(tmp_path / "ct", 1)
    for path in ct.paths[1:]:
        path.unlink()
    write_drawn(tmp_path / "rs", with_other_uids(ct), [square(ct.grid.to_mm([[3, 3, 0]])[0])])
    assert choose_pair(patient_in(tmp_path)).paired_by == "frame of reference"
    write_drawn(tmp_path / "rs", with_other_uids(ct), [square(ct.grid.to_mm([[3, 3, 1]])[0])])
    with pytest.raises(DataSetError, match="off the slices"):
        choose_pair(patient_in(tmp_path))
