import numpy as np
import pytest

from rtcontour import resolve_structure
from rtcontour.phantom import HEAD_NECK_28, draw_head_neck

FINE = {"spacing_mm": (1.9, 2.0, 2.5), "columns_rows": (140, 124)}  # rectangular; shoulders leave the field of view
COARSE = {"spacing_mm": (4.0, 4.0, 5.0), "columns_rows": (96, 96)}
SEEDS = (1, 2)
PROTOCOL_SEEDS = range(5)
VOLUMES_CC = {  # of adults; wide, since people differ
    "BrachialPlexs": (12, 50),
    "Brainstem": (18, 40),
    "Musc_Constrict": (8, 30),
    "Ear_L": (3, 9),
    "Eye_L": (5.5, 10),
    "Pituitary": (0.2, 0.9),
    "Larynx": (18, 45),
    "Lens_L": (0.08, 0.35),
    "Bone_Mandible": (50, 110),
    "OpticChiasm": (0.25, 1.1),
    "OpticNrv_L": (0.4, 1.4),
    "Cavity_Oral": (70, 150),
    "Parotid_L": (15, 40),
    "Glnd_Submand_L": (4, 13),
    "SpinalCord": (12, 32),
    "Glnd_Sublings": (1.5, 6.5),
    "Lobe_Temporal_L": (55, 110),
    "Glnd_Thyroid": (9, 28),
    "Joint_TM_L": (1.8, 5.5),
    "Trachea": (22, 55),
}


@pytest.fixture(scope="module")
def draw():
    drawn = {}

    def once(seed, size):
        key = (seed, *size["spacing_mm"])
        if key not in drawn:
            drawn[key] = draw_head_neck(seed, **size)
        return drawn[key]

    return once


def points_mm(mask):
    return mask.grid.to_mm(np.argwhere(mask.full()))


def centre_mm(phantom, name):
    return points_mm(phantom.masks[name]).mean(axis=0)


def hu_of(phantom, name):
    return phantom.hu[phantom.masks[name].full()]


def test_names_are_28_of_the_structure_table():
    assert len(set(HEAD_NECK_28)) == 28
    assert [resolve_structure(name).name for name in HEAD_NECK_28] == list(HEAD_NECK_28)


@pytest.mark.parametrize("seed", SEEDS)
def test_ct_is_what_the_grid_says(draw, seed):
    phantom = draw(seed, FINE)
    assert phantom.hu.dtype == np.int16
    assert phantom.hu.flags.f_contiguous
    assert phantom.hu.shape == phantom.grid.shape
    assert phantom.grid.shape[:2] == (140, 124)
    assert all(mask.grid is phantom.grid for mask in phantom.masks.values())
    assert list(phantom.masks) == [*HEAD_NECK_28, "External"]
    assert set(phantom.contoured) == set(phantom.masks) - set(phantom.description["left_out"])


@pytest.mark.parametrize("seed", SEEDS)
def test_volumes_are_those_of_people(draw, seed):
    masks = draw(seed, FINE).masks
    for name in HEAD_NECK_28:
        low, high = VOLUMES_CC[name.removesuffix("_R") + "_L" if name.endswith("_R") else name]
        assert low < masks[name].volume_cc < high, (name, masks[name].volume_cc)


@pytest.mark.parametrize("seed", SEEDS)
def test_structures_do_not_overlap_and_lie_within_the_body(draw, seed):
    masks = draw(seed, FINE).masks
    count = sum(masks[name].full().astype(int) for name in HEAD_NECK_28)
    assert count.max() == 1
    assert not np.any(count.astype(bool) & ~masks["External"].full())


@pytest.mark.parametrize("seed", SEEDS)
def test_left_is_at_larger_x(draw, seed):
    phantom = draw(seed, FINE)
    for name in HEAD_NECK_28:
        if name.endswith("_L"):
            left, right = (centre_mm(phantom, side)[0] for side in (name, name[:-1] + "R"))
            assert left > right + 15, name


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_lie_above_one_another(draw, seed):
    phantom = draw(seed, FINE)
    columns = [
        ["OpticChiasm", "Pituitary", "Cavity_Oral", "Larynx", "Glnd_Thyroid", "Trachea"],
        ["Lobe_Temporal_L", "Joint_TM_L", "Parotid_L", "Glnd_Submand_L", "BrachialPlexs"],
        ["Eye_R", "Joint_TM_R", "Bone_Mandible", "Larynx"],
        ["Brainstem", "Musc_Constrict", "SpinalCord"],
    ]
    for names in columns:
        heights = [centre_mm(phantom, name)[2] for name in names]
        assert heights == sorted(heights, reverse=True), names


@pytest.mark.parametrize("seed", SEEDS)
def test_organs_lie_before_one_another(draw, seed):
    phantom = draw(seed, FINE)
    rows = [
        ["Lens_L", "Eye_L", "OpticNrv_L", "OpticChiasm", "Brainstem"],
        ["Glnd_Sublings", "Glnd_Submand_R", "SpinalCord"],
        ["Cavity_Oral", "Musc_Constrict", "SpinalCord"],
        ["Bone_Mandible", "Parotid_R"],
        ["Larynx", "SpinalCord"],
    ]
    for names in rows:
        depths = [centre_mm(phantom, name)[1] for name in names]
        assert depths == sorted(depths), names


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("side", "LR")
def test_lens_lies_in_the_front_of_the_eye(draw, seed, side):
    phantom = draw(seed, FINE)
    eye, lens = (points_mm(phantom.masks[f"{name}_{side}"]) for name in ("Eye", "Lens"))
    both = np.vstack([eye, lens])
    assert np.linalg.norm(lens - both.mean(axis=0), axis=1).max() < 14
    assert lens[:, 1].max() < both[:, 1].mean()
    assert np.all(lens[:, 1].min() > both[:, 1].min() - 0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_cord_continues_the_brainstem_within_a_ring_of_bone(draw, seed):
    phantom = draw(seed, FINE)
    stem, cord = (points_mm(phantom.masks[name]) for name in ("Brainstem", "SpinalCord"))
    assert -4 < stem[:, 2].min() - cord[:, 2].max() < 8
    bone = phantom.hu > 300
    ringed = []
    for k in np.flatnonzero(phantom.masks["SpinalCord"].full().any(axis=(0, 1))):
        i, j = np.argwhere(phantom.masks["SpinalCord"].full()[:, :, k]).mean(axis=0).astype(int)
        sides = [bone[i - 15 : i, j, k], bone[i : i + 15, j, k], bone[i, j - 13 : j, k], bone[i, j : j + 13, k]]
        ringed.append(sum(bool(side.any()) for side in sides))
    assert np.mean(ringed) > 2
    assert np.all(hu_of(phantom, "SpinalCord") < 250)


@pytest.mark.parametrize("seed", SEEDS)
def test_joints_stand_on_the_rami(draw, seed):
    phantom = draw(seed, FINE)
    jaw = points_mm(phantom.masks["Bone_Mandible"])
    for side in "LR":
        joint = centre_mm(phantom, f"Joint_TM_{side}")
        ramus = jaw[np.linalg.norm(jaw[:, :2] - joint[:2], axis=1) < 10]
        assert len(ramus) and ramus[:, 2].max() < joint[2] + 3


@pytest.mark.parametrize("seed", SEEDS)
def test_thyroid_embraces_the_airway(draw, seed):
    phantom = draw(seed, FINE)
    gland, airway = points_mm(phantom.masks["Glnd_Thyroid"]), points_mm(phantom.masks["Trachea"])
    top = airway[airway[:, 2] > airway[:, 2].max() - 20]
    assert gland[:, 0].min() < top[:, 0].min() < top[:, 0].max() < gland[:, 0].max()
    assert abs(np.median(gland[:, 2]) - airway[:, 2].max()) < 25


@pytest.mark.parametrize("seed", SEEDS)
def test_tissues_have_their_hounsfield_units(draw, seed):
    phantom = draw(seed, FINE)
    assert np.median(hu_of(phantom, "Trachea")) < -700
    assert hu_of(phantom, "Larynx").min() < -700
    assert 450 < np.median(hu_of(phantom, "Bone_Mandible")) < 1600
    for name in ("Brainstem", "Lobe_Temporal_L", "Lobe_Temporal_R"):
        assert 22 < np.median(hu_of(phantom, name)) < 48, name
    assert -5 < np.median(hu_of(phantom, "Eye_L")) < 40
    assert np.median(hu_of(phantom, "Lens_L")) > np.median(hu_of(phantom, "Eye_L")) + 30
    assert -60 < np.median(hu_of(phantom, "Parotid_L")) < 110
    assert np.median(hu_of(phantom, "Ear_L")) > 300
    inside = hu_of(phantom, "External")
    fat, muscle = inside[(inside > -150) & (inside < -60)], inside[(inside > 20) & (inside < 90)]
    assert -118 < np.median(fat) < -80
    assert 30 < np.median(muscle) < 72
    assert np.median(phantom.hu[[0, 0, -1, -1], [0, -1, 0, -1]]) < -900


def test_same_seed_gives_the_same_patient(draw):
    again = draw_head_neck(1, **COARSE)
    assert np.array_equal(draw(1, COARSE).hu, again.hu)
    assert list(draw(1, COARSE).contoured) == list(again.contoured)
    for name, mask in draw(1, COARSE).contoured.items():
        assert np.array_equal(mask.full(), again.contoured[name].full())


def test_another_seed_gives_another_patient(draw):
    first, second = draw(1, COARSE), draw(2, COARSE)
    assert any(first.masks[name].volume_cc != second.masks[name].volume_cc for name in ("Brainstem", "Larynx"))
    assert first.hu.shape != second.hu.shape or not np.array_equal(first.hu, second.hu)


@pytest.mark.parametrize("seed", SEEDS)
def test_volumes_do_not_depend_on_the_grid(draw, seed):
    fine, coarse = draw(seed, FINE).masks, draw(seed, COARSE).masks
    for name in HEAD_NECK_28:
        if fine[name].volume_cc > 5:
            assert coarse[name].volume_cc == pytest.approx(fine[name].volume_cc, rel=0.2), name
        else:
            assert abs(coarse[name].volume_cc - fine[name].volume_cc) < 0.6 + 0.25 * fine[name].volume_cc, name


@pytest.mark.parametrize("seed", SEEDS)
def test_coarse_grid_keeps_every_structure_but_a_lens(draw, seed):
    masks = draw(seed, COARSE).masks
    assert {name for name in HEAD_NECK_28 if not masks[name].voxel_count} <= {"Lens_L", "Lens_R", "Pituitary"}


def test_lenses_have_voxels_in_a_planning_ct():
    for seed in (3, 4):
        masks = draw_head_neck(seed, spacing_mm=(0.9765625, 0.9765625, 2.5), slices=54, columns_rows=(110, 190)).masks
        found = [masks[name].voxel_count for name in ("Lens_L", "Lens_R")]
        assert min(found) >= 20, seed


def test_slices_asked_for_are_given_and_stay_between_eyes_and_larynx():
    phantom = draw_head_neck(2, spacing_mm=(4.0, 4.0, 5.0), columns_rows=(64, 72), slices=21)
    assert phantom.hu.shape == (64, 72, 21)
    assert all(phantom.masks[name].voxel_count for name in ("Parotid_L", "Bone_Mandible", "Cavity_Oral"))
    assert phantom.masks["Trachea"].voxel_count == 0


def test_protocols_of_the_paper_occur():
    drawn = {draw_head_neck(seed, columns_rows=(16, 16), slices=2).grid.spacing_mm for seed in PROTOCOL_SEEDS}
    assert {(round(s[0], 2), s[2]) for s in drawn} == {(0.98, 2.5), (1.17, 3.0)}
