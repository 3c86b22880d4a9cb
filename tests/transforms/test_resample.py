import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.transforms import Spacing

from rtcontour.grid import Grid
from rtcontour.transforms import ResampleVoxelsd, image_spacing_mm, image_tensor, resample, voxel_ratios

GRID = Grid((12, 10, 8), (4.0, 3.0, 2.0), (-20.0, 5.0, 100.0))


def ramp(grid):
    """A volume whose value at each voxel centre is a linear function of its place in millimetres."""
    index = np.stack(np.indices(grid.shape), axis=-1).reshape(-1, 3)
    return (grid.to_mm(index) @ [3.0, -2.0, 5.0]).reshape(grid.shape)


def item_of(grid):
    hu = np.asfortranarray(ramp(grid).round().astype(np.int16))
    labels = np.asfortranarray((hu > np.median(hu)).astype(np.uint8))
    return {"image": image_tensor(hu, grid, "image"), "label": image_tensor(labels, grid, "label")}


@pytest.mark.parametrize("spacing", [(2.0, 3.0, 2.0), (4.0, 1.5, 5.0), (1.3, 7.0, 0.9)])
def test_a_linear_volume_stays_linear_in_millimetres(spacing):
    new = ResampleVoxelsd(spacing)(item_of(GRID))["image"]
    grid = Grid.from_affine_ras(np.asarray(new.affine), new.shape[1:])
    assert np.allclose(grid.spacing_mm, spacing)
    inner = tuple(slice(n // 4 + 1, 3 * n // 4) for n in grid.shape)  # outer centres are repeated beyond themselves
    slope = sum(s * abs(f) for s, f in zip(spacing, (3, 2, 5), strict=True))
    assert np.abs(new[0].numpy()[inner] - ramp(grid)[inner]).max() < min(2.0, slope)


def test_the_new_voxels_cover_the_extent_from_the_same_corner():
    new = ResampleVoxelsd((5.0, None, 1.0))(item_of(GRID))["image"]
    assert new.shape == (1, 10, 10, 16)  # 48 mm need ten voxels of 5 mm
    grid = Grid.from_affine_ras(np.asarray(new.affine), new.shape[1:])
    corner = grid.to_mm(np.array([[-0.5, -0.5, -0.5]]))
    assert np.allclose(corner, GRID.to_mm(np.array([[-0.5, -0.5, -0.5]])))


def test_labels_take_the_nearest_voxel_and_types_stay():
    item = item_of(GRID)
    new = ResampleVoxelsd((2.0, 3.0, 1.0))(item)
    assert new["image"].dtype == torch.int16 and new["label"].dtype == torch.uint8
    assert torch.equal(
        new["label"].as_tensor()[0], item["label"].as_tensor()[0].repeat_interleave(2, 0).repeat_interleave(2, 2)
    )


@pytest.mark.parametrize("spacing", [None, (None, None, None), (4.0, 3.0, 2.0)])
def test_nothing_changes_where_the_voxels_have_the_size(spacing):
    item = item_of(GRID)
    new = ResampleVoxelsd(spacing)(item)
    assert torch.equal(new["image"], item["image"]) and torch.equal(new["label"], item["label"])


@given(sizes=st.tuples(*[st.integers(1, 7)] * 3), ratio=st.sampled_from([0.5, 1 / 3, 0.25]))
def test_finer_and_back_again_gives_a_blockwise_constant_volume_back(sizes, ratio):
    volume = torch.from_numpy(np.random.default_rng(0).integers(0, 9, sizes))
    finer = resample(volume, [ratio] * 3, nearest=True)
    assert finer.shape == tuple(round(n / ratio) for n in sizes)
    assert torch.equal(resample(finer, [1 / ratio] * 3, sizes, nearest=True), volume)


def test_linear_interpolation_is_torch_s():
    volume = torch.rand(1, 2, 7, 6, 5, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(volume, scale_factor=(2.0, 1.0, 3.0), mode="trilinear")
    assert torch.allclose(resample(volume, (0.5, 1.0, 1 / 3)), expected, atol=1e-6)


@pytest.mark.parametrize("spacing", [(2.0, 1.5, 2.0), (8.0, 1.0, 0.5)])
def test_an_image_is_resampled_as_by_monai_s_spacing(spacing):
    image = item_of(GRID)["image"]
    found = ResampleVoxelsd(spacing, keys="image")({"image": image})["image"]
    spaced = Spacing(spacing, mode="bilinear", padding_mode="border", scale_extent=True, dtype=torch.float64)(image)
    assert np.allclose(found.affine, spaced.affine, atol=1e-6)
    common = tuple(
        slice(min(a, b)) for a, b in zip(found.shape, spaced.shape, strict=True)
    )  # it rounds sizes its own way
    assert (found[common].double() - spaced[common]).abs().max() <= 0.5 + 1e-3


def test_the_voxel_size_is_read_from_the_affine_of_an_image_or_a_batch():
    image = item_of(GRID)["image"]
    assert np.allclose(image_spacing_mm(image), GRID.spacing_mm)
    batch = MetaTensor(torch.zeros(1, 1, 2, 2, 2), affine=image.affine[None])
    assert np.allclose(image_spacing_mm(batch), GRID.spacing_mm)
    assert voxel_ratios((4.0, 3.0, 2.0), (2.0, None, 3.0)) == (0.5, 1.0, 1.5)
    with pytest.raises(TypeError, match="no affine"):
        image_spacing_mm(torch.zeros(1, 2, 2, 2))
