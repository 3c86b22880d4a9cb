"""A patient of simple shapes on a table: 96 columns, 80 rows, 6 slices."""

import numpy as np
import pytest

from rtcontour.labels import body_mask

SHAPE = (96, 80, 6)
AIR, FAT, FOAM, SHELL = -1000, -90, -900, 50


def ellipse(centre, radii):
    i, j, _ = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return np.broadcast_to(((i - centre[0]) / radii[0]) ** 2 + ((j - centre[1]) / radii[1]) ** 2 <= 1, SHAPE)


@pytest.fixture
def patient():
    return ellipse((48, 35), (30, 20))


@pytest.fixture
def hu(patient):
    return np.where(patient, FAT, AIR).astype(np.int16)


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_the_body_is_found(hu, patient):
    assert dice(body_mask(hu), patient) > 0.99


def test_gas_and_lungs_belong_to_the_body_even_where_they_run_out_of_the_volume(hu, patient):
    hu[ellipse((40, 30), (8, 6))] = -850
    assert dice(body_mask(hu), patient) > 0.99


def test_a_table_apart_from_the_patient_is_left_out(hu, patient):
    hu[5:90, 60:62] = hu[5:90, 70:72] = SHELL
    hu[5:90, 62:70] = FOAM
    assert dice(body_mask(hu), patient) > 0.99


def test_a_table_that_touches_the_patient_is_cut_off(hu, patient):
    hu[5:90, 55:57] = SHELL  # the patient ends at row 55
    body = body_mask(hu)
    assert not body[:36, 55:].any() and not body[61:, 55:].any()  # what lies against the back may stay
    assert dice(body, patient) > 0.98


def test_a_speck_beside_the_patient_is_left_out(hu):
    hu[1:5, 1:5] = SHELL
    assert not body_mask(hu)[:6, :6].any()


def test_air_alone_has_no_body():
    body = body_mask(np.full(SHAPE, AIR, np.int16))
    assert body.dtype == bool and body.shape == SHAPE and not body.any()


def test_a_body_that_fills_the_volume_is_all_body():
    assert body_mask(np.full(SHAPE, FAT, np.int16)).all()


def test_the_threshold_may_be_moved(hu):
    assert not body_mask(hu, threshold_hu=0).any()


def test_the_image_is_not_changed(hu):
    before = hu.copy()
    body_mask(hu)
    assert np.array_equal(hu, before)
