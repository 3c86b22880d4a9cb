import numpy as np
import pytest

from rtcontour.datasets.audit.image_measures import measure_image
from rtcontour.grid import Grid


def noisy(hu, sd, seed=0):
    noise = np.random.default_rng(seed).normal(0, sd, hu.shape)
    return np.asfortranarray(np.clip(np.rint(hu + noise), -1024, 3071).astype(np.int16))


@pytest.mark.parametrize("sd", [8, 50])
def test_tissues_are_found_in_noise(body_hu, audit_grid, sd):
    image, _ = measure_image(noisy(body_hu, sd), audit_grid)
    assert image.soft_tissue_hu == pytest.approx(40, abs=8)
    assert image.fat_hu == pytest.approx(-100, abs=12)
    assert image.air_hu == pytest.approx(-1000, abs=30)


def test_a_lone_peak_is_fat_or_soft_tissue_by_its_place(body_hu, audit_grid):
    for hu, expected in ((-90, (None, -90)), (30, (30, None))):
        image, _ = measure_image(noisy(np.where(body_hu > -500, hu, -1000), 15), audit_grid)
        found = image.soft_tissue_hu, image.fat_hu
        assert [one is None for one in found] == [one is None for one in expected]
        assert sum(filter(None, found)) == pytest.approx(hu, abs=6)


def test_padding_is_no_air(body_hu, audit_grid):
    masked = np.where(body_hu > -500, body_hu, -1024).astype(np.int16, order="F")
    assert measure_image(masked, audit_grid)[0].air_hu is None
    deep = noisy(body_hu, 10)
    deep[:8] = -3024
    assert measure_image(deep, audit_grid)[0].air_hu == pytest.approx(-1000, abs=10)


def test_metal_and_extremes_are_of_all_voxels(body_hu, audit_grid):
    hu = body_hu.copy(order="F")
    hu[21, 19, 3] = 3000
    hu[21, 20, 3] = 2501
    image, _ = measure_image(hu, audit_grid)
    assert (image.highest_hu, image.lowest_hu, image.brightest) == (3000, -1000, (21, 19, 3))
    assert image.metal_cc == pytest.approx(2 * 0.02)


def test_the_middle_of_the_body_is_in_millimetres(body_hu, audit_grid):
    moved = np.roll(body_hu, 2, axis=0)
    assert measure_image(body_hu, audit_grid)[0].body_centre_x_mm == pytest.approx(0, abs=0.3)
    assert measure_image(moved, audit_grid)[0].body_centre_x_mm == pytest.approx(4, abs=0.3)


def test_a_large_scan_is_measured_on_a_few_columns_alike():
    grids = [Grid((n, n, 6), (480 / n, 480 / n, 5.0), (0.0, 0.0, 0.0)) for n in (96, 480)]
    found = []
    for grid in grids:
        i, j, _ = np.indices(grid.shape) / grid.shape[0]
        hu = np.where(((i - 0.5) / 0.35) ** 2 + ((j - 0.5) / 0.25) ** 2 < 1, 40, -1000).astype(np.int16, order="F")
        found.append(measure_image(hu, grid)[0])
    assert found[1].body_share == pytest.approx(np.pi * 0.35 * 0.25, rel=0.04)
    assert found[0].body_share == pytest.approx(found[1].body_share, rel=0.04)


def test_a_body_at_the_edge_is_cut(body_hu, audit_grid):
    assert measure_image(body_hu, audit_grid)[0].cut_share == 0
    narrow = body_hu[8:40].copy(order="F")
    narrow[:, :, 15:] = -1000
    grid = Grid(narrow.shape, audit_grid.spacing_mm, audit_grid.origin_mm)
    assert measure_image(narrow, grid)[0].cut_share == 1


def test_without_a_body_nothing_is_told(audit_grid):
    image, body = measure_image(np.full(audit_grid.shape, -1000, np.int16, order="F"), audit_grid)
    assert (image.body_share, image.body_centre_x_mm, image.soft_tissue_hu, image.dense_share) == (0, None, None, 0)
    assert body.offset_mm(np.zeros(3), 0, 5) is None
