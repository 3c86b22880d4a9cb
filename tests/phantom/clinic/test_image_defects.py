import numpy as np
import pytest

SOFT_HU = (-20, 100)


def tissue(seen):
    return (seen.ct.hu > -400).any(axis=1)  # (columns, slices)


def test_patient_without_defect_fits_into_the_image(plant):
    shown = (plant(None).ct.hu > -400).any(axis=2)
    shown[:, plant(None).masks["External"].any(axis=(0, 2)).nonzero()[0][-1] + 1 :] = False  # the couch
    assert shown.any()
    assert not (shown[0].any() or shown[-1].any() or shown[:, 0].any() or shown[:, -1].any())


def test_scan_begins_within_the_femoral_heads(plant):
    seen, plain = plant("cut-at-border"), plant(None)
    for structure in ("Femur_Head_L", "Femur_Head_R"):
        assert seen.masks[structure][:, :, 0].any() == (structure in seen.where["structures"])
        assert not plain.masks[structure][:, :, 0].any()
    assert seen.planted["structure"] in seen.where["structures"]
    lost = plain.ct.grid.shape[2] - seen.ct.grid.shape[2]
    assert np.array_equal(seen.ct.hu, plain.ct.hu[:, :, lost:])
    assert np.array_equal(seen.mask, plain.masks[seen.planted["structure"]][:, :, lost:])


def test_thick_slices_show_the_same_patient(plant):
    seen, plain = plant("thick-slices"), plant(None)
    assert 8 <= seen.ct.grid.spacing_mm[2] <= 10
    assert seen.ct.grid.spacing_mm[2] == pytest.approx(seen.where["slice_mm"])
    kept = int(seen.ct.grid.shape[2] * seen.ct.grid.spacing_mm[2] / plain.ct.grid.spacing_mm[2])
    assert seen.ct.hu.mean() == pytest.approx(plain.ct.hu[:, :, :kept].mean(), abs=15)
    for structure in ("Femur_Head_L", "Bladder"):
        volumes = [np.count_nonzero(one.masks[structure]) * np.prod(one.ct.grid.spacing_mm) for one in (seen, plain)]
        assert volumes[0] == pytest.approx(volumes[1], rel=0.3)


def test_patient_reaches_both_sides_of_a_narrow_field(plant):
    seen, plain = plant("narrow-field-of-view"), plant(None)
    columns = tissue(seen)
    assert columns[0].mean() > 0.8
    assert columns[-1].mean() > 0.8
    assert not tissue(plain)[0].any()
    assert not tissue(plain)[-1].any()
    assert seen.ct.grid.shape[0] * seen.ct.grid.spacing_mm[0] == pytest.approx(seen.where["field_mm"], abs=0.1)


def test_hu_are_shifted(plant):
    seen, plain = plant("hu-shifted"), plant(None)
    assert np.array_equal(seen.ct.hu, plain.ct.hu + seen.where["offset_hu"])
    assert seen.where["offset_hu"] == 1000


def test_hu_are_scaled_about_water(plant):
    seen, plain = plant("hu-scaled"), plant(None)
    assert np.abs(seen.ct.hu - np.clip(plain.ct.hu * seen.where["factor"], -2048, None)).max() <= 0.5


def test_metal_is_in_the_femoral_head_and_disturbs_what_is_around(plant):
    seen, plain = plant("metal-hip"), plant(None)
    metal = seen.ct.hu >= 3000
    assert not (plain.ct.hu >= 3000).any()
    assert metal[seen.masks[seen.where["beside"]]].mean() > 0.5
    volume_cc = np.count_nonzero(metal) * np.prod(seen.ct.grid.spacing_mm) / 1000
    assert 20 < volume_cc < 100
    here = metal.any(axis=(0, 1))
    soft = (plain.ct.hu > SOFT_HU[0]) & (plain.ct.hu < SOFT_HU[1])
    change = np.abs(seen.ct.hu.astype(int) - plain.ct.hu)
    assert change[:, :, here][soft[:, :, here]].mean() > 10
    assert not change[:, :, ~here].any()


def test_burnt_in_text_is_declared_and_there(plant):
    seen, plain = plant("burnt-in-text"), plant(None)
    assert {image.BurnedInAnnotation for image in seen.headers("CT")} == {"YES"}
    assert {image.BurnedInAnnotation for image in plain.headers("CT")} == {"NO"}
    letters = (seen.ct.hu != plain.ct.hu).any(axis=2)
    assert 40 < np.count_nonzero(letters) < 0.2 * letters.size
    assert np.all(np.argwhere(letters).max(axis=0) <= [seen.where["columns"][1], seen.where["rows"][1]])
    assert (seen.ct.hu[letters] == 3071).all()
    assert seen.planted["not_imported"]
