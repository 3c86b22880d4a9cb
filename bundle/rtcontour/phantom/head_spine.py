"""Vertebrae from the atlas to the fifth thoracic, the cord in their canal, and the brachial plexus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Loft

DENS = Chain.through([(0, 9, -24, 4.5), (0, 9, -50, 6)])
ATLAS = [(0, 1, -33, 4), (16, 6, -33, 5.5), (22, 14, -32, 6), (17, 30, -33, 4), (0, 38, -33, 4)]
ATLAS_WING = [(22, 14, -32, 5), (38, 14, -33, 4)]


@dataclass(frozen=True)
class Vertebra:
    """Heights, sizes and places in mm: z and y of the middle of the body, and its half sizes."""

    z: float
    y: float
    half_width: float
    half_depth: float
    half_height: float
    thoracic: bool = False

    @property
    def canal_y(self) -> float:
        """Of the middle of the canal."""
        return self.y + self.half_depth + 7.5


VERTEBRAE = [
    Vertebra(-51, 9, 9, 7.5, 8.5),
    Vertebra(-69, 9, 9.5, 7.8, 6.5),
    Vertebra(-85.5, 8.5, 10, 7.8, 6.5),
    Vertebra(-102, 9, 10.5, 8, 6.5),
    Vertebra(-118.5, 11, 11.5, 8, 6.8),
    Vertebra(-136.5, 15, 13, 8.5, 7.5),
    Vertebra(-156, 20, 14.5, 9, 8.5, True),
    Vertebra(-177, 26, 15, 9.5, 9, True),
    Vertebra(-198.5, 31, 15, 10.5, 9.5, True),
    Vertebra(-221, 35, 15, 11.5, 10, True),
    Vertebra(-244, 37, 15, 12.5, 10.2, True),
    Vertebra(-268, 38, 15, 13, 10.5, True),
    Vertebra(-293, 38, 15.5, 13.5, 10.8, True),
]
CANAL = [(0, 21, -18, 10), (0, 22.5, -33, 10)] + [(0, v.canal_y, v.z, 8.2) for v in VERTEBRAE]
CORD = [(0, 20, -22, 6.0), (0, 22, -33, 5.8)] + [(0, v.canal_y + 0.3, v.z, 4.9) for v in VERTEBRAE]
ROOTS = [-94, -110, -127, -146, -166]  # z where C5 to T1 leave the spine
PLEXUS_MEET = (44.0, 14.0)  # x, y between the scalene muscles
PLEXUS_END = [(66, 10, -172, 5.2), (90, 6, -190, 5.2), (112, 8, -204, 4.8)]


def paint_spine(painter: HeadPainter) -> None:
    """Discs, arches, bodies, canal and cord."""
    rng = stream(painter.patient.seed, "spine")
    for vertebra in VERTEBRAE:
        _paint_vertebra(painter, vertebra)
    atlas = Chain.through(ATLAS).joined(Chain.through(ATLAS_WING))
    painter.lay_bone(atlas.joined(atlas.mirrored(), blend_mm=3))
    painter.lay_bone(DENS)
    painter.lay(Chain.through(CANAL), 10, texture_hu=4)
    cord = np.array(CORD) + rng.normal(0, 0.4, (1, 4)) * (1, 1, 0, 0.5)
    painter.lay(Chain.through(cord), 40, "SpinalCord", texture_hu=3)


def _paint_vertebra(painter: HeadPainter, v: Vertebra) -> None:
    gap = {v.z - v.half_height + h: _oval(v) for h in (-8.0, -4.0, 0.0)}
    body = {v.z + h * v.half_height: _oval(v) for h in (-1.0, 0.0, 1.0)}
    painter.lay(Loft.outline(gap), 78, texture_hu=8)
    painter.lay_bone(_arch(v), marrow_hu=330, cortex_hu=800, cortex_mm=1.6)
    painter.lay_bone(Loft.outline(body), marrow_hu=260, cortex_hu=620, cortex_mm=1.1)


def _arch(v: Vertebra) -> Chain:
    """Pedicles and laminae, joint pillars, transverse and spinous processes."""
    c, z = v.canal_y, v.z
    reach = (26.0, c + 2, z + 2) if not v.thoracic else (34.0, c + 8, z + 4)
    side = Chain.through([(v.half_width - 2, v.y + v.half_depth - 2, z, 3.6), (12.5, c - 1, z, 3.4)])
    lamina = Chain.through([(12.5, c, z, 3.4), (8, c + 8, z - 2, 3.2), (0, c + 12, z - 4, 3.4)])
    pillar = Chain.through([(17, c - 2, z - 7, 5), (17, c - 3, z + 6, 5)])
    wing = Chain.through([(17, c - 4, z, 4), (*reach, 3.5)])
    length = 24.0 if v.thoracic or v.z < -130 else 14.0
    spine = Chain.through([(0, c + 12, z - 4, 3.2), (0, c + 12 + length, z - 9 - 8 * v.thoracic, 3.4)])
    half = side.joined(lamina, pillar, wing)
    return half.joined(half.mirrored(), spine, blend_mm=3)


def _oval(v: Vertebra) -> list[tuple[float, float]]:
    """Left half of a vertebral body, flatter behind than in front."""
    angles = np.linspace(0, np.pi, 9)
    depths = np.where(np.cos(angles) > 0, v.half_depth, 0.85 * v.half_depth)
    return [(v.half_width * float(np.sin(t)), v.y - d * float(np.cos(t))) for t, d in zip(angles, depths, strict=True)]


def paint_plexus(painter: HeadPainter) -> None:
    """Five roots a side that meet between the scalene muscles and run over the first rib to the armpit."""
    rng = stream(painter.patient.seed, "plexus")
    x, y = PLEXUS_MEET
    for side in (1, -1):
        trunk = wobbled(rng, [(x, y, -160, 4.4), *PLEXUS_END], 1.2)
        band = Chain.through(trunk)
        for level in ROOTS:
            canal_y = float(np.interp(level, [v.z for v in VERTEBRAE[::-1]], [v.canal_y for v in VERTEBRAE[::-1]]))
            leaves = (16.0, canal_y - 6, level)
            between = (28.0, 0.5 * (canal_y + y) - 2, 0.6 * level - 0.4 * 155)
            band = band.joined(Chain.through([(*leaves, 2.4), (*between, 2.7), trunk[0]]))
        band = Chain(band.segments, 3.0)
        painter.lay(band if side > 0 else band.mirrored(), painter.patient.muscle_hu - 12, "BrachialPlexs")
