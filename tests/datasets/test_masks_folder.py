"""Files of masks: a name for each, and an index that is believed only if it is one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rtcontour.datasets import read_masks, write_mask
from rtcontour.errors import InputFileError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((3, 4, 2), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))


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


def test_masks_without_an_index_may_be_compressed_or_not(tmp_path):
    for file in ("Bladder.nii", "Rectum.v2.nii.gz"):
        write_mask(tmp_path / file, Mask.from_array(np.ones(GRID.shape), GRID))
    assert list(read_masks(tmp_path)) == ["Bladder", "Rectum.v2"]
