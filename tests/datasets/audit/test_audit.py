import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.datasets.audit import CaseMeasures, audit_data_set
from rtcontour.datasets.audit.image_measures import ImageMeasures
from rtcontour.errors import DataSetError, OutputError
from rtcontour.grid import Grid

RECORD = {"case": "c1", "patient": "c1", "cohort": "", "fingerprint": "", "annotated": [], "findings": []}


@pytest.fixture
def data_set(tmp_path, write_tiny_data_set):
    """Four small cases."""
    return write_tiny_data_set(tmp_path / "data_set")


@pytest.fixture
def change(data_set, tiny_patient, tiny_grid):
    """Rewrites the label map of a case."""

    def write(case, seed, edit):
        _, labels = tiny_patient(seed)
        edit(labels)
        write_labels(data_set / "labels" / f"{case}.nii.gz", labels, tiny_grid, replace=True)

    return write


def put(array, box, value):
    array[tuple(slice(*ends) for ends in box)] = value


def audit(folder, **options):
    findings = []
    output = audit_data_set(folder, workers=1, findings=findings, **options)
    return json.loads((output / "audit.json").read_text()), findings


def found_in(facts, case):
    return {(one["code"], one["structure"]) for one in facts["findings"] if one["case"] == case}


def test_a_data_set_without_records_is_measured_from_its_files(data_set, change):
    change("c3", 2, lambda labels: put(labels, ((26, 29), (20, 23), (2, 4)), 1))
    change("c4", 3, lambda labels: put(labels, ((0, 3), (2, 6), (8, 12)), 2))
    facts, findings = audit(data_set)
    assert ("islands", "Bladder") in found_in(facts, "c3")
    assert {("outside-body", "Rectum"), ("cut-at-border", "Rectum")} <= found_in(facts, "c4")
    assert not {("islands", "Bladder"), ("outside-body", "Rectum")} & found_in(facts, "c1")
    rows = {row["name"]: row for row in facts["structures"]}
    assert rows["Bladder"]["contoured"] == 4 and rows["Rectum"]["contoured"] == 3  # nobody contoured that of c2
    assert {row["case"] for row in facts["cases"]} == {"c1", "c2", "c3", "c4"}
    assert any(one.code == "islands" and one.subject == "c3 Bladder" for one in findings)
    page = (data_set / "audit" / "audit.html").read_text()
    assert "data:image/jpeg;base64," in page and "islands" in page


def test_voxels_come_from_the_masks_where_there_are_some(data_set, tiny_patient, tiny_grid):
    _, labels = tiny_patient(0)
    mask = (labels == 1).astype(np.uint8, order="F")
    put(mask, ((26, 29), (20, 23), (2, 4)), 1)
    write_labels(data_set / "masks" / "c1" / "Bladder.nii.gz", mask, tiny_grid)
    facts, _ = audit(data_set)
    assert ("islands", "Bladder") in found_in(facts, "c1")


def test_measures_of_an_import_are_taken_from_its_records(data_set):
    facts, _ = audit(data_set)
    image = ImageMeasures(0.4, 0.0, 0.0, 640.0, None, -1000.0, 0.1, -1020, 320, 0.0, (1, 2, 3))
    measures = CaseMeasures((40, 32, 20), (2.0, 2.5, 4.0), image, {}).to_json()
    rois = [
        {"name": "Blasse <i>", "structure": None, "candidates": ["Bladder"]},
        {"name": "Rectum", "structure": "Rectum", "candidates": []},
    ]
    found = [{"code": "slice-missing", "message": "two are missing", "severity": "warning", "subject": ""}]
    record = {**RECORD, "measures": measures, "rois": rois, "findings": found}
    (data_set / "records").mkdir()
    (data_set / "records" / "c1.json").write_text(json.dumps(record))
    again, told = audit(data_set, replace=True)
    assert ("hu-scale-unlikely", "") not in found_in(facts, "c1")
    assert {("hu-scale-unlikely", ""), ("slice-missing", "")} <= found_in(again, "c1")
    assert "slice-missing" not in [one.code for one in told]  # the import told it already
    (name,) = again["names"]
    assert (name["name"], name["count"], name["candidates"]) == ("Blasse <i>", 1, ["Bladder"])


def test_a_review_leaves_out_what_it_decided(data_set, tmp_path):
    review = tmp_path / "review.csv"
    review.write_text("case,structure,decision,comment\nc1,,exclude,motion\nc3,Bladder,not contoured,\n")
    facts, _ = audit(data_set, review=review)
    assert {row["case"] for row in facts["cases"]} == {"c2", "c3", "c4"}
    assert {row["name"]: row["contoured"] for row in facts["structures"]} == {"Bladder": 2, "Rectum": 2}
    assert '"comment": "motion"' in (data_set / "audit" / "audit.html").read_text()


def test_a_case_that_cannot_be_read_is_told_and_the_rest_goes_on(data_set):
    path = data_set / "images" / "c2.nii.gz"
    path.write_bytes(path.read_bytes()[:200])
    facts, findings = audit(data_set)
    assert found_in(facts, "c2") == {("case-unreadable", "")}
    assert {row["case"] for row in facts["cases"]} == {"c1", "c3", "c4"}
    assert [one.severity for one in findings if one.code == "case-unreadable"] == ["error"]


def test_what_cannot_be_drawn_is_told(data_set):
    image = ImageMeasures(0.4, 0.0, 0.0, 640.0, None, -1000.0, 0.1, -1020, 320, 0.0, (1, 2, 3))
    record = {**RECORD, "measures": CaseMeasures((40, 32, 20), (2.0, 2.5, 4.0), image, {}).to_json()}
    (data_set / "records").mkdir()
    (data_set / "records" / "c1.json").write_text(json.dumps(record))
    path = data_set / "images" / "c1.nii.gz"
    path.write_bytes(path.read_bytes()[:200])
    facts, _ = audit(data_set)
    assert found_in(facts, "c1") == {("hu-scale-unlikely", ""), ("picture-left-out", "")}


def test_contours_of_another_grid_are_told(data_set, tiny_grid):
    other = Grid(tiny_grid.shape, tiny_grid.spacing_mm, (0.0, 0.0, 0.0))
    write_labels(data_set / "labels" / "c2.nii.gz", np.zeros(tiny_grid.shape, np.uint8, order="F"), other, replace=True)
    facts, _ = audit(data_set)
    assert found_in(facts, "c2") == {("case-unreadable", "")}


def test_two_audits_of_one_data_set_are_the_same(data_set, tmp_path, tiny_patient, tiny_grid):
    hu, _ = tiny_patient(0)
    hu[20, 16, 10] = 3000
    write_image(data_set / "images" / "c1.nii.gz", hu, tiny_grid, replace=True)
    audit(data_set, output=tmp_path / "one")
    with ThreadPoolExecutor(2) as pool:
        audit(data_set, output=tmp_path / "two", executor=pool)
    for name in ("audit.html", "audit.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_earlier_audit_and_what_lies_beside_it_is_kept(data_set):
    audit(data_set)
    (data_set / "audit" / "review.csv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        audit(data_set)
    audit(data_set, replace=True)
    assert (data_set / "audit" / "review.csv").read_text() == "mine"


def test_progress_is_told_case_by_case(data_set):
    told = []
    audit_data_set(data_set, workers=1, findings=[], progress=lambda *words: told.append(words))
    assert told[:4] == [(f"c{n} measured", n, 4) for n in (1, 2, 3, 4)]


def test_no_data_set_is_refused(tmp_path):
    with pytest.raises(DataSetError, match=r"datalist\.json"):
        audit_data_set(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_measuring_needs_no_library_of_pictures_or_pages():
    code = "import rtcontour.datasets.audit, sys; print({'matplotlib', 'jinja2', 'torch'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"
