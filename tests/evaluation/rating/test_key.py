import json

import pytest

from rtcontour.errors import ConfigError, InputFileError
from rtcontour.evaluation.rating import read_key
from rtcontour.evaluation.rating.key import blind_cases, write_key

METHODS = ["network", "atlas"]


def test_a_code_is_never_a_number_and_all_are_of_one_length():
    for count, last in ((1, "S01"), (99, "S99"), (100, "S100")):
        codes = list(blind_cases({f"case {n}": METHODS for n in range(count)}, 0))
        assert len(codes) == count and codes[-1] == last
        assert len({len(code) for code in codes}) == 1


def test_every_case_and_method_is_drawn_once_and_their_order_depends_on_the_seed():
    cases = {f"case {n}": METHODS for n in range(5)}
    orders = set()
    for seed in range(20):
        drawn = blind_cases(cases, seed)
        assert sorted(case for case, _ in drawn.values()) == sorted(cases)
        assert all(
            list(letters) == ["A", "B"] and set(letters.values()) == set(METHODS) for _, letters in drawn.values()
        )
        assert drawn == blind_cases(dict(reversed(cases.items())), seed)
        orders.add(tuple(case for case, _ in drawn.values()))
    assert len(orders) > 10


def test_more_methods_than_letters_are_refused():
    assert len(blind_cases({"c": [f"m{n}" for n in range(26)]}, 0)["S01"][1]) == 26
    with pytest.raises(ConfigError, match="27 methods"):
        blind_cases({"c": [f"m{n}" for n in range(27)]}, 0)


def test_a_key_is_read_as_it_was_written(key, tmp_path):
    write_key(tmp_path / "key.json", key)
    assert read_key(tmp_path) == read_key(tmp_path / "key.json") == key


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no key"),
        ('{"studies": {"S01": {}}}', "no key"),
        ('{"studies": {"S01": {"case": "c", "sets": []}}, "methods": ["a"], "seed": 0}', "no key"),
    ],
)
def test_a_key_that_is_none_is_refused(tmp_path, content, said):
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(InputFileError, match=said):
        read_key(tmp_path)


def test_a_key_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputFileError, match="cannot be read"):
        read_key(tmp_path / "nowhere")
    (tmp_path / "key.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputFileError, match="no JSON"):
        read_key(tmp_path)


def test_the_seed_may_be_a_large_number(key, tmp_path):
    content = {"studies": {}, "methods": [], "seed": 2**64 - 1}
    (tmp_path / "key.json").write_text(json.dumps(content))
    assert read_key(tmp_path).seed == 2**64 - 1
