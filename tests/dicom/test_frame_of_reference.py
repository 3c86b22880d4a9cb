from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rtcontour.contours import Contour, Roi
from rtcontour.dicom import StructureSet, check_frame_of_reference, write_ct_series
from rtcontour.errors import GeometryError
from rtcontour.grid import Grid


@pytest.fixture
def ct(tmp_path):
    grid = Grid((2, 3, 2), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    return write_ct_series(tmp_path / "ct", np.zeros(grid.shape, np.int16), grid)


@pytest.fixture
def structures(ct):
    contour = Contour(np.zeros((3, 3)), image_uid=ct.image_uids[1])
    return StructureSet(
        rois=(Roi(1, "Bladder", (contour,)),),
        label="",
        frame_of_reference_uid=ct.frame_of_reference_uid,
        series_uid=ct.series_uid,
        sop_instance_uid="1.2",
        approval="",
        file_name="rs.dcm",
    )


def codes(findings):
    return [finding.code for finding in findings]


def test_what_belongs_together_gives_no_finding(structures, ct):
    assert check_frame_of_reference(structures, ct) == []


def test_another_frame_is_an_error_unless_ignored(structures, ct):
    other = dataclasses.replace(structures, frame_of_reference_uid="9.9")
    with pytest.raises(GeometryError, match=r"rs\.dcm: frame of reference is 9\.9.*--ignore-frame-of-reference"):
        check_frame_of_reference(other, ct)
    assert codes(check_frame_of_reference(other, ct, ignore=True)) == ["frame-of-reference-ignored"]


def test_some_rois_in_another_frame_are_an_error_unless_ignored(structures, ct):
    other = dataclasses.replace(structures, rois_elsewhere=("PTV",))
    with pytest.raises(GeometryError, match="ROIs PTV lie in another frame"):
        check_frame_of_reference(other, ct)
    check_frame_of_reference(other, ct, ignore=True)


def test_a_missing_frame_is_a_finding(structures, ct):
    missing = dataclasses.replace(structures, frame_of_reference_uid=None)
    assert codes(check_frame_of_reference(missing, ct)) == ["frame-of-reference-unknown"]


def test_other_series_and_images_are_findings(structures, ct):
    roi = Roi(1, "Bladder", (Contour(np.zeros((3, 3)), image_uid="8.8"),))
    other = dataclasses.replace(structures, series_uid="7.7", rois=(roi,))
    assert codes(check_frame_of_reference(other, ct)) == ["series-differs", "reference-dangling"]


def test_a_second_series_that_the_file_names_is_no_other_one(structures, ct):
    other = dataclasses.replace(structures, series_uid="7.7", series_uids=("7.7", ct.series_uid))
    assert check_frame_of_reference(other, ct) == []


def test_contours_two_slices_from_the_image_they_name_are_a_finding(tmp_path):
    grid = Grid((2, 3, 5), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    ct = write_ct_series(tmp_path / "ct", np.zeros(grid.shape, np.int16), grid)

    def drawn(shift, z_mm):
        contours = [Contour(np.full((3, 3), 2.0 * k + z_mm), image_uid=ct.image_uids[k + shift]) for k in range(3)]
        return StructureSet((Roi(1, "a", tuple(contours)),), "", ct.frame_of_reference_uid, ct.series_uid, "1.2", "")

    assert codes(check_frame_of_reference(drawn(0, 1.0), ct)) == []  # half-way: the upper one is named
    assert codes(check_frame_of_reference(drawn(1, 0.0), ct)) == []
    found = check_frame_of_reference(drawn(2, 0.0), ct)
    assert codes(found) == ["reference-elsewhere"] and "3 of 3 contours" in found[0].message
    assert codes(check_frame_of_reference(drawn(0, 500.0), ct)) == ["reference-elsewhere"]
