import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.transforms import Spacing

from rtcontour.grid import Grid
from rtcontour.transforms import image_spacing_mm, image_tensor, resample, voxel_ratios

GRID = Grid((12, 10, 8), (4.0, 3.0, 2.0), (-20.0, 5.0, 100.0))


def ramp(grid):
    """A volume whose value at each voxel centre is a linear function of its place in millimetres."""
    index = np.stack(np.indices(grid.shape), axis=-1).reshape(-1, 3)
    return (grid.to_mm(index) @ [3.0, -2.0, 5.0]).reshape(grid.shape)


def resampled(volume, spacing, **options):
    """A volume on GRID brought to voxels of another size, and the grid it then lies on."""
    ratios = voxel_ratios(GRID.spacing_mm, spacing)
    new = resample(torch.from_numpy(volume), ratios, **options)
    first = GRID.to_mm(np.array([[0.5 * ratio - 0.5 for ratio in ratios]]))[0]
    sizes = tuple(ratio * mm for ratio, mm in zip(ratios, GRID.spacing_mm, strict=True))
    return new.numpy(), Grid(tuple(new.shape), sizes, tuple(first), GRID.direction)


@pytest.mark.parametrize("spacing", [(2.0, 3.0, 2.0), (4.0, 1.5, 5.0), (1.3, 7.0, 0.9)])
def test_a_linear_volume_stays_linear_in_millimetres(spacing):
    new, grid = resampled(ramp(GRID), spacing)
    assert np.allclose(grid.spacing_mm, spacing)
    inner = tuple(slice(n // 4 + 1, 3 * n // 4) for n in grid.shape)  # outer centres are repeated beyond themselves
    assert np.allclose(new[inner], ramp(grid)[inner], atol=1e-3)


def test_the_new_voxels_cover_the_extent_from_the_same_corner():
    new, grid = resampled(ramp(GRID), (5.0, None, 1.0))
    assert new.shape == (10, 10, 16)  # 48 mm need ten voxels of 5 mm
    corner = np.array([[-0.5, -0.5, -0.5]])
    assert np.allclose(grid.to_mm(corner), GRID.to_mm(corner))


def test_labels_take_the_nearest_voxel_and_keep_their_type():
    labels = (ramp(GRID) > 0).astype(np.uint8)
    new, _ = resampled(labels, (2.0, 3.0, 1.0), nearest=True)
    assert new.dtype == np.uint8
    assert np.array_equal(new, labels.repeat(2, axis=0).repeat(2, axis=2))


@pytest.mark.parametrize("spacing", [None, (None, None, None), (4.0, 3.0, 2.0)])
def test_nothing_changes_where_the_voxels_have_the_size(spacing):
    volume = ramp(GRID).astype(np.float32)
    assert np.array_equal(resampled(volume, spacing)[0], volume)


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
    found, grid = resampled(ramp(GRID), spacing)
    image = image_tensor(ramp(GRID), GRID, "image")
    spaced = Spacing(spacing, mode="bilinear", padding_mode="border", scale_extent=True, dtype=torch.float64)(image)
    assert np.allclose(grid.affine_ras, spaced.affine, atol=1e-6)
    common = tuple(slice(min(a, b)) for a, b in zip(found.shape, spaced.shape[1:], strict=True))  # it rounds
    assert np.allclose(found[common], spaced[0].numpy()[common], atol=1e-3)


def test_the_voxel_size_is_read_from_the_affine_of_an_image_or_a_batch():
    image = image_tensor(ramp(GRID), GRID, "image")
    assert np.allclose(image_spacing_mm(image), GRID.spacing_mm)
    batch = MetaTensor(torch.zeros(1, 1, 2, 2, 2), affine=image.affine[None])
    assert np.allclose(image_spacing_mm(batch), GRID.spacing_mm)
    assert voxel_ratios((4.0, 3.0, 2.0), (2.0, None, 3.0)) == (0.5, 1.0, 1.5)
    with pytest.raises(TypeError, match="no affine"):
        image_spacing_mm(torch.zeros(1, 2, 2, 2))
