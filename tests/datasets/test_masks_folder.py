"""Files of masks: a name for each, and an index that is believed only if it is one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.datasets import read_masks, write_mask
from rtcontour.datasets.masks_folder import file_names
from rtcontour.errors import InputFileError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((3, 4, 2), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))


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
    assert file_names(names) == [f"{file}.nii.gz" for file in files]


@given(st.lists(st.text(max_size=300), max_size=12))
def test_any_names_give_as_many_files_that_a_disk_takes(names):
    files = file_names(names)
    assert len({file.lower() for file in files}) == len(names)
    assert all(len(file.encode()) < 200 and "/" not in file and not file.startswith(".") for file in files)


@pytest.mark.parametrize(
    "index",
    [
        b"\xff\xfe",
        b"{}",
        b"[1]",
        b'{"structures": [{"name": 3, "file": "a.nii.gz"}]}',
        b'{"structures": [{"name": "a"}]}',
    ],
)
def test_an_index_of_another_kind_is_refused_with_the_remedy(tmp_path, index):
    write_mask(tmp_path / "a.nii.gz", Mask.from_array(np.ones(GRID.shape), GRID))
    (tmp_path / "structures.json").write_bytes(index)
    with pytest.raises(InputFileError, match=r"structures\.json: is not what .* delete this file"):
        read_masks(tmp_path)


def test_masks_of_one_name_are_told_apart(tmp_path):
    for n, file in enumerate(("a.nii.gz", "b.nii.gz", "c.nii.gz")):
        array = np.zeros(GRID.shape)
        array[n] = 1
        write_mask(tmp_path / file, Mask.from_array(array, GRID))
    entries = [
        {"name": name, "file": file} for name, file in (("x", "a.nii.gz"), ("x", "b.nii.gz"), ("x_2", "c.nii.gz"))
    ]
    (tmp_path / "structures.json").write_text(json.dumps({"structures": entries}))
    masks = read_masks(tmp_path)
    assert {name: int(mask.start[0]) for name, mask in masks.items()} == {"x": 0, "x_2": 1, "x_2_2": 2}
    assert [bool(mask.findings) for mask in masks.values()] == [False, True, True]
