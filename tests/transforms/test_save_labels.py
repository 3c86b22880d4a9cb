import json

import numpy as np
import pytest
import torch

from rtcontour.datasets import read_labels
from rtcontour.errors import OutputError
from rtcontour.transforms import SaveLabelsd, image_tensor


def item_of(labels, hu, grid):
    return {"case": "c1", "image": image_tensor(hu, grid, "scan"), "pred": torch.from_numpy(labels)[None].float()}


def test_a_label_map_is_written_on_the_grid_of_its_scan(tmp_path, tiny_patient, tiny_grid):
    hu, labels = tiny_patient()
    item = item_of(labels, hu, tiny_grid)
    out = SaveLabelsd("pred", tmp_path / "new", ["Bladder", "Rectum"])(item)
    written, grid = read_labels(tmp_path / "new" / "c1.nii.gz")
    assert np.array_equal(written, labels) and grid.matches(tiny_grid)
    assert json.loads((tmp_path / "new" / "labels.json").read_text()) == {"background": 0, "Bladder": 1, "Rectum": 2}
    assert out["pred"] is item["pred"]


def test_a_second_run_replaces_the_first_only_where_that_was_said(tmp_path, tiny_patient, tiny_grid):
    hu, labels = tiny_patient()
    first, second = item_of(labels, hu, tiny_grid), item_of(labels[::-1].copy(), hu, tiny_grid)
    SaveLabelsd("pred", tmp_path, ["Bladder"])(first)
    with pytest.raises(OutputError, match=r"c1\.nii\.gz: exists already"):
        SaveLabelsd("pred", tmp_path, ["Bladder"])(second)
    assert np.array_equal(read_labels(tmp_path / "c1.nii.gz")[0], labels)
    SaveLabelsd("pred", tmp_path, ["Bladder"], replace=True)(second)
    assert np.array_equal(read_labels(tmp_path / "c1.nii.gz")[0], labels[::-1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c1.nii.gz", "labels.json"]
