import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import compare_masks
from rtcontour.metrics.surface_elements import CORNERS, cell_polygons, element_areas

ANISOTROPIC_MM = (1.0, 0.7, 3.0)


def surface_dice(predicted, truth, spacing_mm, tolerance_mm, memory=(2, 1, 0)):
    """Of arrays laid out so that the axes in `memory` go from the longest steps to the shortest."""
    grid = Grid(predicted.shape, spacing_mm, (0, 0, 0))
    arrays = (np.ascontiguousarray(a.transpose(memory)).transpose(np.argsort(memory)) for a in (predicted, truth))
    return compare_masks(*(Mask(grid, (0, 0, 0), a) for a in arrays), tolerance_mm=tolerance_mm).surface_dice


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), ANISOTROPIC_MM])
def test_areas_equal_the_reference_table(spacing_mm):
    tables = pytest.importorskip("surface_distance.lookup_tables")
    reference = tables.create_table_neighbour_code_to_surface_area(spacing_mm)
    bits = [tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL[tuple(corner)] for corner in CORNERS]
    order = [sum(int(bit) for n, bit in enumerate(bits) if code >> n & 1) for code in range(256)]
    np.testing.assert_allclose(element_areas(spacing_mm), reference[order], atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([0.0, 0.5, 0.7, 1.0, 1.3, 2.0, 3.0, 3.2]), st.permutations(range(3)))
def test_surface_dice_equals_the_reference_program_however_the_arrays_lie_in_memory(data, tolerance_mm, memory):
    metrics = pytest.importorskip("surface_distance.metrics")
    one, other = (data.draw(arrays(np.bool_, (5, 4, 3))) for _ in range(2))
    one[0, 0, 0] = other[2, 3, 1] = True
    distances = metrics.compute_surface_distances(other, one, ANISOTROPIC_MM)
    expected = metrics.compute_surface_dice_at_tolerance(distances, tolerance_mm * (1 + 1e-6))
    assert surface_dice(one, other, ANISOTROPIC_MM, tolerance_mm, memory) == pytest.approx(expected)


def test_a_tolerance_beyond_the_steps_that_are_tried_is_kept_too():
    metrics = pytest.importorskip("surface_distance.metrics")
    one, other = np.zeros((2, 40, 24, 16), bool)
    one[2:20, 3:20, 2:9] = True
    other[25:38, 5:21, 5:14] = other[3:8, 3:8, 3:8] = True
    distances = metrics.compute_surface_distances(other, one, ANISOTROPIC_MM)
    for tolerance_mm in (6.0, 11.3, 15.2):
        expected = metrics.compute_surface_dice_at_tolerance(distances, tolerance_mm)
        assert 0 < expected < 1
        assert surface_dice(one, other, ANISOTROPIC_MM, tolerance_mm) == pytest.approx(expected)


def test_a_lone_voxel_has_the_surface_of_an_octahedron():
    areas = element_areas((2.0, 2.0, 2.0))
    # Eight corners cut off, each an equilateral triangle of side sqrt(2): an octahedron.
    assert sum(areas[1 << corner] for corner in range(8)) == pytest.approx(8 * np.sqrt(3) / 4 * 2)


def test_a_flat_face_has_the_area_of_a_voxel_face():
    areas = element_areas(ANISOTROPIC_MM)
    lower = [sum(1 << n for n in range(8) if CORNERS[n, axis] == 0) for axis in range(3)]
    assert areas[lower] == pytest.approx([0.7 * 3.0, 1.0 * 3.0, 1.0 * 0.7])


@pytest.mark.parametrize("code", range(256))
def test_polygons_of_a_cell_pass_once_through_every_crossed_edge(code):
    crossed = {
        tuple((CORNERS[a] + CORNERS[b]) / 2)
        for a in range(8)
        for b in range(a)
        if (a ^ b).bit_count() == 1 and (code >> a & 1) != (code >> b & 1)
    }
    vertices = [tuple(vertex) for polygon in cell_polygons(code) for vertex in polygon]
    assert len(vertices) == len(set(vertices)) and set(vertices) == crossed


def test_an_element_at_exactly_the_tolerance_counts():
    truth = np.zeros((30, 3, 3), bool)
    truth[2:6] = True
    predicted = np.roll(truth, 3, axis=0)
    assert surface_dice(predicted, truth, (0.1, 50.0, 50.0), 0.3) == 1
    assert surface_dice(predicted, truth, (0.1, 50.0, 50.0), 0.29) < 1
    # NIfTI keeps a spacing as float32, which is up to 6e-8 of it more or less.
    as_kept = (float(np.float32(0.1)), 50.0, 50.0)
    assert as_kept[0] * 3 > 0.3 and surface_dice(predicted, truth, as_kept, 0.3) == 1


def test_an_element_hardly_beyond_the_tolerance_does_not_count():
    truth = np.zeros((30, 8, 8), bool)
    truth[2:10, 2:6, 2:6] = True
    predicted = np.roll(truth, 3, axis=0)
    assert surface_dice(predicted, truth, (1.0, 1.0, 1.0), 3.0) == 1
    assert surface_dice(predicted, truth, (1.00003, 1.0, 1.0), 3.0) < 0.9


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 40), st.tuples(*[st.floats(0.3, 5.0)] * 3), st.sampled_from([0.0, 3.0])
)
def test_surface_dice_is_between_exact_0_and_exact_1(seed, apart, spacing_mm, tolerance_mm):
    speckled = np.random.default_rng(seed).random((2, 4, 5, 6)) < 0.8
    one, other = np.zeros((2, 60, 7, 8), bool)
    one[1:5, 1:6, 1:7], other[1 + apart : 5 + apart, 1:6, 1:7] = speckled
    one[2, 2, 2] = other[2 + apart, 2, 2] = True
    value = surface_dice(one, other, spacing_mm, tolerance_mm)
    assert 0 <= value <= 1
    assert surface_dice(one, one, spacing_mm, tolerance_mm) == 1
    assert surface_dice(one, other, spacing_mm, 500.0) == 1
    if (apart - 5) * spacing_mm[0] > tolerance_mm:  # cells reach half a step beyond either mask
        assert value == 0
