import pytest

from rtcontour.datasets import read_label_names
from rtcontour.errors import InputFileError


@pytest.fixture
def write_names(tmp_path):
    def write(text):
        (tmp_path / "labels.json").write_text(text)
        return tmp_path / "labels.json"

    return write


def test_names_and_their_values_are_read(write_names):
    assert read_label_names(write_names('{"background": 0, "Bladder": 1}')) == {"background": 0, "Bladder": 1}
    assert read_label_names(write_names('{"background": 0, "Couch": 0}')) == {"background": 0, "Couch": 0}


def test_one_value_for_two_structures_is_refused(write_names):
    with pytest.raises(InputFileError, match=r"labels\.json: 'Bladder' and 'Rectum' have the value 1; give each"):
        read_label_names(write_names('{"Bladder": 1, "Rectum": 1, "Femur_L": 3}'))


@pytest.mark.parametrize("text", ["{Bladder", "[1]", '{"Bladder": "1"}', '{"Bladder": 1.5}', '{"Bladder": -1}'])
def test_anything_else_is_refused_with_the_file(write_names, text):
    with pytest.raises(InputFileError, match=r"labels\.json: "):
        read_label_names(write_names(text))
