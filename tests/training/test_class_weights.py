import numpy as np
import pytest
import torch

from rtcontour.datasets import read_datalist, write_labels
from rtcontour.training import class_weights
from rtcontour.training.class_weights import weights_of_shares


def test_the_formula_by_hand():
    # 0.9, 0.09, 0.01 to the power of -0.5 are 1.054, 3.333, 10, of which the mean is 4.796
    assert weights_of_shares(np.array([0.9, 0.09, 0.01])) == pytest.approx([0.220, 0.695, 2.085], abs=5e-4)


def test_weights_are_cut_and_a_class_without_a_voxel_gets_the_heaviest():
    weights = weights_of_shares(np.array([0.9999, 0.0001 - 1e-9, 1e-9, 0.0]))
    assert weights[0] == 0.2 and weights[3] == 5 and weights.max() == 5


def test_a_share_is_taken_over_the_cases_in_which_the_structure_was_contoured(
    tmp_path, tiny_grid, write_tiny_data_set, tiny_structures
):
    folder = write_tiny_data_set(tmp_path / "set")
    voxels = np.prod(tiny_grid.shape)
    for case, bladder in {"c1": 0.1, "c2": 0.3}.items():  # nobody contoured the rectum of c2
        labels = np.zeros(voxels, np.uint8)
        labels[: round(bladder * voxels)] = 1
        labels[-round(0.05 * voxels) :] = 2
        write_labels(folder / "labels" / f"{case}.nii.gz", labels.reshape(tiny_grid.shape), tiny_grid, replace=True)
    found = class_weights(read_datalist(folder), tiny_structures)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx(weights_of_shares(np.array([0.75, 0.2, 0.05])).tolist(), rel=1e-4)
