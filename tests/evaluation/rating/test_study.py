import json
import re
import shutil

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.errors import ConfigError, GeometryError, InputFileError, OutputError, StructureNameError
from rtcontour.evaluation.rating import read_key, write_rating_study
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def study_of(page):
    return json.loads(re.search(r'id="study">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)[1])


def test_there_is_a_page_a_case_a_list_and_a_key_apart_from_them(written_study):
    output, key = written_study
    assert {path.relative_to(output).as_posix() for path in output.rglob("*.*")} == {
        "pages/S01.html",
        "pages/S02.html",
        "pages/index.html",
        "key.json",
    }
    assert read_key(output) == key
    assert {study.case for study in key.studies.values()} == {"hospital_x_17", "hospital_x_18"}
    index = (output / "pages" / "index.html").read_text()
    assert index.index("S01.html") < index.index("S02.html")


def test_pages_tell_neither_case_nor_method(written_study):
    for page in (written_study[0] / "pages").iterdir():
        text = page.read_text(encoding="utf-8")
        for secret in ("hospital", "x_17", "network", "colleague", "seed", "rtcontour.evaluation"):
            assert secret not in text, f"{page.name}: {secret}"


def test_pages_load_nothing_from_elsewhere(written_study):
    for page in (written_study[0] / "pages").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text and "://" not in text
        assert {link for link in re.findall(r'(?:src|href)="([^"]*)"', text)} <= {
            "data:,",
            "index.html",
            "S01.html",
            "S02.html",
        }


def test_the_seed_draws_the_order_of_cases_and_of_methods(rating_places, tmp_path):
    keys = [
        write_rating_study(
            rating_places / "network",
            rating_places / "ct",
            tmp_path / str(n),
            against={"other": rating_places / "colleague"},
            seed=seed,
        )
        for n, seed in enumerate([0, 0, 1, 2, 3, 4])
    ]
    assert keys[0] == keys[1]
    assert len({tuple(study.case for study in key.studies.values()) for key in keys}) == 2
    assert len({key.studies["S01"].sets["A"].method for key in keys}) == 2


def test_names_of_structures_cannot_break_the_page(tmp_path, rating_places, rating_patient, write_place):
    name = "</script><b>&\"'{{ 1 }}"
    place = write_place(tmp_path / "pred", {"hospital_x_17": rating_patient[1]}, names={name: 1, "__proto__": 2})
    write_rating_study(place, rating_places / "ct", tmp_path / "out", findings=[])
    page = tmp_path / "out" / "pages" / "S01.html"
    assert "</script><b>" not in page.read_text()
    assert {one["name"] for one in study_of(page)["sets"][0]["structures"]} == {name, "__proto__"}


def test_a_missed_organ_is_shown_for_grading_and_a_structure_left_out_is_not(
    tmp_path, rating_places, rating_patient, write_place
):
    missed = np.where(rating_patient[1] == 1, 0, rating_patient[1])
    place = write_place(tmp_path / "pred", {"hospital_x_17": missed})
    images = rating_places / "ct"
    key = write_rating_study(place, images, tmp_path / "both", findings=[])
    assert key.studies["S01"].sets["A"].structures == ("Bladder", "Rectum")
    assert study_of(tmp_path / "both" / "pages" / "S01.html")["sets"][0]["structures"][0]["contours"] == {}
    key = write_rating_study(place, images, tmp_path / "one", structures=["urinary bladder"], findings=[])
    assert key.studies["S01"].sets["A"].structures == ("Bladder",)
    with pytest.raises(StructureNameError, match="Larynx"):
        write_rating_study(place, images, tmp_path / "none", structures=["Larynx"])


def test_a_case_that_not_all_methods_have_is_a_finding(tmp_path, rating_places, rating_patient, write_place):
    labels = rating_patient[1]
    first = write_place(tmp_path / "first", {"hospital_x_17": labels, "hospital_x_18": labels})
    other = write_place(tmp_path / "other", {"hospital_x_18": labels, "third": labels})
    findings = []
    key = write_rating_study(first, rating_places / "ct", tmp_path / "out", against={"o": other}, findings=findings)
    assert {study.case: len(study.sets) for study in key.studies.values()} == {"hospital_x_17": 1, "hospital_x_18": 2}
    assert [(f.code, f.subject) for f in findings] == [
        ("rating-set-missing", "hospital_x_17"),
        ("rating-set-missing", "third"),
    ]


def test_a_data_set_gives_images_and_cohorts(tmp_path, tiny_data_set, tiny_patient, write_place, tiny_grid):
    place = write_place(tmp_path / "pred", {"c1": tiny_patient(0)[1]}, grid=tiny_grid)
    content = json.loads((tiny_data_set / "datalist.json").read_text())
    for entry in (*content["training"], *content["validation"], *content["test"]):
        entry.update(
            cohort="cervix", image=str(tiny_data_set / entry["image"]), label=str(tiny_data_set / entry["label"])
        )
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "datalist.json").write_text(json.dumps(content))
    key = write_rating_study(place, tmp_path / "set", tmp_path / "out")
    assert key.studies["S01"].cohort == "cervix"


def test_a_ct_series_or_a_folder_of_them_gives_the_image(tmp_path, rating_grid, rating_patient, write_place):
    hu, labels = rating_patient
    for case in ("p1", "p2"):
        write_ct_series(tmp_path / "ct" / case / "scan", hu, rating_grid, seed=1)
    place = write_place(tmp_path / "pred", {"p1": labels, "p2": labels})
    key = write_rating_study(place, tmp_path / "ct", tmp_path / "out", findings=[])
    assert len(key.studies) == 2
    (place / "p2.nii.gz").unlink()
    write_rating_study(place, tmp_path / "ct" / "p1", tmp_path / "alone", findings=[])
    page = study_of(tmp_path / "alone" / "pages" / "S01.html")
    assert page["slices"] == rating_grid.shape[2] and page["spacing_mm"] == list(rating_grid.spacing_mm)


def test_bad_input_is_refused_and_leaves_nothing(tmp_path, rating_places, rating_patient, rating_grid, write_place):
    network, images, output = rating_places / "network", rating_places / "ct", tmp_path / "out"
    elsewhere = Grid(rating_grid.shape, rating_grid.spacing_mm, (0.0, 0.0, 0.0))
    write_image(tmp_path / "other_ct" / "hospital_x_17.nii.gz", rating_patient[0], elsewhere)
    write_image(tmp_path / "other_ct" / "hospital_x_18.nii.gz", rating_patient[0], elsewhere)
    with pytest.raises(GeometryError, match=r"not on the grid of .*found 60 .*expected 60 "):
        write_rating_study(network, tmp_path / "other_ct", output)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="holds no CT"):
        write_rating_study(network, tmp_path / "empty", output)
    with pytest.raises(InputFileError, match="no case in common"):
        strangers = write_place(tmp_path / "strangers", dict.fromkeys("ab", rating_patient[1]))
        write_rating_study(network, images, output, against={"strangers": strangers})
    (tmp_path / "other_ct" / "hospital_x_17.nii.gz").unlink()
    with pytest.raises(InputFileError, match="has no CT of case 'hospital_x_17'"):
        write_rating_study(network, tmp_path / "other_ct", output)
    with pytest.raises(ConfigError, match="two methods"):
        write_rating_study(network, images, output, name="a", against={"a": network})
    assert not output.exists()
    output.mkdir()
    (output / "mine.txt").write_text("mine")
    with pytest.raises(OutputError):
        write_rating_study(network, images, output)


def test_what_is_to_be_rated_is_never_replaced_by_the_pages(tmp_path, rating_patient, rating_grid, write_place):
    study = tmp_path / "study"
    place = write_place(study / "pred", {"c1": rating_patient[1]})
    other = write_place(tmp_path / "other", {"c1": rating_patient[1]})
    write_image(study / "ct" / "c1.nii.gz", rating_patient[0], rating_grid)
    write_image(tmp_path / "ct" / "c1.nii.gz", rating_patient[0], rating_grid)
    for predictions, images, against in (
        (place, study / "ct", {}),
        (other, study / "ct", {}),
        (other, tmp_path / "ct", {"second": place}),
    ):
        with pytest.raises(OutputError, match="would be replaced with it"):
            write_rating_study(predictions, images, study, against=against, replace=True, findings=[])
    assert (place / "c1.nii.gz").is_file() and (study / "ct" / "c1.nii.gz").is_file()


def shown_structures(output):
    """Page -> set -> structure -> the number of slices with contours."""
    return {
        page.stem: {
            one["name"]: {structure["name"]: len(structure["contours"]) for structure in one["structures"]}
            for one in study_of(page)["sets"]
        }
        for page in sorted((output / "pages").glob("S*.html"))
    }


@pytest.fixture
def write_patient(rating_patient, rating_grid):
    """Writes the CT and the RTSTRUCT of a patient, from {ROI: label value}; a value that the map lacks: no contours."""
    hu, labels = rating_patient

    def write(folder, rois):
        series = write_ct_series(folder / "CT", hu, rating_grid, seed=2)
        masks = {name: Mask.from_array(labels == value, rating_grid) for name, value in rois.items()}
        write_structure_set(folder / "RS.dcm", masks, series, findings=[])
        return folder

    return write


def test_an_empty_roi_of_a_structure_set_is_shown_for_grading(tmp_path, write_patient):
    place = write_patient(tmp_path / "pred" / "c1", {"Bladder": 1, "Rectum": 9}).parent
    key = write_rating_study(place, place, tmp_path / "out", findings=[])
    assert key.studies["S01"].sets["A"].structures == ("Bladder", "Rectum")
    assert shown_structures(tmp_path / "out") == {"S01": {"A": {"Bladder": 8, "Rectum": 0}}}


def test_what_a_method_contours_in_another_case_is_shown_where_it_did_not(tmp_path, write_patient):
    write_patient(tmp_path / "pred" / "c1", {"Bladder": 1, "Rectum": 2})
    write_patient(tmp_path / "pred" / "c2", {"Rectum": 2})
    key = write_rating_study(tmp_path / "pred", tmp_path / "pred", tmp_path / "out", seed=0, findings=[])
    assert {one.sets["A"].structures for one in key.studies.values()} == {("Bladder", "Rectum")}
    code = next(code for code, one in key.studies.items() if one.case == "c2")
    assert shown_structures(tmp_path / "out")[code] == {"A": {"Bladder": 0, "Rectum": 8}}


def test_every_set_of_a_page_lists_the_same_structures(tmp_path, rating_places, rating_patient, write_place):
    labels = rating_patient[1]
    both = write_place(tmp_path / "both", {"hospital_x_17": labels})
    one = write_place(tmp_path / "one", {"hospital_x_17": np.where(labels == 1, labels, 0)}, names={"Bladder": 1})
    against = {"one": one}
    key = write_rating_study(both, rating_places / "ct", tmp_path / "out", against=against, findings=[])
    assert [blind.structures for blind in key.studies["S01"].sets.values()] == [("Bladder", "Rectum")] * 2
    counts = {
        key.studies["S01"].sets[a].method: shown for a, shown in shown_structures(tmp_path / "out")["S01"].items()
    }
    assert counts == {"both": {"Bladder": 8, "Rectum": 8}, "one": {"Bladder": 8, "Rectum": 0}}
    key = write_rating_study(
        both, rating_places / "ct", tmp_path / "r", against=against, structures=["Rectum"], findings=[]
    )
    assert [blind.structures for blind in key.studies["S01"].sets.values()] == [("Rectum",)] * 2


def test_what_nobody_contoured_in_a_case_of_a_data_set_is_no_missed_organ(tmp_path, tiny_data_set):
    key = write_rating_study(tiny_data_set, tiny_data_set, tmp_path / "out", findings=[])
    listed = {one.case: one.sets["A"].structures for one in key.studies.values()}
    assert listed["c1"] == ("Bladder", "Rectum") and listed["c2"] == ("Bladder",)


def test_a_structure_set_without_ct_is_shown_on_that_of_the_data_set(
    tmp_path, write_patient, rating_patient, rating_grid
):
    hu, labels = rating_patient
    rtstruct = write_patient(tmp_path / "exported" / "c1", {"Bladder": 1}) / "RS.dcm"
    (tmp_path / "pred" / "c1").mkdir(parents=True)
    shutil.copy(rtstruct, tmp_path / "pred" / "c1")
    data_set = tmp_path / "set"
    write_image(data_set / "c1_ct.nii.gz", hu, rating_grid)
    write_labels(data_set / "c1.nii.gz", labels, rating_grid)
    case = {"case": "c1", "patient": "p", "image": "c1_ct.nii.gz", "label": "c1.nii.gz", "annotated": ["Bladder"]}
    content = {"name": "set", "labels": {"background": 0, "Bladder": 1, "Rectum": 2}, "training": [], "validation": []}
    (data_set / "datalist.json").write_text(json.dumps({**content, "test": [case]}))
    for number, place in enumerate((tmp_path / "pred", tmp_path / "pred" / "c1" / "RS.dcm")):
        out = tmp_path / f"out {number}"
        write_rating_study(place, data_set, out, findings=[])
        assert shown_structures(out) == {"S01": {"A": {"Bladder": 8}}}


def test_the_order_cannot_be_repeated_unless_a_seed_was_given(tmp_path, rating_places):
    keys = [
        write_rating_study(rating_places / "network", rating_places / "ct", tmp_path / str(n), findings=[])
        for n in range(2)
    ]
    assert keys[0].seed != keys[1].seed
    assert read_key(tmp_path / "0").seed == keys[0].seed
    again = write_rating_study(
        rating_places / "network", rating_places / "ct", tmp_path / "again", seed=keys[0].seed, findings=[]
    )
    assert again == keys[0]


def test_what_is_odd_in_a_ct_is_told(tmp_path, rating_patient, rating_grid, write_place):
    hu, labels = rating_patient
    write_ct_series(tmp_path / "ct" / "c1", hu, rating_grid, seed=1)
    (tmp_path / "ct" / "c1" / "notes.txt").write_text("no slice")
    place = write_place(tmp_path / "pred", {"c1": labels})
    findings = []
    write_rating_study(place, tmp_path / "ct", tmp_path / "out", findings=findings)
    assert [(one.code, one.subject.startswith("c1")) for one in findings] == [("files-skipped", True)]


def test_of_several_series_the_one_that_a_structure_set_names_is_shown(
    tmp_path, write_patient, rating_patient, rating_grid, write_place
):
    hu, labels = rating_patient
    folder = write_patient(tmp_path / "exported" / "c1", {"Bladder": 1})
    lower = Grid((*rating_grid.shape[:2], 9), rating_grid.spacing_mm, rating_grid.origin_mm)
    write_ct_series(folder / "CT 2", np.asfortranarray(hu[:, :, :9]), lower, seed=5)
    maps = write_place(tmp_path / "maps", {"c1": labels})
    write_rating_study(maps, tmp_path / "exported", tmp_path / "out", against={"drawn": folder / "RS.dcm"}, findings=[])
    assert study_of(tmp_path / "out" / "pages" / "S01.html")["slices"] == 14
    with pytest.raises(InputFileError, match="holds 2 CT series"):
        write_rating_study(maps, tmp_path / "exported", tmp_path / "maps only", findings=[])


def test_a_cohort_is_not_expected_to_have_the_structures_of_another(
    tmp_path, write_patient, rating_patient, rating_grid
):
    for case, rois in {"c1": {"Bladder": 1, "Rectum": 2}, "c2": {"Rectum": 2}, "r1": {"Rectum": 2}}.items():
        write_patient(tmp_path / "pred" / case, rois)
    write_image(tmp_path / "set" / "ct.nii.gz", rating_patient[0], rating_grid)
    cohorts = {"c1": "cervix", "c2": "cervix", "r1": "rectum"}
    cases = [{"case": case, "patient": case, "image": "ct.nii.gz", "cohort": of} for case, of in cohorts.items()]
    content = {"name": "set", "labels": {"background": 0, "Bladder": 1}, "training": [], "validation": []}
    (tmp_path / "set" / "datalist.json").write_text(json.dumps({**content, "test": cases}))
    key = write_rating_study(tmp_path / "pred", tmp_path / "set", tmp_path / "out", findings=[])
    assert {one.case: one.sets["A"].structures for one in key.studies.values()} == {
        "c1": ("Bladder", "Rectum"),
        "c2": ("Bladder", "Rectum"),
        "r1": ("Rectum",),
    }
