import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data import MetaTensor

from rtcontour.errors import ConfigError
from rtcontour.transforms import SamplePatchd
from rtcontour.transforms.sample_patch import cut

SHAPE = (9, 7, 5)
PATCH = (4, 6, 3)


def case(centres, shape=SHAPE):
    voxels = torch.arange(int(np.prod(shape)), dtype=torch.int16).reshape(1, *shape)
    return {
        "case": "c1",
        "image": MetaTensor(voxels),
        "label": MetaTensor((voxels % 3).to(torch.uint8)),
        "annotated": torch.tensor([True] * len(centres)),
        "centres": [torch.tensor(entry, dtype=torch.int32).reshape(-1, 3) for entry in centres],
    }


@given(
    start=st.tuples(*[st.integers(-12, 12)] * 3),
    size=st.tuples(*[st.integers(1, 8)] * 3),
)
def test_a_cut_agrees_with_a_voxel_by_voxel_copy(start, size):
    volume = torch.arange(2 * 3 * 4).reshape(1, 2, 3, 4)
    box = cut(volume, start, size, fill=-7)
    assert box.shape == (1, *size) and box.is_contiguous()
    for index in np.ndindex(*size):
        place = tuple(np.add(start, index))
        inside = all(0 <= p < n for p, n in zip(place, (2, 3, 4), strict=True))
        assert box[(0, *index)] == (volume[(0, *place)] if inside else -7)


def test_the_patch_lies_around_its_centre():
    data = case([[(4, 3, 2)]])
    patch = SamplePatchd(PATCH)(data)
    assert torch.equal(patch["image"], data["image"].as_tensor()[:, 2:6, 0:6, 1:4])
    assert torch.equal(patch["label"], data["label"].as_tensor()[:, 2:6, 0:6, 1:4])
    assert torch.all(patch["weight"] == 1)
    assert patch["case"] == "c1" and torch.equal(patch["annotated"], data["annotated"])


def test_beyond_the_scan_there_is_air_without_label_and_weight():
    patch = SamplePatchd(PATCH)(case([[(0, 0, 0)]]))
    outside = torch.ones(1, *PATCH, dtype=torch.bool)
    outside[:, 2:, 3:, 1:] = False
    assert torch.all(patch["image"][outside] == -1000)
    assert torch.all(patch["label"][outside] == 0)
    assert torch.equal(patch["weight"] == 0, outside)


def test_a_scan_smaller_than_the_patch_is_padded_on_all_sides():
    patch = SamplePatchd((20, 20, 20))(case([[(4, 3, 2)]]))
    assert patch["image"].shape == (1, 20, 20, 20)
    assert int(patch["weight"].sum()) == np.prod(SHAPE)


def middles(sampler, data, draws):
    """The voxel numbers in the middle of many patches, which say where they were centred."""
    middle = tuple(n // 2 for n in sampler.patch)
    return [int(sampler(data)["image"][(0, *middle)]) for _ in range(draws)]


def number(voxel):
    return int(np.ravel_multi_index(voxel, SHAPE))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_asked_share_of_patches_is_centred_on_structures(share):
    body, first, second = (1, 1, 1), (4, 3, 2), (7, 5, 3)
    sampler = SamplePatchd(PATCH, share).set_random_state(seed=1)
    found = middles(sampler, case([[body], [first], [], [second] * 50]), 400)
    counts = [found.count(number(voxel)) for voxel in (body, first, second)]
    assert sum(counts) == 400
    assert counts[0] == pytest.approx(400 * (1 - share), abs=50)
    assert counts[1] == pytest.approx(counts[2], abs=60)  # structures are drawn before voxels


def test_a_case_without_contours_gives_patches_of_the_body():
    sampler = SamplePatchd(PATCH).set_random_state(seed=1)
    assert set(middles(sampler, case([[(1, 1, 1)], [], []]), 20)) == {number((1, 1, 1))}


def test_the_same_seed_draws_the_same_patches():
    data = case([np.argwhere(np.ones(SHAPE)), np.argwhere(np.ones(SHAPE))[::3]])
    first, again, other = (middles(SamplePatchd(PATCH).set_random_state(seed=s), data, 20) for s in (1, 1, 2))
    assert first == again != other


def test_a_margin_is_context_without_weight():
    sampler = SamplePatchd((4, 3, 5), margin=(1, 0, 2))
    weight = sampler(case([[(5, 3, 3)]]))["weight"][0]
    assert weight[1:3, :, 2:3].all() and int(weight.sum()) == 2 * 3 * 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"structure_share": 1.5}, "structure_share is 1.5; expected 0 to 1"),
        ({"structure_share": True}, "structure_share is True"),
        ({"margin": (0, 0, 2)}, r"margin \[0, 0, 2\] leaves nothing of patch \[4, 3, 4\]"),
    ],
)
def test_sampling_that_cannot_work_is_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        SamplePatchd((4, 3, 4), **arguments)
