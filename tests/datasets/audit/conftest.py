"""A small CT with shapes whose measures can be counted by hand, and cohorts of measures drawn from distributions."""

from dataclasses import replace

import numpy as np
import pytest

from rtcontour.datasets.audit.image_measures import ImageMeasures
from rtcontour.datasets.audit.measure import CaseMeasures
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.datasets.audit.structure_measures import StructureMeasures
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((48, 40, 20), (2.0, 2.5, 4.0), (-47.0, -48.75, 100.0))  # 0.02 cc a voxel
IMAGE = ImageMeasures(0.3, 0.0, 0.0, 40.0, -100.0, -995.0, 0.05, -1024, 1200, 0.0, (24, 20, 10))

# Name: volume in cc, its spread, offset from the middle of the body, height, spreads of these in mm.
PELVIS = {
    "Femur_Head_L": (55.0, 0.16, (92.0, 5.0), 0.0, (6.0, 6.0, 5.0)),
    "Femur_Head_R": (55.0, 0.16, (-92.0, 5.0), 0.0, (6.0, 6.0, 5.0)),
    "Bladder": (150.0, 0.55, (0.0, -30.0), 25.0, (4.0, 8.0, 9.0)),
    "Bag_Bowel": (1100.0, 0.35, (0.0, -40.0), 110.0, (6.0, 10.0, 15.0)),
    "CTVn": (350.0, 0.3, (0.0, 10.0), 80.0, (4.0, 7.0, 12.0)),
}
SHAPE, SPACING_MM = (512, 512, 80), (1.0, 1.0, 3.0)


@pytest.fixture(scope="session")
def audit_grid():
    return GRID


@pytest.fixture(scope="session")
def body_hu():
    """An ellipse of fat with soft tissue in it, in air: 40 columns and 30 rows wide, without noise."""
    i, j, _ = np.indices(GRID.shape)
    distance = ((i - 23.5) / 20) ** 2 + ((j - 19.5) / 15) ** 2
    hu = np.full(GRID.shape, -1000, np.int16, order="F")
    hu[distance < 1], hu[distance < 0.7] = -100, 40
    return hu


@pytest.fixture(scope="session")
def block():
    """Makes a mask of boxes, each given by its first and last voxel along i, j and k."""

    def make(*boxes, grid=GRID):
        array = np.zeros(grid.shape, bool)
        for box in boxes:
            array[tuple(slice(a, b + 1) for a, b in box)] = True
        return Mask.from_array(array, grid)

    return make


def draw_cohort(count, seed, left_out=0.1):
    """Cases with measures drawn from distributions; every twentieth value has twice the spread."""
    random = np.random.default_rng(seed)
    return [_draw_case(f"c{number:03d}", random, left_out) for number in range(count)]


def _draw_case(case, random, left_out):
    def normal(size=None):
        tail = np.where(random.random(size) < 0.05, 2.0, 1.0)
        return random.standard_normal(size) * tail

    size, origin = 1 + 0.05 * normal(), random.uniform(-400, 400)
    alike = 0.12 * normal()  # both femoral heads of a patient are large or small
    structures = {}
    for name, (volume, spread, (x, y), z, sd) in PELVIS.items():
        both = name.startswith("Femur")
        volume_cc = volume * size**3 * float(np.exp((0.05 if both else spread) * normal() + (alike if both else 0)))
        dx, dy, dz = np.array([x, y, z]) * size + np.array(sd) * normal(3) * (0.5 if both else 1.0)
        if random.random() >= left_out:
            structures[name] = structure_at(volume_cc, (float(dx), float(dy)), float(origin + dz), f"{case}{name}")
    return AuditCase(case, "training", "", CaseMeasures(SHAPE, SPACING_MM, IMAGE, structures))


def structure_at(volume_cc, offset_mm, z_mm, fingerprint="x"):
    """A structure of one piece; the body's middle lies at x = 0 and y = 0."""
    box = ((200, 260), (200, 260), (20, 40))
    return StructureMeasures(
        round(volume_cc, 4),
        centroid_mm=(*offset_mm, z_mm),
        box=box,
        slices=21,
        length_mm=63.0,
        piece_count=1,
        body_offset_mm=offset_mm,
        fingerprint=fingerprint,
    )


def with_structure(case, name, **changes):
    """The case with another structure: fields of its measures changed."""
    structures = dict(case.measures.structures)
    structures[name] = replace(structures[name], **changes)
    return replace(case, measures=replace(case.measures, structures=structures))


def with_image(case, **changes):
    """The case with another image."""
    return replace(case, measures=replace(case.measures, image=replace(case.measures.image, **changes)))


@pytest.fixture(scope="session")
def cohort_of():
    return draw_cohort


@pytest.fixture(scope="session")
def edit():
    """Gives with_structure and with_image."""
    return with_structure, with_image
