import json

import pytest

from rtcontour.errors import InputFileError
from rtcontour.evaluation.statistics import Limit, read_tolerances

CONTENT = {
    "*": {"dice": {"at_least": 0.8}, "hd95_mm": {"at_most": 10}},
    "urinary bladder": {"hd95_mm": {"at_most": 5.0}, "volume_error": {"at_least": -0.1, "at_most": 0.2}},
    "Study_Ring": {"lateral_bias_mm": {"within": 2}},
}
DICE, HD95 = Limit("dice", "at_least", 0.8), Limit("hd95_mm", "at_most", 10.0)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "tolerances.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_tolerances(path)

    return write_and_read


def test_a_structure_without_an_entry_keeps_to_the_default(read):
    assert read(CONTENT).limits_of("Rectum") == (DICE, HD95)


def test_an_entry_replaces_the_default_measure_by_measure(read):
    volume = (Limit("volume_error", "at_least", -0.1), Limit("volume_error", "at_most", 0.2))
    assert read(CONTENT).limits_of("Bladder") == (DICE, Limit("hd95_mm", "at_most", 5.0), *volume)


def test_names_are_found_as_the_table_knows_them_or_as_written(read):
    tolerances = read(CONTENT)
    assert tolerances.limits_of("BLADDER") == tolerances.limits_of("Bladder") != tolerances.limits_of("Rectum")
    assert tolerances.limits_of("Study_Ring")[-1] == Limit("lateral_bias_mm", "within", 2.0)
    assert [(finding.code, finding.subject) for finding in tolerances.findings] == [("name-unresolved", "Study_Ring")]


def test_without_a_default_only_named_structures_have_limits(read):
    tolerances = read({"Bladder": {"dice": {"at_least": 0.9}}})
    assert tolerances.limits_of("Rectum") == () and len(tolerances.limits_of("Bladder")) == 1


@pytest.mark.parametrize(
    ("limit", "words", "kept", "broken"),
    [
        (Limit("dice", "at_least", 0.8), "at least 0.8", 0.8, 0.79),
        (Limit("volume_cc", "at_most", 300.0), "at most 300 cc", 300.0, 300.1),
        (Limit("volume_error", "within", 0.1), "within ±0.1", -0.1, -0.11),
    ],
)
def test_a_limit_says_and_does_what_it_means(limit, words, kept, broken):
    assert limit.words == words and limit.admits(kept) and not limit.admits(broken)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[1]", "expected an object with at least one entry"),
        ("{}", "expected an object with at least one entry"),
        ({"Bladder": {}}, "Bladder: expected an object"),
        ({"Bladder": {"dice": 0.8}}, "Bladder: dice: expected an object"),
        ({"Bladder": {"hd95": {"at_most": 5}}}, "Bladder: 'hd95' is no measure; did you mean hd95_mm?"),
        ({"Bladder": {"outcome": {"at_most": 5}}}, "'outcome' is no measure"),
        (
            {"Bladder": {"dice": {"min": 0.8}}},
            "Bladder: dice: 'min' is no rule; expected one of at_least, at_most, within",
        ),
        ({"Bladder": {"dice": {"at_least": "0.8"}}}, 'Bladder: dice: at_least is "0.8"; expected a number'),
        ({"Bladder": {"dice": {"at_least": True}}}, "at_least is true; expected a number"),
        ({"Bladder": {"dice": {"at_least": None}}}, "at_least is null; expected a number"),
        ({"Bladder": {"dice": {"at_least": {"x": 1}}}}, "at_least is an object; expected a number"),
        ('{"*": {"dice": {"at_least": NaN}}}', "at_least is NaN; expected a number"),
        ('{"*": {"dice": {"at_least": 1' + "0" * 400 + "}}}", "expected a number"),
        ({"*": {"dice": {"at_least": 80}}}, "at_least is 80; it is a share: expected 0 to 1"),
        ({"*": {"volume_error": {"within": -0.1}}}, "within is -0.1; it is a distance from 0"),
        ('{"*": {"dice": {"at_least": 1}, "dice": {"at_least": 0}}}', "'dice' is there 2 times; keep one"),
        ({"Bladder": CONTENT["*"], "urinary bladder": CONTENT["*"]}, "urinary bladder: Bladder is there already"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_with_its_place(read, content, message):
    with pytest.raises(InputFileError) as error:
        read(content)
    assert message in str(error.value) and "tolerances.json: " in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputFileError, match=r"none\.json: cannot be read .*write limits there"):
        read_tolerances(tmp_path / "none.json")
