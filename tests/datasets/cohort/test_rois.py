import numpy as np
import pytest

from rtcontour.contours import Contour, Roi, trace
from rtcontour.datasets.cohort.rois import draw_rois, same_voxels
from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((24, 24, 8), (2.0, 2.0, 3.0), (0.0, 0.0, 0.0))
WANTED = ("Bladder", "Femur_Head_L")


def block(start, stop=(12, 12, 6)):
    voxels = np.zeros(GRID.shape, bool)
    voxels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return Mask.from_array(voxels, GRID)


def roi(name, mask=None, number=1):
    return Roi(number, name, trace(mask) if mask is not None else ())


def codes(findings, severity=None):
    return [(one.code, one.subject) for one in findings if severity in (None, one.severity)]


def test_the_roi_of_a_wanted_structure_is_used_whatever_it_is_called():
    mask = block((4, 4, 2))
    drawn, findings = draw_rois([roi("Harnblase", mask), roi("BODY", block((1, 1, 1)))], GRID, WANTED)
    assert [(one.name, one.used) for one in drawn] == [("Bladder", True), ("External", False)]
    assert np.array_equal(drawn[0].mask.full(), mask.full())
    assert not findings


def test_of_two_rois_the_one_with_the_name_itself_counts():
    small, large = block((6, 6, 2)), block((2, 2, 2))
    drawn, findings = draw_rois([roi("bladder 2", large), roi("Blase", large), roi("Bladder", small)], GRID, WANTED)
    assert [one.used for one in drawn] == [False, False, True]
    assert codes(findings, "warning") == [("structure-twice", "Bladder")]
    assert drawn[1].why == "another ROI is Bladder"


def test_an_alias_says_which_of_two_is_meant():
    small, large = block((6, 6, 2)), block((2, 2, 2))
    rois = [roi("Bladder", small), roi("Blase neu", large)]
    drawn, _ = draw_rois(rois, GRID, WANTED, aliases={"Blase neu": "Bladder"})
    assert [one.used for one in drawn] == [False, True]


def test_two_rois_that_differ_are_not_guessed_at():
    drawn, findings = draw_rois([roi("Blase", block((6, 6, 2))), roi("Harnblase", block((2, 2, 2)))], GRID, WANTED)
    assert not any(one.used for one in drawn)
    assert codes(findings, "error") == [("structure-twice", "Bladder")]
    assert "Blase" in findings[0].message and "Harnblase" in findings[0].message


def test_two_rois_of_the_same_voxels_do_not_matter():
    drawn, findings = draw_rois([roi("Blase", block((6, 6, 2))), roi("Harnblase", block((6, 6, 2)))], GRID, WANTED)
    assert [one.used for one in drawn] == [True, False]
    assert codes(findings) == [("structure-twice", "Bladder")]


def test_an_empty_roi_is_not_contoured():
    drawn, findings = draw_rois([roi("Bladder")], GRID, WANTED)
    assert not drawn[0].used
    assert codes(findings) == [("roi-empty", "Bladder")]


def test_a_copy_under_another_organs_name_is_told():
    mask = block((4, 4, 2))
    drawn, findings = draw_rois([roi("Bladder", mask), roi("Rectum", mask), roi("ring", mask)], GRID, WANTED)
    assert drawn[0].used
    assert ("roi-duplicate", "Bladder") in codes(findings)
    assert "'Rectum'" in findings[0].message and "ring" not in findings[0].message


def test_a_name_that_may_be_a_missing_structure_is_a_warning_and_any_other_a_note():
    _, findings = draw_rois([roi("Bladdr", block((4, 4, 2))), roi("zPTV+5", block((2, 2, 2)))], GRID, WANTED)
    assert codes(findings, "warning") == [("name-unresolved", "Bladdr")]
    assert codes(findings, "note") == [("name-unresolved", "zPTV+5")]
    assert "Bladder" in findings[0].message
    there = [roi("Bladder", block((6, 6, 2))), roi("Bladdr", block((4, 4, 2)))]
    assert codes(draw_rois(there, GRID, WANTED)[1], "warning") == []


def test_gaps_are_told_of_the_structure_and_filled_where_asked():
    voxels = block((4, 4, 1)).full()
    voxels[:, :, 3] = False
    contours = trace(Mask.from_array(voxels, GRID))
    drawn, findings = draw_rois([Roi(1, "Blase", contours)], GRID, WANTED)
    assert codes(findings) == [("slices-left-out", "Bladder")]
    filled, findings = draw_rois([Roi(1, "Blase", contours)], GRID, WANTED, fill_gaps=True)
    assert codes(findings) == [("slices-interpolated", "Bladder")]
    assert filled[0].mask.voxel_count > drawn[0].mask.voxel_count


def test_coordinates_that_are_no_position_stop_a_wanted_structure_and_no_other():
    nowhere = (Contour(np.array([[0, 0, 0], [np.nan, 1, 0], [1, 1, 0]], float)),)
    _, findings = draw_rois([Roi(1, "ring", nowhere), roi("Bladder", block((4, 4, 2)))], GRID, WANTED)
    assert ("roi-unreadable", "ring") in codes(findings)
    with pytest.raises(GeometryError):
        draw_rois([Roi(1, "Bladder", nowhere)], GRID, WANTED)


def test_a_name_outside_the_table_is_matched_as_it_is_written():
    drawn, _ = draw_rois([roi("Ring of ours", block((4, 4, 2)))], GRID, ("Ring of ours",))
    assert drawn[0].used


def test_masks_in_boxes_of_other_size_may_have_the_same_voxels():
    mask = block((4, 4, 2))
    loose = Mask(GRID, (0, 0, 0), mask.full())
    assert same_voxels(mask, loose) and not same_voxels(mask, block((4, 4, 3)))
    assert not same_voxels(Mask.empty(GRID), Mask.empty(GRID))
