import pytest

from rtcontour.datasets.review import read_review
from rtcontour.errors import ConfigError, InputFileError

HEADER = "case,structure,decision,comment\n"


@pytest.fixture
def review(tmp_path):
    def read(text, **options):
        (tmp_path / "review.csv").write_text(text, encoding="utf-8-sig")
        return read_review(tmp_path / "review.csv", **options)

    return read


def test_cases_and_structures_are_told_apart(review):
    found = review(HEADER + "p1,,exclude,other clinic\np2,Bladder,not contoured,\np2,Blase,Exclude,\np3,,keep,fine\n")
    assert found.excluded == {"p1"}
    assert found.not_contoured == {"p2": {"Bladder"}}
    assert found.comments == {("p1", ""): "other clinic", ("p3", ""): "fine"}


def test_what_spreadsheets_make_of_it_is_read_too(review):
    found = review('decision ; Case;STRUCTURE\r\n EXCLUDE ; p1 ;\r\n;;\r\nnot contoured;p2;"Femur_Head_L"\r\n')
    assert found.excluded == {"p1"}
    assert found.not_contoured == {"p2": {"Femur_Head_L"}}


def test_cases_to_leave_out_may_be_named_without_a_file():
    assert read_review(None, exclude=["p1", " p2 "]).excluded == {"p1", "p2"}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("case,structure\np1,\n", InputFileError, "no column 'decision'"),
        ("", InputFileError, "no column 'case'"),
        (HEADER + "p1,,remove,\n", ConfigError, "line 2: decision 'remove'"),
        (HEADER + "\np1,,not contoured,\n", ConfigError, "line 3: not contoured without a structure"),
        (HEADER + ",Bladder,exclude,\n", InputFileError, "line 2 names no case"),
    ],
)
def test_what_cannot_be_meant_is_refused(review, text, error, message):
    with pytest.raises(error, match=message):
        review(text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputFileError, match="cannot be read"):
        read_review(tmp_path / "none.csv")
