import pytest

from rtcontour.errors import ConfigError
from rtcontour.evaluation.inputs import name_methods


def test_the_evaluated_method_is_first_and_called_as_its_place_unless_named(tmp_path):
    (tmp_path / "net.v2").mkdir()
    (tmp_path / "rs.tumour.dcm").write_text("")
    assert list(name_methods(tmp_path / "net.v2", None, {"atlas": "a"})) == ["net.v2", "atlas"]
    (tmp_path / "net.v3.nii.gz").write_text("")
    assert list(name_methods(tmp_path / "rs.tumour.dcm", None, None)) == ["rs.tumour"]
    assert list(name_methods(tmp_path / "net.v3.nii.gz", None, None)) == ["net.v3"]
    assert name_methods("p", "model", {"atlas": "a"}) == {"model": "p", "atlas": "a"}


def test_two_methods_of_one_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="two methods are called 'atlas'"):
        name_methods(tmp_path / "atlas", None, {"atlas": tmp_path})
