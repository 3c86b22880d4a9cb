"""The skull: vault with diploe, base, petrous bones and mastoids, face, teeth; the cranial cavity is its inside."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, Knots, Solid, sided
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Samples, smooth_union

VAULT = Ellipsoid((0, -1, 44), (66, 84, 73))
MIDDLE_FOSSA = Ellipsoid((42, -8, 22), (23, 36, 19))
POSTERIOR_FOSSA = Ellipsoid((0, 40, 8), (54, 44, 29))
FORAMEN_MAGNUM = Chain.through([(0, 20, -8, 17), (0, 22, -36, 14.5)])
# y and z under the brain, in the middle
FLOOR = [(-90, 29), (-60, 26), (-40, 25), (-24, 24), (-12, 21), (8, 8), (100, 6)]
PETROUS: Knots = [(58, 8, -1, 11), (38, 3, 3, 9), (16, -6, 9, 6)]
MASTOID: Knots = [(60, 14, -4, 11), (58, 16, -24, 7)]
FACE_BONES: list[Knots] = [  # chains on the left, x, y, z, radius
    [(43, -74, -6, 6), (54, -60, -6, 5.5)],  # cheek bone
    [(56, -58, -5, 3.5), (67, -34, -3, 2.6), (63, -12, -1, 3.2)],  # zygomatic arch
    [(51, -66, -4, 3.5), (50, -66, 16, 3.2), (48, -70, 29, 4)],  # side of the orbit
    [(16, -84, -5, 3), (30, -81, -5, 3), (46, -74, -5, 4)],  # below the orbit
    [(14, -82, -10, 2.6), (10, -86, 18, 2.6), (9, -87, 32, 4)],  # beside the nose
    [(6, -88, 34, 5), (28, -85, 33, 4.5), (46, -74, 31, 4.5)],  # brow
    [(11, -34, 0, 3), (12, -30, -28, 2.6)],  # pterygoid process
    [(16, 10, -24, 6), (18, 22, -22, 5)],  # occipital condyle
]
NASAL_BONE = Chain.through([(0, -88, 30, 4), (0, -98, 12, 2.5)])
CLIVUS = Chain.through([(0, -10, 22, 4), (0, -6, 8, 6), (0, 3, -19, 4.5)])
SPHENOID = Chain.through([(0, -20, 9, 14), (0, -32, 12, 14)])
PALATE = Ellipsoid((0, -57, -22), (24, 25, 2.6))
UPPER_ARCH = [(30, -42, -29, 6), (27, -60, -29, 6.5), (17, -76, -28, 6.5), (0, -82, -27, 6)]
MAXILLARY_SINUS = Ellipsoid((29, -57, -5), (12, 16, 15))
ORBIT = Chain.through([(32, -74, 14, 15), (25, -55, 18, 11), (15, -38, 25, 5)], 4)
SKULL_MM = 6.5
BASE_MM = 3.2  # the plates of the base are thinner
ORBIT_ROOF_MM = 8.0  # how far the orbits bulge up


def cranial_cavity(painter: HeadPainter) -> Samples:
    """Signed distance to the inside of the skull on the whole canvas, mm."""
    return painter.canvas.smooth_fields(_cavity, painter.field_step)[0]


def paint_skull(painter: HeadPainter, cavity: Samples) -> None:
    """Vault and base around the cavity, then petrous bones, then the bones of the face."""
    rng = stream(painter.patient.seed, "skull")
    canvas = painter.canvas
    box = canvas.box(np.array([-85.0, -105, -34]), np.array([85.0, 105, 132]))
    vault = np.clip((canvas.z[box] - 30 - 0.15 * np.abs(canvas.x[box])) / 14, 0, 1) + (canvas.y[box] > 20)
    thickness = BASE_MM + (SKULL_MM - BASE_MM + rng.normal(0, 0.7)) * np.minimum(vault, 1).astype(np.float32)
    shell = np.maximum(cavity[box] - thickness - 0.7 * canvas.rough[box], -cavity[box])
    shell = np.maximum(shell, -28 - canvas.z[box])
    shell = np.maximum(shell, -FORAMEN_MAGNUM.distance(canvas.x[box], canvas.y[box], canvas.z[box]))
    painter.lay_bone_within(box, shell, marrow_hu=520.0, cortex_hu=1250.0, cortex_mm=1.7)
    painter.lay_bone(SPHENOID, marrow_hu=300)
    painter.lay_bone(CLIVUS, marrow_hu=250)
    for side in (1, -1):
        _paint_petrous(painter, side, rng)
        _paint_face(painter, side, rng)
    painter.lay_bone(NASAL_BONE)
    painter.lay_bone(PALATE, cortex_mm=3.0)


def _cavity(x: Samples, y: Samples, z: Samples) -> tuple[Samples]:
    roof = ORBIT_ROOF_MM * np.exp(-(((np.abs(x) - 32) / 15) ** 2)) * np.clip((-30 - y) / 15, 0, 1)
    floor = (np.interp(y, *np.array(FLOOR, np.float64).T) + roof).astype(np.float32)
    cavity = np.maximum(VAULT.distance(x, y, z), floor - z)
    for fossa in (MIDDLE_FOSSA, MIDDLE_FOSSA.mirrored(), POSTERIOR_FOSSA):
        cavity = smooth_union(cavity, fossa.distance(x, y, z), 5.0)
    return (cavity,)


def _paint_petrous(painter: HeadPainter, side: int, rng: np.random.Generator) -> None:
    """Dense bone around the ear, the ear canal, and a mastoid full of air cells."""
    for knots in (PETROUS, MASTOID):
        painter.lay_bone(sided(Chain.through(wobbled(rng, knots, 0.7)), side), marrow_hu=650, cortex_hu=1200)
    canvas = painter.canvas
    cells = sided(Chain.through([(57, 14, -4, 8), (58, 16, -22, 5)]), side)
    box, distance = canvas.distance(cells)
    air = canvas.cover(distance) * np.clip(0.6 + 1.6 * canvas.texture[box], 0, 1)
    canvas.paint(box, air, -850.0)
    painter.lay_air(sided(Chain.through([(52, 1, 0, 3.2), (80, 3, 0, 3.4)]), side))
    painter.lay_air(sided(Ellipsoid((46, 2, 3), (2.5, 4.5, 5.0)), side))


def _paint_face(painter: HeadPainter, side: int, rng: np.random.Generator) -> None:
    """Maxilla with its sinus, orbit, and the struts around them."""
    x, y, z = MAXILLARY_SINUS.centre
    size = float(rng.normal(1, 0.06))
    semi_axes = (12 * size, 16 * size, 15 * size)
    wall = Ellipsoid((x, y, z), (semi_axes[0] + 2.2, semi_axes[1] + 2.2, semi_axes[2] + 2.2))
    painter.lay_bone(sided(wall, side))
    painter.lay_bone(sided(Chain.through(UPPER_ARCH, 4), side), marrow_hu=450)
    for knots in FACE_BONES:
        painter.lay_bone(sided(Chain.through(wobbled(rng, knots, 0.6)), side), marrow_hu=500)
    painter.lay_air(sided(Ellipsoid((x, y, z), semi_axes), side))
    _paint_orbit(painter, sided(ORBIT, side))


def _paint_orbit(painter: HeadPainter, orbit: Solid) -> None:
    """A thin wall, open in front, around fat."""
    canvas = painter.canvas
    box, distance = canvas.distance(orbit, reach_mm=6)
    wall = np.maximum(distance - 2.2, np.float32(-76) - canvas.y[box])
    painter.lay_bone_within(box, wall, marrow_hu=600.0, cortex_hu=750.0)
    painter.lay_within(box, distance, painter.patient.fat_hu + 8)


def paint_teeth(painter: HeadPainter) -> None:
    """Both rows, a few of them missing or filled."""
    rng = stream(painter.patient.seed, "teeth")
    for row in (-1, 1):  # lower, upper
        for place in np.linspace(-0.95, 0.95, 14):
            x, y = 28 * place + row * np.sign(place), -80 - 2 * row + 38 * place**2
            root, crown = (-59, -45) if row < 0 else (-24, -40)
            tooth = Chain.through([(x, y, root, 1.8), (x, y, crown, 3.3)])
            if rng.random() < 0.88:
                filled = rng.random() < 0.08
                painter.lay_bone(tooth, marrow_hu=1500, cortex_hu=2800 if filled else 1900, cortex_mm=2.0)
