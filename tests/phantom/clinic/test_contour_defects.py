import numpy as np
import pytest
from scipy import ndimage

WHOLE = np.ones((3, 3, 3))


def slices_of(mask):
    return np.flatnonzero(mask.any(axis=(0, 1)))


def volume_cc(seen, voxels):
    return np.count_nonzero(voxels) * np.prod(seen.ct.grid.spacing_mm) / 1000


def middle_mm(seen, voxels):
    return seen.ct.grid.to_mm([np.argwhere(voxels).mean(axis=0)])[0]


def pieces(mask):
    """Of a mask, largest first."""
    numbered, count = ndimage.label(mask, WHOLE)
    return sorted((numbered == n for n in range(1, count + 1)), key=np.count_nonzero, reverse=True)


def in_plane_holes(mask):
    filled = [ndimage.binary_fill_holes(mask[:, :, k]) for k in range(mask.shape[2])]
    return np.stack(filled, axis=2) & ~mask


def test_patient_without_defect_has_none_of_them(plant):
    seen = plant(None)
    for structure in ("Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"):
        mask = seen.masks[structure]
        assert not in_plane_holes(mask).any()
        assert np.all(np.diff(slices_of(mask)) == 1)
        assert all(volume_cc(seen, piece) >= 1 for piece in pieces(mask))
    assert all(len(pieces(seen.masks[name])) == 1 for name in ("Femur_Head_L", "Femur_Head_R", "Bladder"))


@pytest.mark.parametrize("kind", ["island", "stray-contour"])
def test_island_lies_apart_where_it_is_said_to(plant, kind):
    seen = plant(kind)
    largest, island = pieces(seen.mask)
    assert 1.0 < volume_cc(seen, island) < 3.5
    assert volume_cc(seen, island) == pytest.approx(seen.where["volume_cc"], abs=0.01)
    assert middle_mm(seen, island) == pytest.approx(seen.where["centre_mm"], abs=0.06)
    assert slices_of(island).tolist() == seen.where["slices"]
    gap = ndimage.distance_transform_edt(~largest, sampling=seen.ct.grid.spacing_mm)[island].min()
    assert 8 < gap < 60
    assert np.array_equal(largest, plant(None).masks[seen.planted["structure"]])


def test_stray_contour_is_on_one_slice(plant):
    assert len(plant("stray-contour").where["slices"]) == 1


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_hole_is_seen_in_the_slices(plant, seed):
    seen = plant("hole", seed)
    holes = in_plane_holes(seen.mask)
    assert volume_cc(seen, holes) == pytest.approx(seen.where["volume_cc"], abs=0.01)
    assert volume_cc(seen, holes) > 1
    assert slices_of(holes).tolist() == seen.where["slices"]


def test_cavity_is_closed_all_around(plant):
    seen = plant("cavity")
    cavity = ndimage.binary_fill_holes(seen.mask) & ~seen.mask
    assert volume_cc(seen, cavity) == pytest.approx(seen.where["volume_cc"], abs=0.01)
    assert volume_cc(seen, cavity) > 1
    assert middle_mm(seen, cavity) == pytest.approx(seen.where["centre_mm"], abs=0.06)


def test_slices_left_out_are_the_only_gap(plant):
    seen = plant("slices-left-out")
    there = slices_of(seen.mask)
    gap = sorted(set(range(there[0], there[-1] + 1)) - set(there.tolist()))
    assert gap == seen.where["slices"]
    assert 1 <= len(gap) <= 3
    assert seen.ct.grid.to_mm([[0, 0, gap[0]]])[0][2] == pytest.approx(seen.where["z_mm"][0], abs=0.06)


def test_contour_leaves_the_body_that_the_image_shows(plant):
    seen = plant("outside-body")
    tissue = ndimage.binary_opening(seen.ct.hu > -400, iterations=1)
    body = pieces(tissue)[0]
    body = np.stack([ndimage.binary_fill_holes(body[:, :, k]) for k in range(body.shape[2])], axis=2)
    outside = seen.mask & ~ndimage.binary_dilation(body)
    assert volume_cc(seen, outside) > 3
    assert set(slices_of(outside).tolist()) <= set(seen.where["slices"])
    assert not (plant(None).masks["Bag_Bowel"] & ~ndimage.binary_dilation(body)).any()


@pytest.mark.parametrize(("kind", "factor"), [("volume-too-large", 2.5), ("volume-too-small", 1 / 3)])
def test_volume_is_another(plant, kind, factor):
    seen = plant(kind)
    usual = volume_cc(seen, plant(None).masks[seen.planted["structure"]])
    assert volume_cc(seen, seen.mask) / usual == pytest.approx(factor, rel=0.01)
    assert volume_cc(seen, seen.mask) == pytest.approx(seen.where["volume_cc"], abs=0.01)
    assert len(pieces(seen.mask)) == 1


def test_displaced_structure_has_its_shape_5_to_8_cm_away(plant):
    seen, plain = plant("displaced"), plant(None)
    before, after = plain.masks[seen.planted["structure"]], seen.mask
    shift = middle_mm(seen, after) - middle_mm(seen, before)
    assert np.count_nonzero(after) == np.count_nonzero(before)
    assert 50 <= np.linalg.norm(shift) <= 80
    assert shift == pytest.approx(seen.where["shift_mm"], abs=0.01)
