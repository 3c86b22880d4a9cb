import numpy as np
import torch

from rtcontour.transforms import IndexCentresd
from rtcontour.transforms.index_centres import MOST_CENTRES


def item_of(hu, labels, annotated):
    return {
        "image": torch.from_numpy(hu)[None],
        "label": torch.from_numpy(labels)[None],
        "annotated": torch.tensor(annotated),
    }


def voxels(centres):
    return {tuple(index) for index in centres.tolist()}


def test_every_voxel_of_a_small_structure_may_be_a_centre(tiny_patient):
    hu, labels = tiny_patient()
    centres = IndexCentresd()(item_of(hu, labels, [True, True, True]))["centres"]
    for channel in (1, 2):
        assert voxels(centres[channel]) == {tuple(map(int, index)) for index in np.argwhere(labels == channel)}


def test_body_centres_lie_in_the_body(tiny_patient):
    hu, labels = tiny_patient()
    body = IndexCentresd()(item_of(hu, labels, [True, True, True]))["centres"][0].numpy()
    assert len(body) > 1000
    assert (hu[tuple(body.T)] > -900).all()


def test_nothing_is_centred_on_what_nobody_contoured_or_what_is_not_there(tiny_patient):
    hu, labels = tiny_patient()
    labels[labels == 2] = 0
    centres = IndexCentresd()(item_of(hu, labels, [True, False, True]))["centres"]
    assert [len(entry) for entry in centres[1:]] == [0, 0]


def test_an_image_of_air_is_body_all_over():
    hu = np.full((4, 3, 2), -1000, np.int16, order="F")
    centres = IndexCentresd()(item_of(hu, np.zeros(hu.shape, np.uint8), [True, True]))["centres"]
    assert len(voxels(centres[0])) == hu.size


def test_centres_of_a_large_structure_lie_on_all_its_slices_alike():
    shape = (60, 50, 30)  # 90 000 voxels; every ninth of them would lie on ten slices only
    labels = np.ones(shape, np.uint8)
    centres = IndexCentresd()(item_of(np.zeros(shape, np.int16), labels, [True, True]))["centres"][1].numpy()
    assert len(np.unique(centres, axis=0)) == MOST_CENTRES
    for axis, extent in enumerate(shape):
        counts = np.bincount(centres[:, axis], minlength=extent)
        assert counts.min() > 0.6 * counts.mean() and counts.max() < 1.4 * counts.mean()
