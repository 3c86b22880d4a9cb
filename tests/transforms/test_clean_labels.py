import numpy as np
import torch
from monai.data import MetaTensor

from rtcontour.labels import clean_labels
from rtcontour.transforms import CleanLabelsd

AFFINE = torch.diag(torch.tensor([2.0, 3.0, 4.0, 1.0], dtype=torch.float64))


def label_map():
    """A shell with a hole in it, and a speck."""
    labels = np.zeros((8, 6, 5), np.float32)
    labels[1:6, 1:5, 0:4] = 2
    labels[3, 2, 2] = 0
    labels[7, 5, 4] = 2
    return labels


def test_the_speck_goes_and_the_hole_is_filled():
    item = {"pred": MetaTensor(torch.from_numpy(label_map())[None], affine=AFFINE), "case": "c1"}
    out = CleanLabelsd("pred", {"connectivity": 26})(item)
    assert out["pred"].shape == (1, 8, 6, 5) and out["pred"].dtype == torch.uint8
    assert out["pred"][0, 7, 5, 4] == 0 and out["pred"][0, 3, 2, 2] == 2
    assert np.array_equal(out["pred"][0].numpy(), clean_labels(label_map().astype(np.uint8)))
    assert torch.equal(out["pred"].affine, AFFINE) and out["case"] == "c1"


def test_connectivity_reaches_the_cleaning():
    labels = torch.zeros(1, 4, 4, 3)
    labels[0, 0:2, 0:2, 0], labels[0, 2, 2, 1] = 1, 1
    by_corner, by_face = (CleanLabelsd("pred", {"connectivity": n})({"pred": labels})["pred"] for n in (26, 6))
    assert (int(by_corner.sum()), int(by_face.sum())) == (5, 4)


def test_no_postprocessing_leaves_the_voxels():
    out = CleanLabelsd("pred", None)({"pred": torch.from_numpy(label_map())[None]})
    assert np.array_equal(out["pred"][0].numpy(), label_map())
