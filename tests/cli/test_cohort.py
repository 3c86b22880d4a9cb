import json

import pytest

from rtcontour.phantom import write_patient
from rtcontour.phantom.pelvis import draw_pelvis


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    phantom = draw_pelvis(3, spacing_mm=(5.5, 5.5, 8.0), slices=24, columns_rows=(88, 64))
    write_patient(phantom, folder / "Somebody", patient_id="KNOWN-1")
    return folder


def test_an_archive_becomes_a_data_set(rtcontour, tmp_path, export):
    data = tmp_path / "data"
    result = rtcontour("cohort", export, data, "--recipe", "pelvis_fcn", "--workers", "1", "--shares", "1", "0", "0")
    assert result.code == 0, result.err
    assert str(data / "audit" / "audit.html") in result.out and (data / "audit" / "audit.html").is_file()
    (case,) = json.loads((data / "datalist.json").read_text())["training"]
    assert case["annotated"] and "KNOWN-1" in (tmp_path / "data.key" / "patients.csv").read_text()


def test_what_cannot_be_is_one_line(refused, tmp_path, export):
    assert "no such recipe" in refused("cohort", export, tmp_path / "data", "--recipe", "pelvis")
    assert "does not exist" in refused("cohort", tmp_path / "nowhere", tmp_path / "data", "--recipe", "pelvis_fcn")
    options = ("--recipe", "pelvis_fcn", "--key", tmp_path / "data" / "key")
    assert "outside of it" in refused("cohort", export, tmp_path / "data", *options)
    assert not (tmp_path / "data").exists()


def test_a_recipe_must_be_named(rtcontour, tmp_path, export):
    result = rtcontour("cohort", export, tmp_path / "data")
    assert result.code == 2 and "--recipe" in result.err
