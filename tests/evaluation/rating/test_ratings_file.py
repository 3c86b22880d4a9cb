import csv
import io

import pytest

from rtcontour.errors import InputFileError
from rtcontour.evaluation.rating import BlindSet, Remark, Study, StudyKey, WorkTime, read_ratings
from rtcontour.evaluation.rating.key import blind_cases

HEADER = "study,set,structure,grade,seconds,mode,minutes,reader,comment"
RATED = """S01,A,Bladder,good,30,,,AB,
S01,A,Rectum,not acceptable,12.5,,,AB,"too small, on 3 slices"
S01,B,Bladder,excellent,8,,,AB,
S01,B,Rectum,,0,,,AB,
S01,,,,,1,35,AB,
S01,B,,,,2,12.5,AB,
S01,,,,,,,AB,metal on the left
"""


@pytest.fixture
def write(tmp_path):
    def write(lines, name="ab.csv", header=HEADER, encoding="utf-8"):
        (tmp_path / name).write_bytes(f"{header}\n{lines}".encode(encoding))
        return tmp_path / name

    return write


def test_what_readers_said_is_told_by_case_and_method(write, key):
    ratings = read_ratings(write(RATED), key)
    said = {(one.case, one.method, one.structure): (one.grade, one.seconds) for one in ratings.ratings}
    assert said == {
        ("case_b", "network", "Bladder"): ("excellent", 8),
        ("case_b", "network", "Rectum"): (None, 0),
        ("case_a", "network", "Bladder"): (None, None),
        ("case_b", "atlas", "Bladder"): ("good", 30),
        ("case_b", "atlas", "Rectum"): ("not acceptable", 12.5),
    }
    assert ratings.methods == ("network", "atlas") and ratings.readers == ("AB",)
    assert [one.comment for one in ratings.ratings if one.comment] == ["too small, on 3 slices"]
    assert ratings.times == (WorkTime("case_b", 1, 35, "", "AB"), WorkTime("case_b", 2, 12.5, "network", "AB"))
    assert ratings.remarks == (Remark("case_b", "AB", "metal on the left"),)
    assert ratings.cohorts == {"case_b": "cervix", "case_a": "anorectal"}


def test_spreadsheets_may_write_semicolons_decimal_commas_and_a_mark(write, key):
    lines = RATED.replace(",", ";").replace("12.5", "12,5").replace('"too small; on', '"too small, on') + ";;;;;;;;\n"
    path = write(lines.replace("\n", "\r\n"), header=HEADER.replace(",", ";"), encoding="utf-8-sig")
    assert read_ratings(path, key) == read_ratings(write(RATED, "plain.csv"), key)


def test_several_files_and_readers_and_folders_are_read_together(write, key, tmp_path):
    write(RATED)
    write(RATED.replace("AB", "Ö. D.").replace("good", "acceptable"), "od.csv")
    ratings = read_ratings(tmp_path, key)
    assert ratings.readers == ("AB", "Ö. D.") and len(ratings.ratings) == 10


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("S01,A,Bladder,excelent,,,,AB,", "grade is 'excelent'; expected excellent, good, acceptable, not acceptable"),
        ("S01,A,Bladder,5,,,,AB,", "grade is '5'"),
        ("S01,A,Bladder,Good,,,,AB,", "grade is 'Good'"),
        ("1,A,Bladder,good,,,,AB,", "study is '1'; expected S01, S02"),
        ("S02,B,Bladder,good,,,,AB,", "set is 'B'; expected A"),
        ("S02,A,Rectum,good,,,,AB,", "structure is 'Rectum'; expected Bladder"),
        ("S01,A,Bladder,good,-1,,,AB,", "seconds is '-1'; expected a number, 0 or more"),
        ("S01,A,Bladder,good,soon,,,AB,", "seconds is 'soon'"),
        ("S01,,,,,1,nan,AB,", "minutes is 'nan'"),
        ("S01,,,,,1,,AB,", "minutes is ''"),
        ("S01,,,,,3,12,AB,", "mode is '3'; expected 1, 2"),
        ("S01,,,,,,12,AB,", "mode is ''"),
        ("S01,A,,,,1,12,AB,", "expected no set"),
        ("S01,,,,,2,12,AB,", "set is ''; expected A, B"),
        ("S01,A,Bladder,good,,2,12,AB,", "a line of their own"),
        ("S01,A,,good,,,,AB,", "no structure"),
        ("S01,A,,,,,,AB,x", "neither structure nor mode"),
        ("S01,A,Bladder,good,,,,,", "has no reader"),
        ("S01,A,Bladder,good,,,AB,", "has 8 fields; expected 9"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_found_and_expected(write, key, wrong, said):
    with pytest.raises(InputFileError) as error:
        read_ratings(write(f"S02,A,Bladder,good,1,,,AB,\n{wrong}\n"), key)
    assert "ab.csv line 3: " in str(error.value) and said in str(error.value)
    assert "\n" not in str(error.value) and "expected" in str(error.value)


def test_the_same_structure_twice_by_one_reader_names_both_places(write, key):
    line = "S01,A,Bladder,good,1,,,AB,\n"
    with pytest.raises(InputFileError, match=r"2\.csv line 2: says again what .*1\.csv line 2 says"):
        read_ratings([write(line, "1.csv"), write(line, "2.csv")], key)
    with pytest.raises(InputFileError, match="says again"):
        read_ratings(write("S01,,,,,1,35,AB,\nS01,,,,,1,36,AB,\n"), key)
    assert len(read_ratings([write(line, "1.csv"), write(line.replace("AB", "CD"), "2.csv")], key).readers) == 2


def test_other_headers_encodings_and_no_files_are_refused(write, key, tmp_path):
    with pytest.raises(InputFileError, match="lacks the column 'minutes'"):
        read_ratings(write("", header=HEADER.replace(",minutes", "")), key)
    with pytest.raises(InputFileError, match="unknown column 'note'"):
        read_ratings(write("", header=f"{HEADER},note"), key)
    with pytest.raises(InputFileError, match="twice the column 'grade'"):
        read_ratings(write("", header=f"{HEADER},grade"), key)
    with pytest.raises(InputFileError, match="lacks the column 'study'"):
        read_ratings(write("", header=""), key)
    with pytest.raises(InputFileError, match="is not UTF-8"):
        read_ratings(write("S01,A,Bladder,good,1,,,ÄB,\n", encoding="cp1252"), key)
    with pytest.raises(InputFileError, match="cannot be read"):
        read_ratings(tmp_path / "nowhere.csv", key)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="no CSV file"):
        read_ratings(tmp_path / "empty", key)


def as_a_spreadsheet_leaves_it(text):
    """Every field that looks like a number becomes one, so 01 comes back as 1 and 12.50 as 12.5."""

    def typed(field):
        try:
            return f"{float(field):g}"
        except ValueError:
            return field

    rows = csv.reader(io.StringIO(text))
    out = io.StringIO()
    csv.writer(out).writerows([typed(field) for field in row] for row in rows)
    return out.getvalue()


def test_a_file_that_went_through_a_spreadsheet_says_the_same(tmp_path):
    cases = {f"case_{n}": ["network", "atlas"] for n in range(3)}
    studies = {
        code: Study(case, {letter: BlindSet(method, ("Bladder",)) for letter, method in letters.items()})
        for code, (case, letters) in blind_cases(cases, 0).items()
    }
    key = StudyKey(studies, ("network", "atlas"))
    lines = [f"{code},{letter},Bladder,good,30,,,AB,\n" for code in studies for letter in "AB"]
    lines += [f"{code},,,,,1,12.50,AB,\n" for code in studies]
    text = f"{HEADER}\n{''.join(lines)}"
    (tmp_path / "saved.csv").write_text(text)
    (tmp_path / "typed.csv").write_text(as_a_spreadsheet_leaves_it(text))
    ratings = read_ratings(tmp_path / "typed.csv", key)
    assert ratings == read_ratings(tmp_path / "saved.csv", key)
    assert len(ratings.ratings) == 6 and {one.minutes for one in ratings.times} == {12.5}


def test_a_stray_quote_is_told_with_the_line_where_it_stands(write, key):
    good = "S02,A,Bladder,good,1,,,AB,\n"
    for tail in ("", "x\n" * 70000, 'S01,A,Rectum,good,1,,,AB,"too small"\n'):
        with pytest.raises(InputFileError, match=r"ab\.csv line 3: .*quotation mark"):
            read_ratings(write(f'{good}S01,A,Bladder,good,3,,,AB,"lost\n{tail}'), key)
    with pytest.raises(InputFileError, match=r"ab\.csv line 1: .*quotation mark"):
        read_ratings(write("", header=f'"{HEADER}'), key)


def test_a_comment_may_hold_line_breaks_and_quotes(write, key):
    ratings = read_ratings(write('S02,A,Bladder,good,1,,,AB,"first\nthen ""wall"""\nS01,,,,,1,35,AB,\n'), key)
    assert [one.comment for one in ratings.ratings if one.comment] == ['first\nthen "wall"']
