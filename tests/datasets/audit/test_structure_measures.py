import json

import numpy as np
import pytest

from rtcontour.datasets.audit import CaseMeasures, measure_case
from rtcontour.datasets.audit.structure_measures import BORDERS
from rtcontour.errors import GeometryError
from rtcontour.grid import Grid
from rtcontour.mask import Mask


@pytest.fixture
def measure(body_hu, audit_grid):
    """Measures structures on the CT."""
    return lambda **masks: measure_case(body_hu, audit_grid, masks).structures


def test_volume_place_and_extent_can_be_counted(measure, block):
    one = measure(A=block(((20, 29), (10, 13), (5, 7))))["A"]
    assert one.volume_cc == pytest.approx(10 * 4 * 3 * 0.02)
    assert one.box == ((20, 29), (10, 13), (5, 7)) and one.middle == (24, 11, 6)
    assert one.centroid_mm == pytest.approx((-47 + 2 * 24.5, -48.75 + 2.5 * 11.5, 100 + 4 * 6.0))
    assert (one.slices, one.length_mm, one.piece_count, one.borders) == (3, 12.0, 1, ())
    # The body's middle is that of the grid, at x = 0 and y = 0.
    assert one.body_offset_mm == pytest.approx((2.0, -20.0), abs=0.6)


def test_nothing_is_empty_and_has_no_place(measure, audit_grid):
    one = measure(A=Mask.empty(audit_grid))["A"]
    assert one.volume_cc == 0 and one.box is None and one.centroid_mm is None and one.body_offset_mm is None
    assert one == measure(A=Mask.from_array(np.zeros(audit_grid.shape), audit_grid))["A"]


def test_a_loose_box_measures_like_a_tight_one(measure, block, audit_grid):
    tight = block(((20, 29), (10, 13), (5, 7)))
    loose = Mask(audit_grid, (0, 0, 0), tight.full())
    assert measure(A=tight)["A"] == measure(A=loose)["A"]


@pytest.mark.parametrize(
    ("box", "borders"),
    [
        (((0, 3), (10, 12), (5, 6)), BORDERS[0:1]),
        (((44, 47), (0, 39), (5, 6)), BORDERS[1:4]),
        (((10, 12), (10, 12), (0, 19)), BORDERS[4:6]),
        (((1, 46), (1, 38), (1, 18)), ()),
    ],
)
def test_every_end_of_the_image_is_known(measure, block, box, borders):
    assert measure(A=block(box))["A"].borders == tuple(borders)


def test_what_leaves_the_body_is_outside(measure, block):
    inside = measure(A=block(((20, 29), (10, 13), (5, 7))))["A"]
    assert inside.outside_cc == 0 and inside.outside_index is None
    # In the middle row the body ends at column 43; voxels of 2 mm, and one voxel is forgiven.
    beyond = measure(A=block(((30, 46), (19, 20), (5, 7))))["A"]
    assert beyond.outside_cc == pytest.approx(2 * 2 * 3 * 0.02)
    i, j, k = beyond.outside_index
    assert i >= 45 and j in (19, 20) and k in (5, 6, 7)


def test_what_another_structure_cuts_out_is_no_hole(measure, block, audit_grid):
    around = block(((15, 30), (10, 25), (4, 8))).full()
    inner = block(((20, 25), (15, 20), (5, 7)))
    around[inner.full()] = False
    ring = Mask.from_array(around, audit_grid)
    alone, beside = measure(A=ring)["A"], measure(A=ring, B=inner)["A"]
    assert alone.holes_cc == pytest.approx(6 * 6 * 3 * 0.02) and alone.hole_index[2] in (5, 6, 7)
    assert beside.holes_cc == 0 and beside.hole_index is None
    # One that overlaps the ring was not cut out of it.
    over = measure(A=ring, B=block(((14, 25), (15, 20), (5, 7))))["A"]
    assert over.holes_cc == alone.holes_cc


def test_equal_voxels_have_equal_fingerprints_and_moved_ones_have_not(measure, block):
    found = measure(
        A=block(((20, 29), (10, 13), (5, 7))),
        B=block(((20, 29), (10, 13), (5, 7))),
        C=block(((21, 30), (10, 13), (5, 7))),
    )
    assert found["A"].fingerprint == found["B"].fingerprint != found["C"].fingerprint


def test_measures_survive_json(body_hu, audit_grid, block):
    masks = {
        "A": block(((20, 29), (10, 13), (5, 7)), ((35, 36), (12, 13), (5, 6))),
        "B": block(((20, 25), (10, 13), (2, 3)), ((20, 25), (10, 13), (6, 6))),
        "C": Mask.empty(audit_grid),
    }
    measures = measure_case(body_hu, audit_grid, masks)
    assert CaseMeasures.from_json(json.loads(json.dumps(measures.to_json(), allow_nan=False))) == measures


def test_an_image_or_a_mask_of_another_grid_is_refused(body_hu, audit_grid, block):
    other = Grid(audit_grid.shape, audit_grid.spacing_mm, (0.0, 0.0, 0.0))
    mask = block(((1, 2), (1, 2), (1, 2)), grid=other)
    with pytest.raises(GeometryError, match="'A' lies on another grid"):
        measure_case(body_hu, audit_grid, {"A": mask})
    with pytest.raises(GeometryError, match="the image has shape"):
        measure_case(body_hu[1:], audit_grid, {})


def test_an_oblique_and_flipped_grid_places_structures_by_the_patient(body_hu, block):
    flipped = Grid((48, 40, 20), (2.0, 2.5, 4.0), (47.0, 48.75, 100.0), ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    mask = block(((20, 29), (10, 13), (5, 7)), grid=flipped)
    one = measure_case(body_hu, flipped, {"A": mask}).structures["A"]
    assert one.body_offset_mm == pytest.approx((-2.0, 20.0), abs=0.6)
