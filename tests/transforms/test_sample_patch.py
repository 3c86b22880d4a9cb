import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from rtcontour.errors import ConfigError
from rtcontour.transforms import SamplePatchd, WindowHud
from rtcontour.transforms.augmentation import Augmentation
from rtcontour.transforms.draw import Draw
from rtcontour.transforms.warp_on_device import WarpOnDevice

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


def everywhere(shape=SHAPE, **more):
    voxels = np.argwhere(np.ones(shape))
    return {**case([voxels, voxels[::3]], shape), **more}


def same(one, other):
    return all(torch.equal(one[key], other[key]) for key in ("image", "label", "weight"))


def test_a_draw_gives_the_same_patch_from_any_sampler_in_any_state():
    draws = [Draw(0, (1, number)) for number in range(20)]
    samplers = [SamplePatchd(PATCH, augmentation=Augmentation()).set_random_state(seed) for seed in (1, 2)]
    first = [samplers[0](everywhere(draw=draw)) for draw in draws]
    second = [samplers[1](everywhere(draw=draw)) for draw in reversed(draws)]
    assert all(same(one, other) for one, other in zip(first, reversed(second), strict=True))
    assert len({one["image"].numpy().tobytes() for one in first}) == len(first)


def test_a_draw_with_a_centre_lies_there_and_one_without_augmentation_is_a_cut():
    sampler = SamplePatchd(PATCH, augmentation=Augmentation())
    data = everywhere(draw=Draw(0, (1, 1), centre=(4, 3, 2), augment=False))
    assert torch.equal(sampler(data)["image"], data["image"].as_tensor()[:, 2:6, 0:6, 1:4])
    turned = sampler({**data, "draw": Draw(0, (1, 1), centre=(4, 3, 2))})
    assert not same(turned, sampler(data))


def test_augmentation_leaves_the_patches_where_they_are():
    still = Augmentation(rotation_rad=0.0, scale=0.0, shift_hu=50.0)
    for number in range(20):
        data = everywhere(draw=Draw(0, (1, number)))
        plain, shifted = SamplePatchd(PATCH)(data), SamplePatchd(PATCH, augmentation=still)(data)
        assert torch.equal(plain["label"], shifted["label"])
        moved = (shifted["image"] - plain["image"])[plain["weight"] == 1]
        assert moved.std() < 1e-3 and 0 < moved.abs().max() <= 50


def test_the_shift_comes_before_the_window_cuts():
    data = everywhere(draw=Draw(0, (1, 2), centre=(4, 3, 2)))
    data["image"] = MetaTensor(torch.full((1, *SHAPE), 840, dtype=torch.int16))
    sampler = SamplePatchd(PATCH, augmentation=Augmentation(rotation_rad=0.0, scale=0.0))
    window = WindowHud("image", (-800, 800))
    shifts = [
        float(sampler({**data, "draw": Draw(0, (1, n), centre=(4, 3, 2))})["image"].max()) - 840 for n in range(40)
    ]
    seen = [
        float(window(sampler({**data, "draw": Draw(0, (1, n), centre=(4, 3, 2))}))["image"].max()) for n in range(40)
    ]
    assert min(shifts) < -50 and max(shifts) > 0
    assert seen == pytest.approx([min(1.0, (840 + shift) / 800) for shift in shifts], abs=1e-5)


def test_another_voxel_size_is_part_of_the_same_interpolation():
    shape = (30, 24, 18)
    data = everywhere(shape, spacing_mm=(1.0, 1.5, 3.0), draw=Draw(0, (1, 1), centre=(15, 12, 9)))
    data["image"] = MetaTensor(torch.randint(-1000, 1000, (1, *shape), dtype=torch.int16))
    patch = SamplePatchd((8, 8, 8), spacing_mm=(2.0, None, 1.5))(data)
    # i: every second voxel; j: as it is; k: every half voxel.
    volume = data["image"].as_tensor().float()[:, 7:23:2, 8:16]
    assert torch.equal(patch["image"][..., ::2], volume[..., 7:11])
    assert torch.allclose(patch["image"][..., 1::2], (volume[..., 7:11] + volume[..., 8:12]) / 2)


def test_the_voxel_size_comes_from_the_affine_where_the_item_has_none():
    data = everywhere((20, 16, 12), draw=Draw(0, (3, 1)))
    affine = torch.diag(torch.tensor([1.0, 2.0, 3.0, 1.0], dtype=torch.float64))
    sampler = SamplePatchd(PATCH, spacing_mm=(2.0, 2.0, 2.0), augmentation=Augmentation())
    of_affine = sampler({**data, "image": MetaTensor(data["image"], affine=affine)})
    assert same(of_affine, sampler({**data, "spacing_mm": (1.0, 2.0, 3.0)}))
    assert not same(of_affine, sampler(data))


def test_arrays_serve_as_well_as_tensors():
    data = everywhere(draw=Draw(0, (3, 1)), spacing_mm=(1.0, 1.0, 2.0))
    arrays = {**data, "image": data["image"].numpy(), "label": data["label"].numpy()}
    sampler = SamplePatchd(PATCH, augmentation=Augmentation())
    assert same(sampler(data), sampler(arrays))


@pytest.mark.parametrize("spacing_mm", [None, (1.5, 1.0, 2.0)])
def test_a_device_makes_the_patch_that_a_worker_makes(spacing_mm):
    patch, margin, own = (20, 24, 12), (0, 1, 2), (1.0, 1.0, 3.0)
    settings = {"spacing_mm": spacing_mm, "augmentation": Augmentation(), "margin": margin}
    data = everywhere((40, 36, 16), spacing_mm=own)
    noise = torch.Generator().manual_seed(0)
    data["image"] = MetaTensor(torch.randint(-900, 900, (1, 40, 36, 16), dtype=torch.int16, generator=noise))
    draws = [Draw(0, (1, number)) for number in range(6)]
    draws += [Draw(0, (1, 6), centre=(2, 35, 15)), Draw(0, (1, 7), augment=False)]
    expected = [WindowHud("image", (-800, 800))(SamplePatchd(patch, **settings)({**data, "draw": d})) for d in draws]
    sampler = SamplePatchd(patch, **settings).cutouts([own])
    cutouts = [sampler({**data, "draw": draw}) for draw in draws]
    keys = ("image", "label", "warp", "scan", "shift_hu", "annotated")
    batch = WarpOnDevice(sampler, (-800, 800))({key: torch.stack([c[key] for c in cutouts]) for key in keys})
    assert set(batch) == {"image", "label", "weight", "annotated"}
    for number, one in enumerate(expected):
        assert (batch["image"][number] - one["image"]).abs().max() < 1e-3
        for key in ("label", "weight"):  # float32 may decide a half-way place either way
            assert (batch[key][number] != one[key]).float().mean() < 1e-3
        assert batch["label"].dtype == batch["weight"].dtype == torch.uint8
    assert any((one["weight"][0, :, 1:-1, 2:-2] == 0).any() for one in expected)


def test_cutouts_have_one_size_for_all_scans_and_a_scan_that_needs_more_is_refused():
    large, small = (1.0, 1.0, 3.0), (0.9, 0.9, 2.5)
    sampler = SamplePatchd((12, 10, 8), spacing_mm=(1.5, 1.5, 3.0), augmentation=Augmentation())
    of_both, of_large = sampler.cutouts([large, small]), sampler.cutouts([large])
    cases = [everywhere((30, 30, 20), spacing_mm=own) for own in (large, small)]
    assert len({of_both(data)["image"].shape for data in cases}) == 1
    with pytest.raises(ConfigError, match=r"case c1 of \[0.9, 0.9, 2.5\] mm needs cut-outs of \[.* they have \["):
        of_large(cases[1])
    assert "warp" in of_large(cases[0]) and "warp" not in sampler(cases[0])


def test_cutouts_of_voxel_sizes_that_differ_by_rounding_have_the_same_size():
    # 0.1 * 3 is a hair above 0.3, and here the patch reaches exactly to a voxel's middle.
    shapes = [
        SamplePatchd((20, 20, 20), spacing_mm=(0.3, 0.3, 0.3)).cutouts([[mm] * 3])(everywhere(spacing_mm=[mm] * 3))
        for mm in (0.3, 0.1 * 3)
    ]
    assert shapes[0]["image"].shape == shapes[1]["image"].shape


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"structure_share": 1.5}, "structure_share is 1.5; expected 0 to 1"),
        ({"structure_share": True}, "structure_share is True"),
        ({"structure_share": None}, "structure_share is None"),
        ({"augmentation": {"rotation_rad": 0.1}}, "augmentation is {'rotation_rad': 0.1}; expected an entry with"),
        ({"margin": (1, 1)}, r"margin is \(1, 1\); expected three whole numbers"),
        ({"margin": (0, 0, 2)}, r"margin \[0, 0, 2\] leaves nothing of patch \[4, 3, 4\]"),
    ],
)
def test_sampling_that_cannot_work_is_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        SamplePatchd((4, 3, 4), **arguments)
