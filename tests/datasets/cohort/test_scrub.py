from pathlib import Path

import pytest

from rtcontour.datasets.cohort.scrub import Scrubber

SCRUB = Scrubber(["Quimby^Joan M.", "MRN-00417", "19610704", "Elm Street 5", "Li^Bo", ""])


@pytest.mark.parametrize(
    "text",
    ["Bladder_QUIMBY", "joan's plan", "RS mrn-00417 a", "drawn on 19610704", "Elm Street 5", "PTV Li", "CTV_bo_1"],
)
def test_what_names_the_patient_is_taken_out(text):
    cleaned = SCRUB(text)
    assert "***" in cleaned
    assert not any(word in cleaned.lower() for word in ("quimby", "joan", "00417", "19610704", "elm", "li", "_bo_"))


@pytest.mark.parametrize(
    "text", ["Bladder", "bilateral nodes", "Femur_Head_L", "Elbow_R", "and/or", "slice 12 of 100", "3.5 mm", ""]
)
def test_what_does_not_stays(text):
    assert SCRUB(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "frame is 1.2.840.113619.2.55.3.604, the CT's another",
        "was drawn on series 2.25.325571351912939147379880226028681864241",
        "/mnt/exports/someone/CT.12.dcm: breaks off",
        r"C:\exports\someone\CT.dcm: breaks off",
        "planned on 2014-03-21",
        "planned on 20140321",
    ],
)
def test_uids_dates_and_paths_go_whoever_they_belong_to(text):
    cleaned = Scrubber([])(text)
    assert "***" in cleaned
    assert not any(part in cleaned for part in ("1.2.840", "2.25", "someone", "2014"))


def test_little_words_of_a_hospital_s_name_name_nobody():
    scrub = Scrubber(["Hospital of the Saint Gertrude", "Wu^Li"])
    text = "has exactly the voxels of 'RECTUM': one of them has the wrong name"
    assert scrub(text) == text
    assert scrub("CTV Gertrude") == "CTV ***" and scrub("CTV wu_1") == "CTV ***_1"


def test_paths_with_blanks_go_where_the_files_are_known():
    scrub = Scrubber([], [Path("/mnt/Jane Roe/RS of Roe.dcm")])
    assert scrub("/mnt/Jane Roe/RS of Roe.dcm: breaks off") == "***: breaks off"
    assert scrub("RS of Roe.dcm has no contours, /mnt/Jane Roe holds no CT") == "*** has no contours, *** holds no CT"


def test_a_folder_or_file_that_is_called_like_the_patient_is_no_subject():
    scrub = Scrubber([], [Path("/mnt/Jane_Roe_17/CT/slice.dcm")])
    assert scrub("Jane_Roe_17") == "***" and scrub("CT") == "***" and scrub("CT of the pelvis") == "CT of the pelvis"


@pytest.mark.parametrize("written", ["Möwenhürst", "Moewenhuerst", "Mowenhurst", "MÖWENHÜRST"])
def test_a_name_goes_however_its_umlauts_are_written(written):
    assert Scrubber(["Möwenhürst^Åse"])(f"PTV {written}") == "PTV ***"


def test_signs_of_regular_expressions_in_a_name_are_letters_like_others():
    assert Scrubber(["(a+)+$[x"])("ROI (a+)+$[x here") == "ROI *** here"
