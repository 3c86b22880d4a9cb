import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.errors import OutputError
from rtcontour.files import file_stems, refuse_existing, refuse_filled, whole_file, whole_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "label.nii.gz"
    with whole_file(path) as partial:
        partial.write_text("voxels")
        assert partial.parent == path.parent
        assert partial.name.endswith(".nii.gz")
        assert not path.exists()
    assert path.read_text() == "voxels"
    assert names(path.parent) == ["label.nii.gz"]


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "out.dcm") as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_a_failed_replacement_keeps_what_was_there(tmp_path):
    path = tmp_path / "out.dcm"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(path, replace=True) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.dcm"]


def test_an_existing_file_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "out.dcm"
    path.write_text("old")
    with pytest.raises(OutputError, match="exists already"), whole_file(path):
        pytest.fail("the body must not run")
    with whole_file(path, replace=True) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), whole_file(tmp_path / "file" / "out.dcm"):
        pytest.fail("the body must not run")


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "data"
    with whole_folder(path) as partial:
        (partial / "datalist.json").write_text("{}")
        assert not path.exists()
    assert names(path) == ["datalist.json"]
    assert names(tmp_path) == ["data"]


def test_an_empty_folder_may_be_filled(tmp_path):
    with whole_folder(tmp_path / "data") as partial:
        (partial / "case").write_text("")
    (tmp_path / "empty").mkdir()
    with whole_folder(tmp_path / "empty") as partial:
        (partial / "case").write_text("")
    assert names(tmp_path / "empty") == ["case"]


def test_a_full_folder_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    (path / "old").write_text("")
    with pytest.raises(OutputError, match="exists already"), whole_folder(path):
        pytest.fail("the body must not run")
    with whole_folder(path, replace=True) as partial:
        (partial / "new").write_text("")
    assert names(path) == ["new"]


def test_a_failed_folder_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "data") as partial:
        (partial / "case").write_text("half")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_an_output_can_be_refused_before_the_work(tmp_path):
    refuse_existing(tmp_path / "absent", replace=False)
    refuse_existing(tmp_path, replace=True)
    with pytest.raises(OutputError, match="--replace"):
        refuse_existing(tmp_path, replace=False)


def test_a_folder_for_results_may_be_absent_or_empty_but_not_filled(tmp_path):
    refuse_filled(tmp_path / "absent", replace=False)
    refuse_filled(tmp_path, replace=False)
    (tmp_path / "old.txt").touch()
    refuse_filled(tmp_path, replace=True)
    for taken in (tmp_path, tmp_path / "old.txt"):
        with pytest.raises(OutputError, match=r"holds something already.*--replace True"):
            refuse_filled(taken, replace=False)


@pytest.mark.parametrize(
    "names, files",
    [
        (["A", "A", "A_2"], ["A", "A_2", "A_2_2"]),
        (["A_2", "A", "A"], ["A_2", "A", "A_3"]),
        (["ptv", "PTV"], ["ptv", "PTV_2"]),
        (["a/b", "a:b", "", "..x"], ["a_b", "a_b_2", "_", "x"]),
    ],
)
def test_no_two_names_share_a_file(names, files):
    assert file_stems(names) == files


@given(st.lists(st.text(max_size=300), max_size=12))
def test_any_names_give_as_many_files_that_a_disk_takes(names):
    files = file_stems(names)
    assert len({file.lower() for file in files}) == len(names)
    assert all(len(file.encode()) < 200 and "/" not in file and not file.startswith(".") for file in files)
