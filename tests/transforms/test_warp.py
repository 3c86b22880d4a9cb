import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from rtcontour.transforms.augmentation import Augmentation, Warp
from rtcontour.transforms.cut import cut
from rtcontour.transforms.warp import AIR_HU, warp_patch

SHAPE = (13, 11, 9)
SIZE = (10, 8, 7)
SEEDS = st.integers(0, 10_000)


def scan(seed=0, shape=SHAPE, order="F"):
    random = np.random.default_rng(seed)
    hu = random.integers(-1000, 2000, shape).astype(np.int16, order=order)
    return hu, random.integers(1, 200, shape).astype(np.uint8, order=order)


def voxel_by_voxel(hu, label, matrix, centre, size, shift=0.0):
    """The definition, in float64 and without any speed; also how far each voxel is from a half-way place."""
    image, channel, weight, tie = np.full(size, -1000.0), np.zeros(size, int), np.zeros(size, int), np.ones(size)
    for p in np.ndindex(*size):
        place = np.asarray(centre) + matrix @ (np.array(p) - np.array(size) // 2)
        nearest = np.floor(place + 0.5).astype(int)
        tie[p] = np.abs(place + 0.5 - np.rint(place + 0.5)).min()
        if (nearest < 0).any() or (nearest >= hu.shape).any():
            continue
        low, total = np.floor(place).astype(int), 0.0
        for corner in np.ndindex(2, 2, 2):
            share = np.prod(np.where(corner, place - low, 1 - (place - low)))
            total += share * hu[tuple(np.clip(low + corner, 0, np.array(hu.shape) - 1))]
        image[p], channel[p], weight[p] = total + shift, label[tuple(nearest)], 1
    return image, channel, weight, tie


def assert_as_defined(hu, label, matrix, centre, size, shift=0.0):
    patch = warp_patch(hu, label, matrix, centre, size, shift)
    image, channel, weight, tie = voxel_by_voxel(hu, label, matrix, centre, size, shift)
    clear = tie > 1e-4  # float32 may decide a half-way place either way
    assert np.array_equal(patch.weight[clear], weight[clear])
    assert np.array_equal(patch.label[clear], channel[clear])
    assert np.abs(patch.image[clear] - image[clear]).max(initial=0) < 0.2  # of 3000 HU from voxel to voxel
    assert patch.image.flags.c_contiguous and patch.image.dtype == np.float32
    assert patch.label.dtype == patch.weight.dtype == np.uint8


def any_matrix(seed):
    """Of any turn, scale and voxel size, some with rows along an axis."""
    random = np.random.default_rng(seed)
    warp = Augmentation(rotation_rad=random.choice([0.0, 0.15, 3.0]), scale=0.5).draw(random)
    return warp.voxel_matrix(random.uniform(0.5, 3, 3), random.uniform(0.5, 3, 3))


@settings(max_examples=60)
@given(seed=SEEDS, centre=st.tuples(*[st.integers(-3, 13)] * 3), order=st.sampled_from("FC"))
def test_a_patch_agrees_with_its_definition_voxel_by_voxel(seed, centre, order):
    assert_as_defined(*scan(seed, order=order), any_matrix(seed), centre, SIZE, shift=seed % 200 - 100.0)


@settings(max_examples=30)
@given(seed=SEEDS, shape=st.tuples(*[st.integers(1, 4)] * 3), size=st.tuples(*[st.integers(1, 30)] * 3))
def test_scans_and_patches_of_any_size_agree_with_the_definition(seed, shape, size):
    size = tuple(np.minimum(size, (8, 6, 30)))
    assert_as_defined(*scan(seed, shape), any_matrix(seed), [n // 2 for n in shape], size)


def test_inside_the_scan_it_is_what_scipy_interpolates():
    hu, label = scan(shape=(60, 50, 40))
    matrix, size, centre = any_matrix(3) * 0.3, (30, 20, 16), (30, 25, 20)
    places = np.indices(size).reshape(3, -1) - np.array(size)[:, None] // 2
    places = matrix @ places + np.array(centre)[:, None]
    patch = warp_patch(hu, label, matrix, centre, size)
    assert patch.weight.all()
    expected = map_coordinates(hu.astype(np.float64), places, order=1).reshape(size)
    assert np.abs(patch.image - expected).max() < 0.2


@given(
    centre=st.tuples(*[st.integers(-12, 25)] * 3),
    size=st.tuples(*[st.integers(1, 20)] * 3),
    order=st.sampled_from("FC"),
)
def test_the_identity_is_a_plain_cut_to_the_bit(centre, size, order):
    hu, label = scan(order=order)
    patch = warp_patch(hu, label, np.eye(3), centre, size)
    start = [c - n // 2 for c, n in zip(centre, size, strict=True)]
    assert np.array_equal(patch.image, cut(hu, start, size, -1000))
    assert np.array_equal(patch.label, cut(label, start, size, 0))
    assert np.array_equal(patch.weight, cut(np.ones(SHAPE, np.uint8), start, size, 0))


@given(centre=st.tuples(*[st.integers(-12, 25)] * 3), seed=SEEDS)
def test_interpolation_that_moves_nothing_is_the_same_cut(centre, seed):
    """A hair away from the identity, so that the plain copy is not taken."""
    hu, label = scan(seed)
    matrix = np.eye(3) + np.random.default_rng(seed).uniform(-2e-6, 2e-6, (3, 3))
    one, other = warp_patch(hu, label, matrix, centre, SIZE), warp_patch(hu, label, np.eye(3), centre, SIZE)
    assert np.abs(one.image - other.image).max() < 0.2
    assert np.array_equal(one.label, other.label) and np.array_equal(one.weight, other.weight)


def test_half_a_voxel_further_is_the_mean_of_two_and_the_upper_label():
    hu, label = scan()
    patch = warp_patch(hu, label, np.eye(3), (6.5, 5, 4), (4, 4, 4))
    assert np.array_equal(patch.image, (hu[4:8, 3:7, 2:6].astype(float) + hu[5:9, 3:7, 2:6]) / 2)
    assert np.array_equal(patch.label, label[5:9, 3:7, 2:6])


def test_a_scale_of_two_shows_every_second_voxel():
    hu, label = scan()
    patch = warp_patch(hu, label, 2 * np.eye(3), (6, 4, 4), (6, 4, 4))
    assert np.array_equal(patch.image, hu[0:12:2, 0:8:2, 0:8:2])
    assert np.array_equal(patch.label, label[0:12:2, 0:8:2, 0:8:2])


def test_a_quarter_turn_about_k_carries_i_to_j_and_mirrors_nothing():
    hu, label = scan(shape=(9, 9, 5))
    turn = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]  # the patch's i looks along the scan's j
    patch = warp_patch(hu, label, turn, (4, 4, 2), (9, 9, 5))
    assert np.array_equal(patch.image, np.rot90(hu, -1, axes=(0, 1)))
    assert patch.image[5, 4, 2] == hu[4, 5, 2] and patch.image[4, 5, 2] == hu[3, 4, 2]
    assert np.array_equal(patch.label, np.rot90(label, -1, axes=(0, 1)))


def test_a_turn_respects_voxel_sizes():
    """A rod along j, 20 x 2.5 mm, turned by a quarter about i: it lies along k, in fewer voxels, and is thicker."""
    hu, label = np.zeros((5, 41, 21), np.int16, order="F"), np.zeros((5, 41, 21), np.uint8, order="F")
    label[2, 10:31, 10] = 1  # 21 voxels of 1 mm
    turn = Warp(np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]))
    spacing = (1.0, 1.0, 2.5)
    patch = warp_patch(hu, label, turn.voxel_matrix(spacing, spacing), (2, 20, 10), (5, 41, 21))
    where = np.argwhere(patch.label)
    assert np.unique(where[:, 1]).tolist() == [19, 20, 21] and np.unique(where[:, 2]).tolist() == list(range(6, 15))


@given(SEEDS)
def test_left_stays_left_and_the_head_stays_up_in_every_augmented_patch(seed):
    hu, label = np.zeros((40, 30, 20), np.int16, order="F"), np.zeros((40, 30, 20), np.uint8, order="F")
    label[:20], label[20:] = 1, 2
    label[:, :, 17:] = 3
    warp = Augmentation().draw(np.random.default_rng(seed))
    patch = warp_patch(hu, label, warp.voxel_matrix((1, 1, 3), (1, 1, 3)), (20, 15, 10), (40, 30, 20))
    one, two, head = (np.argwhere(patch.label == value).mean(axis=0) for value in (1, 2, 3))
    assert one[0] < two[0] - 10 and head[2] > one[2] + 4


@given(SEEDS)
def test_labels_are_only_those_that_are_there(seed):
    hu, label = scan(seed)
    label[label % 2 == 0] = 40
    patch = warp_patch(hu, label, any_matrix(seed), (6, 5, 4), SIZE)
    assert np.isin(patch.label[patch.weight == 1], label).all()
    assert not patch.label[patch.weight == 0].any()


def test_the_shift_moves_the_scan_and_not_the_air_beyond_it():
    hu, label = scan()
    for matrix in (np.eye(3), 1.1 * np.eye(3)):
        plain, shifted = (warp_patch(hu, label, matrix, (1, 1, 1), SIZE, shift) for shift in (0.0, 37.5))
        inside = plain.weight == 1
        assert np.allclose(shifted.image[inside] - plain.image[inside], 37.5, atol=1e-3)
        assert (shifted.image[~inside] == AIR_HU).all() and (~inside).any()


def test_a_file_that_is_mapped_to_be_read_gives_the_same(tmp_path):
    hu, label = scan()
    np.save(tmp_path / "hu.npy", hu)
    np.save(tmp_path / "label.npy", label)
    mapped = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("hu", "label"))
    one, other = (
        warp_patch(*mapped, any_matrix(1), (5, 5, 5), SIZE),
        warp_patch(hu, label, any_matrix(1), (5, 5, 5), SIZE),
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("hu", "label", "matrix", "error", "said"),
    [
        (np.zeros(SHAPE), np.zeros(SHAPE, np.uint8), np.eye(3), TypeError, "image is float64"),
        (np.zeros(SHAPE, np.int16), np.zeros((1, 2, 3), np.uint8), np.eye(3), ValueError, r"label \(1, 2, 3\)"),
        (np.zeros(SHAPE, np.int16), np.zeros(SHAPE, np.uint8), np.full((3, 3), np.nan), ValueError, "no number"),
    ],
)
def test_what_cannot_be_a_scan_or_a_warp_is_refused(hu, label, matrix, error, said):
    with pytest.raises(error, match=said):
        warp_patch(hu, label, matrix, (5, 5, 5), SIZE)
