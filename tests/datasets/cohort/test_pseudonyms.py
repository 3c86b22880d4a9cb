import csv
import datetime
import stat

import pytest

from rtcontour.datasets.cohort.pseudonyms import Pseudonyms, default_key_folder, open_pseudonyms, write_patients
from rtcontour.errors import InputFileError, OutputError

HERE, THERE = Pseudonyms(bytes(32)), Pseudonyms(bytes([1] * 32))


def test_a_pseudonym_depends_on_the_patient_and_the_secret():
    assert HERE.of_patient("A1") == HERE.of_patient("A1")
    assert len({HERE.of_patient("A1"), HERE.of_patient("A2"), THERE.of_patient("A1")}) == 3
    assert HERE.of_patient("A1")[1:].isalnum() and HERE.of_patient("A1").startswith("p")


def test_a_pseudonym_of_a_uid_is_not_that_of_a_patient_of_the_same_text():
    assert HERE.of_uid("1.2.3") not in HERE.of_patient("1.2.3")
    assert HERE.of_uid("") == ""


def test_the_dates_of_a_patient_move_together_and_back():
    first, second = (datetime.date.fromisoformat(HERE.of_date(date, "A1")) for date in ("20200229", "20200414"))
    assert (second - first).days == 45
    assert 1 <= (datetime.date(2020, 2, 29) - first).days <= 3650
    assert HERE.of_date("20200229", "A1") != HERE.of_date("20200229", "A2")


@pytest.mark.parametrize("date", ["", "2020", "20201345", "00010101", "yesterday"])
def test_what_is_no_date_has_none(date):
    assert HERE.of_date(date, "A1") == ""


def test_the_secret_is_drawn_once_and_is_the_owners_alone(tmp_path):
    key = default_key_folder(tmp_path / "data")
    assert key == tmp_path / "data.key"
    drawn = open_pseudonyms(key, tmp_path / "data")
    assert open_pseudonyms(key, tmp_path / "data") == drawn
    assert stat.S_IMODE((key / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(key.stat().st_mode) == 0o700
    assert open_pseudonyms(tmp_path / "other.key", tmp_path / "data") != drawn


@pytest.mark.parametrize("place", ["data", "data/key", "data/../data/key"])
def test_a_key_inside_the_data_set_is_refused(tmp_path, place):
    with pytest.raises(OutputError, match="outside of it"):
        open_pseudonyms(tmp_path / place, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("text", ["", "no hex", "abcd"])
def test_a_damaged_secret_is_refused_rather_than_drawn_anew(tmp_path, text):
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "secret").write_text(text)
    with pytest.raises(InputFileError, match="restore it"):
        open_pseudonyms(tmp_path / "k", tmp_path / "data")


def test_the_list_of_patients_keeps_those_of_earlier_imports(tmp_path):
    write_patients(tmp_path, {"p2": 'B, "two"'})
    path = write_patients(tmp_path, {"p1": "A"})
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["pseudonym", "patient_id"], ["p1", "A"], ["p2", 'B, "two"']]
