import numpy as np
import pytest

from rtcontour.phantom import draw_pelvis

STRUCTURES = {
    "Femur_Head_L",
    "Femur_Head_R",
    "Bladder",
    "Bag_Bowel",
    "CTVn",
    "CTV",
    "Bowel_Small",
    "Rectum",
    "External",
}
SEEDS = (1, 2, 3, 4)
VOLUMES_CC = {
    "Femur_Head_L": (25, 95),
    "Femur_Head_R": (25, 95),
    "Bladder": (40, 620),
    "Bag_Bowel": (300, 4500),
    "CTVn": (90, 500),
    "CTV": (120, 800),
    "Rectum": (40, 300),
    "External": (8_000, 60_000),
}


def centre_mm(mask):
    return mask.grid.to_mm(np.argwhere(mask.full())).mean(axis=0)


def test_same_seed_gives_the_same_patient(draw):
    again = draw_pelvis(1, spacing_mm=(4.0, 5.0, 5.0), columns_rows=(112, 88))
    assert np.array_equal(draw(1).hu, again.hu)
    for name, mask in draw(1).contoured.items():
        assert np.array_equal(mask.full(), again.contoured[name].full())


def test_another_seed_gives_another_patient(draw):
    first, second = draw(1, slices=30), draw(2, slices=30)
    assert first.hu.shape == second.hu.shape
    assert not np.array_equal(first.hu, second.hu)
    assert first.masks["Bladder"].volume_cc != second.masks["Bladder"].volume_cc


@pytest.mark.parametrize("seed", SEEDS)
def test_ct_is_what_the_grid_says(draw, seed):
    phantom = draw(seed)
    assert phantom.hu.dtype == np.int16
    assert phantom.hu.flags.f_contiguous
    assert phantom.hu.shape == phantom.grid.shape
    assert phantom.grid.shape[:2] == (112, 88)
    assert set(phantom.masks) == STRUCTURES
    assert all(mask.grid is phantom.grid for mask in phantom.masks.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_left_is_at_larger_x(draw, seed):
    masks = draw(seed).masks
    assert centre_mm(masks["Femur_Head_L"])[0] > centre_mm(masks["Femur_Head_R"])[0] + 130


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_lie_as_in_a_supine_patient(draw, seed):
    centre = {name: centre_mm(mask) for name, mask in draw(seed).masks.items()}
    assert centre["Bladder"][1] < centre["Rectum"][1]  # in front of the rectum
    assert centre["Bag_Bowel"][2] > centre["Bladder"][2]
    assert centre["Femur_Head_R"][0] < centre["Bladder"][0] < centre["Femur_Head_L"][0]


@pytest.mark.parametrize("seed", SEEDS)
def test_structures_lie_within_the_body(draw, seed):
    masks = draw(seed).masks
    body = masks["External"].full()
    for name, mask in masks.items():
        assert not np.any(mask.full() & ~body), name


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_do_not_overlap(draw, seed):
    masks = draw(seed).masks
    organs = ["Femur_Head_L", "Femur_Head_R", "Bladder", "Rectum", "Bowel_Small"]
    count = sum(masks[name].full().astype(int) for name in organs)
    assert count.max() == 1
    assert not np.any(masks["Bag_Bowel"].full() & masks["Bladder"].full())


@pytest.mark.parametrize("seed", SEEDS)
def test_volumes_are_those_of_people(draw, seed):
    volumes = {name: draw(seed).masks[name].volume_cc for name in VOLUMES_CC}
    for name, (low, high) in VOLUMES_CC.items():
        assert low < volumes[name] < high, (name, volumes[name])


@pytest.mark.parametrize("seed", SEEDS)
def test_tissues_have_their_hounsfield_units(draw, seed):
    phantom = draw(seed)
    head = phantom.hu[phantom.masks["Femur_Head_L"].full()]
    bladder = phantom.hu[phantom.masks["Bladder"].full()]
    inside = phantom.hu[phantom.masks["External"].full()]
    assert 180 < np.median(head) < 700
    assert -15 < np.median(bladder) < 150
    fat = inside[(inside > -150) & (inside < -60)]
    muscle = inside[(inside > 20) & (inside < 90)]
    assert -118 < np.median(fat) < -85
    assert 35 < np.median(muscle) < 72
    assert fat.size + muscle.size > 0.4 * inside.size
    corners = phantom.hu[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.median(corners) < -950


def test_contrast_brightens_the_vessels(draw):
    plain, enhanced = (draw(5, contrast=contrast) for contrast in (False, True))
    nodal = plain.masks["CTVn"].full()
    brightest = [np.percentile(phantom.hu[nodal], 90) for phantom in (plain, enhanced)]
    assert brightest[1] > brightest[0] + 20
    assert (plain.description["contrast"], enhanced.description["contrast"]) == (False, True)


def test_spacings_of_all_clinics_occur():
    drawn = {draw_pelvis(seed, columns_rows=(24, 24), slices=2).grid.spacing_mm for seed in range(40)}
    in_plane, thickness = {round(s[0], 3) for s in drawn}, {s[2] for s in drawn}
    assert {0.977, 1.27} <= in_plane
    assert thickness == {2.5, 3.0, 5.0}


def test_slices_asked_for_are_given(draw):
    phantom = draw(6, slices=33)
    assert phantom.grid.shape[2] == 33
    assert phantom.masks["Femur_Head_L"].voxel_count > 0
    assert phantom.masks["Bladder"].voxel_count > 0
