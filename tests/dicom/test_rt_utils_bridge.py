"""Contours go to rt-utils and come back unchanged; rt-utils' own rules touch only what it draws itself."""

from __future__ import annotations

import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.dicom import (
    from_rt_utils,
    read_ct_geometry,
    read_structure_set,
    to_rt_utils,
    write_ct_series,
    write_structure_set,
)
from rtcontour.errors import GeometryError, InputFileError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

rt_utils = pytest.importorskip("rt_utils", exc_type=ImportError, reason="rt-utils is not installed")

GRID = Grid((9, 7, 4), (0.7, 1.3, 2.5), (-12.25, 7.5, 101.0))


@pytest.fixture
def ct(tmp_path):
    write_ct_series(tmp_path / "ct", np.zeros(GRID.shape, np.int16), GRID, seed=1)
    return read_ct_geometry(tmp_path / "ct")


def noise(seed):
    return Mask.from_array(np.random.default_rng(seed).random(GRID.shape) < 0.4, GRID)


def test_masks_survive_the_way_through_rt_utils_and_its_file(ct, tmp_path):
    masks = {"Bladder": noise(1), "Größe": noise(2), "none": Mask.from_array(np.zeros(GRID.shape), GRID)}
    rtstruct = to_rt_utils(masks, ct)
    assert isinstance(rtstruct, rt_utils.RTStruct) and rtstruct.get_roi_names() == list(masks)
    rtstruct.save(str(tmp_path / "saved.dcm"))
    for structures in (from_rt_utils(rtstruct), read_structure_set(tmp_path / "saved.dcm")):
        for name, mask in masks.items():
            assert np.array_equal(rasterize(structures[name], GRID).full(), mask.full())


def test_rt_utils_adds_to_what_we_made_and_we_read_what_it_drew(ct):
    rtstruct = to_rt_utils({"Bladder": noise(1)}, ct)
    block = np.zeros((7, 9, 4), bool)  # rt-utils' order: rows, columns, slices
    block[2:6, 3:8, 1] = True
    rtstruct.add_roi(block, name="Rectum")
    added = from_rt_utils(rtstruct)["Rectum"]
    index = GRID.to_index(added.contours[0].points_mm)
    assert np.allclose(index[:, 2], 1) and added.contours[0].image_uid == ct.image_uids[1]


def test_a_file_opened_with_rt_utils_reads_as_the_file_itself(ct, tmp_path):
    path = write_structure_set(tmp_path / "rs.dcm", {"Bladder": noise(3)}, ct)
    opened = rt_utils.RTStructBuilder.create_from(dicom_series_path=str(tmp_path / "ct"), rt_struct_path=str(path))
    ours, theirs = read_structure_set(path), from_rt_utils(opened)
    assert (ours.sop_instance_uid, ours.series_uid) == (theirs.sop_instance_uid, theirs.series_uid)
    assert [c.points_mm.tolist() for c in ours["Bladder"].contours] == [
        c.points_mm.tolist() for c in theirs["Bladder"].contours
    ]


def test_what_rt_utils_cannot_hold_is_refused(ct, tmp_path):
    ct.paths[1].unlink()
    with pytest.raises(GeometryError, match="one file for each slice"):
        to_rt_utils({"Bladder": noise(1)}, read_ct_geometry(tmp_path / "ct"))


def test_a_structure_set_without_rois_is_refused(ct, tmp_path):
    new = rt_utils.RTStructBuilder.create_new(dicom_series_path=str(tmp_path / "ct"))
    with pytest.raises(InputFileError, match="no ROIs"):
        from_rt_utils(new)
