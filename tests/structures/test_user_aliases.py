"""A department's own names come from a JSON file, and a mistake in it is one line that says where."""

import json

import pytest

from rtcontour.errors import InputFileError, StructureNameError
from rtcontour.structures import find_structure, read_aliases, resolve_structure


def write(folder, text):
    path = folder / "aliases.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def aliases_file(tmp_path):
    return write(tmp_path, json.dumps({"Blåsan 2024": "Bladder", "FK li": "Femur_Head_L", "OAR 7": "rektum"}))


def test_the_file_gives_tg_263_names_in_its_order(aliases_file):
    assert list(read_aliases(aliases_file).items()) == [
        ("Blåsan 2024", "Bladder"),
        ("FK li", "Femur_Head_L"),
        ("OAR 7", "Rectum"),
    ]


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_name_resolves_by_the_file(aliases_file, kind):
    assert resolve_structure("oar_7", aliases=kind(aliases_file)).name == "Rectum"
    assert find_structure("BLASAN 2024", aliases=kind(aliases_file)).name == "Bladder"
    assert resolve_structure("Liver", aliases=kind(aliases_file)).name == "Liver"
    assert find_structure("OAR 8", aliases=kind(aliases_file)) is None


def test_the_file_wins_over_the_table(tmp_path):
    path = write(tmp_path, '{"SMG": "Glnd_Submands", "Iliac": "LN_Iliac_L"}')
    assert resolve_structure("smg", aliases=path).name == "Glnd_Submands"
    assert resolve_structure("iliac", aliases=path).name == "LN_Iliac_L"


def test_a_byte_order_mark_is_no_matter(tmp_path):
    assert read_aliases(write(tmp_path, '\ufeff{"OAR 7": "Rectum"}')) == {"OAR 7": "Rectum"}


def test_an_empty_object_has_no_aliases(tmp_path):
    assert read_aliases(write(tmp_path, "{}")) == {}


def test_one_name_twice_with_one_target_is_no_matter(tmp_path):
    path = write(tmp_path, '{"OAR 7": "Rectum", "oar_7": "Rektum", "OAR 7": "Rectum"}')
    assert read_aliases(path) == {"OAR 7": "Rectum", "oar_7": "Rectum"}


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("{'OAR 7': 'Rectum'}", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "holds no JSON object"),
        ('["OAR 7", "Rectum"]', "holds no JSON object"),
        ('"Rectum"', "holds no JSON object"),
        ("null", "holds no JSON object"),
        ('{"OAR 7": 7}', "entry of 'OAR 7' is no pair of names"),
        ('{"OAR 7": null}', "entry of 'OAR 7' is no pair of names"),
        ('{"OAR 7": ["Rectum"]}', "entry of 'OAR 7' is no pair of names"),
        ('{"OAR 7": {}}', "entry of 'OAR 7' is no pair of names"),
        ('{" ": "Rectum"}', "entry of ' ' is no pair of names"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, text, problem):
    path = write(tmp_path, text)
    with pytest.raises(InputFileError) as error:
        read_aliases(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ") and problem in message and "expected" in message and "\n" not in message


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "aliases.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputFileError, match="is no JSON"):
        read_aliases(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=r"cannot be read.*write aliases there"):
        resolve_structure("Rectum", aliases=tmp_path / "none.json")
    with pytest.raises(InputFileError, match="cannot be read"):
        read_aliases(tmp_path)


@pytest.mark.parametrize(
    "target, reason",
    [
        ("Rektumm", "is not known; nearest are Rectum, "),
        ("Femur_Head", "is ambiguous: a paired organ without a side; write Femur_Head_L or Femur_Head_R"),
        ("Iliac", "is ambiguous: it may mean A_Iliac_L, "),
        ("", "is not known"),
        ("Bladder+5mm", "is not known; nearest are Bladder, "),
    ],
)
def test_a_target_must_be_one_known_structure(tmp_path, target, reason):
    path = write(tmp_path, json.dumps({"OAR 7": target}))
    with pytest.raises(StructureNameError) as error:
        read_aliases(path)
    assert f"{path}: alias 'OAR 7' leads to {target!r}, which {reason}" in str(error.value)


@pytest.mark.parametrize("text", ['{"OAR 7": "Rectum", "oar_7": "Liver"}', '{"OAR 7": "Rectum", "OAR 7": "Liver"}'])
def test_one_name_with_two_targets_is_refused(tmp_path, text):
    path = write(tmp_path, text)
    message = r"'OAR 7' leads to Rectum, and '(OAR 7|oar_7)', the same name, to Liver; keep one of them"
    with pytest.raises(StructureNameError, match=message):
        read_aliases(path)
