import numpy as np
import pytest
from pydicom import dcmread

from rtcontour.dicom import read_ct_geometry, read_ct_series, read_structure_set
from rtcontour.errors import InputFileError


def uids_of(headers):
    return {str(header.SOPInstanceUID) for header in headers}


def test_newer_structure_set_is_unapproved(plant):
    seen = plant("newer-unapproved")
    by_approval = {header.ApprovalStatus: header for header in seen.headers("RS")}
    approved, unapproved = by_approval["APPROVED"], by_approval["UNAPPROVED"]
    assert approved.StructureSetDate < unapproved.StructureSetDate
    assert approved.SOPInstanceUID == seen.where["use_structure_set"]
    assert [unapproved.SOPInstanceUID] == seen.where["not_used"]


def test_second_ct_is_newer_and_not_contoured(plant):
    seen = plant("second-ct")
    dates = {str(image.SeriesInstanceUID): image.SeriesDate for image in seen.headers("CT")}
    assert set(dates) == {seen.where["use_ct"], *seen.where["not_used"]}
    assert dates[seen.where["use_ct"]] < dates[seen.where["not_used"][0]]
    assert seen.structure_set.series_uids == (seen.where["use_ct"],)
    assert len({image.FrameOfReferenceUID for image in seen.headers("CT")}) == 2


def test_replan_has_contours_of_its_own(plant):
    seen = plant("replanned")
    sets = {str(header.SOPInstanceUID): header for header in seen.headers("RS")}
    newest = max(sets.values(), key=lambda header: header.StructureSetDate)
    assert {header.ApprovalStatus for header in sets.values()} == {"APPROVED"}
    assert newest.SOPInstanceUID == seen.where["use_structure_set"]
    path = next(path for path in seen.files("RS") if newest.SOPInstanceUID in path.name)
    assert read_structure_set(path).series_uid == seen.where["use_ct"]
    assert read_ct_geometry(path.parent).series_uid == seen.where["use_ct"]


@pytest.mark.parametrize(("kind", "lost", "left"), [("ct-missing", "CT", "RS"), ("rtstruct-missing", "RS", "CT")])
def test_half_of_the_patient_is_missing(plant, kind, lost, left):
    seen = plant(kind)
    assert not seen.files(lost)
    assert seen.files(left)
    assert seen.planted["not_imported"]


def test_references_lead_nowhere_and_the_place_is_right(plant):
    seen, plain = plant("series-reference-gone"), plant(None)
    images = uids_of(seen.headers("CT"))
    assert seen.ct.series_uid not in seen.structure_set.series_uids
    assert not any(c.image_uid in images for roi in seen.structure_set.rois for c in roi.contours)
    assert seen.structure_set.frame_of_reference_uid == seen.ct.frame_of_reference_uid
    assert np.array_equal(seen.masks["Bladder"], plain.masks["Bladder"])


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_frames_of_reference_differ(plant, seed):
    seen = plant("frame-of-reference-differs", seed)
    assert seen.structure_set.frame_of_reference_uid != seen.ct.frame_of_reference_uid
    assert (seen.ct.series_uid in seen.structure_set.series_uids) == seen.where["images_named"]
    assert seen.planted["not_imported"]


def test_truncated_structure_set_is_refused(plant):
    with pytest.raises(InputFileError):
        _ = plant("rtstruct-truncated").structure_set


def test_truncated_slice_has_its_header_only(plant):
    seen = plant("ct-slice-truncated")
    (name,) = seen.where["files"]
    assert dcmread(seen.root / name, stop_before_pixels=True).Modality == "CT"
    with pytest.raises(InputFileError):
        _ = seen.ct


def test_missing_slice_is_found(plant):
    seen, plain = plant("ct-slice-missing"), plant(None)
    assert "slice-missing" in {finding.code for finding in seen.ct.findings}
    (gone,) = uids_of(plain.headers("CT")) - uids_of(seen.headers("CT"))
    position = next(h.ImagePositionPatient for h in plain.headers("CT") if h.SOPInstanceUID == gone)
    assert float(position[2]) == pytest.approx(seen.where["z_mm"], abs=0.06)
    assert seen.ct.grid == plain.ct.grid


def test_second_export_holds_the_same_files(plant):
    seen = plant("exported-twice")
    first, second = (
        {path.name: path.read_bytes() for path in (seen.root / folder).rglob("*.dcm")}
        for folder in seen.where["folders"]
    )
    assert first == second
    assert len(first) > 30


def test_localizer_is_no_slice(plant):
    seen, plain = plant("localizer"), plant(None)
    (name,) = seen.where["files"]
    image = dcmread(seen.root / name)
    assert "LOCALIZER" in image.ImageType
    slices = next(path.parent for path in seen.files("CT") if path != seen.root / name)
    series = read_ct_series(slices, series_uid=plain.ct.series_uid)
    assert np.array_equal(series.hu, plain.ct.hu)


def test_plan_and_dose_can_be_read(plant):
    seen = plant("plan-and-dose")
    (plan,), (dose,) = seen.headers("RP"), [dcmread(path) for path in seen.files("RD")]
    assert (plan.Modality, dose.Modality) == ("RTPLAN", "RTDOSE")
    assert dose.pixel_array.shape == (2, 4, 6)
    assert plan.PatientID == dose.PatientID == seen.planted["patient_id"]


def test_other_files_are_no_dicom(plant):
    seen = plant("other-files")
    assert len(seen.where["files"]) == 4
    assert all((seen.root / name).read_bytes()[128:132] != b"DICM" for name in seen.where["files"])
    letter = next(seen.root / name for name in seen.where["files"] if name.endswith(".txt"))
    assert seen.planted["patient_id"].split("-")[1] in letter.parent.name


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_patient_id_is_spelt_in_two_ways_that_mean_the_same(plant, seed):
    seen = plant("patient-id-spelling", seed)
    (of_set,), of_ct = seen.headers("RS"), {image.PatientID for image in seen.headers("CT")}
    assert of_set.PatientID not in of_ct
    assert {of_set.PatientID.strip().upper()} == of_ct
