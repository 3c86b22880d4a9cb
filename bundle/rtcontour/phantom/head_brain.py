"""Brain with its ventricles and cisterns, brainstem, temporal lobes; then pituitary and chiasm above the skull base."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, sided, suffix
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain, Ellipsoid, Samples

CSF_HU = 9.0
BRAIN_HU = 36.0
MIDBRAIN = [(-6, 6, 40, 9), (6, 6, 40, 9)]
PONS = [(-6, 9, 17, 11.5), (6, 9, 17, 11.5)]
MEDULLA = [(0, 11, 4, 9), (0, 15, -8, 7.5), (0, 19, -22, 6.2)]
TEMPORAL_LOBE = Ellipsoid((50, -4, 20), (25, 41, 22), 8)
LATERAL_VENTRICLE = [(7, -34, 50, 4), (8, -10, 60, 4.5), (13, 22, 58, 6), (24, 36, 46, 5), (30, 20, 34, 3)]
THIRD_VENTRICLE = Chain.through([(0, -8, 44, 1.8), (0, 4, 46, 2)])
FOURTH_VENTRICLE = Chain.through([(0, 23, 20, 3), (0, 25, 6, 4), (0, 24, -4, 2)])
FISSURE_MM = 1.2  # half the width of the cleft above the temporal lobe
PITUITARY = Ellipsoid((0, -17, 21), (6.6, 4.6, 3.7))
SELLA = Ellipsoid((0, -17, 22.5), (8.5, 6.5, 6))
SUPRASELLAR_CISTERN = Ellipsoid((0, -18, 33), (15, 11, 7.5))
CHIASM = [(6.5, -24, 31.7, 2.0), (0, -20, 32.5, 2.4), (7.5, -13.5, 33.7, 1.8)]


def paint_brain(painter: HeadPainter, cavity: Samples) -> None:
    """Everything of the brain that the skull base is laid against afterwards."""
    rng = stream(painter.patient.seed, "brain")
    canvas = painter.canvas
    box = canvas.box(np.array([-72.0, -92, -30]), np.array([72.0, 92, 122]))
    tissue = BRAIN_HU + 3.0 * canvas.texture[box] + 2.0 * canvas.rough[box]
    sulcus = np.clip(1.5 - np.abs(canvas.noise(9.0, rng, box)) * 4, 0, 1) * np.clip(1 + (cavity[box] + 4) / 8, 0, 1)
    rim = canvas.cover(-(cavity[box] + 1.5))
    tissue += np.maximum(rim, 0.6 * sulcus) * (CSF_HU - tissue)
    canvas.paint(box, canvas.cover(cavity[box]) * canvas.in_tissue(box), tissue)
    _paint_ventricles(painter, rng)
    for side in (1, -1):
        _paint_temporal_lobe(painter, cavity, side, rng)
    _paint_brainstem(painter, rng)


def _paint_ventricles(painter: HeadPainter, rng: np.random.Generator) -> None:
    wide = float(rng.uniform(0.7, 1.5))
    for side in (1, -1):
        knots = wobbled(rng, LATERAL_VENTRICLE, 1.0) * [side, 1, 1, wide]
        painter.lay(Chain.through(knots, 4), CSF_HU, texture_hu=2)
    painter.lay(THIRD_VENTRICLE, CSF_HU, texture_hu=2)
    falx = Ellipsoid((0, 0, 70), (1.3, 80, 44))
    painter.lay(falx, CSF_HU + 15, texture_hu=4)


def _paint_temporal_lobe(painter: HeadPainter, cavity: Samples, side: int, rng: np.random.Generator) -> None:
    """A cleft of liquid above the lobe; the lobe itself is what lies below it in the skull."""
    canvas = painter.canvas
    a, b, c = (axis * rng.normal(1, 0.025) for axis in TEMPORAL_LOBE.semi_axes)
    lobe = sided(Ellipsoid(TEMPORAL_LOBE.centre, (float(a), float(b), float(c)), TEMPORAL_LOBE.tilt_degrees), side)
    box, distance = canvas.distance(lobe)
    cleft = np.maximum(np.abs(distance - FISSURE_MM) - FISSURE_MM, cavity[box])
    cleft = np.maximum(cleft, 24 - canvas.z[box])
    painter.lay_within(box, cleft, CSF_HU + 4, texture_hu=2)
    painter.claim(lobe, f"Lobe_Temporal{suffix(side)}", keep=False, within=cavity)


def _paint_brainstem(painter: HeadPainter, rng: np.random.Generator) -> None:
    """The cisterns around it, the stem, the fourth ventricle behind it."""
    parts = [Chain.through(wobbled(rng, knots, 0.5)) for knots in (MIDBRAIN, PONS, MEDULLA)]
    stem = parts[0].joined(*parts[1:], blend_mm=9)
    painter.lay(stem.thicker(3.5), CSF_HU + 3, texture_hu=2)
    painter.lay(stem, BRAIN_HU - 3, "Brainstem", texture_hu=3)
    painter.lay(FOURTH_VENTRICLE, CSF_HU, texture_hu=2)


def paint_sella(painter: HeadPainter) -> None:
    """The pituitary in its saddle, and the chiasm in the cistern above it."""
    rng = stream(painter.patient.seed, "sella")
    painter.lay(SUPRASELLAR_CISTERN, CSF_HU, texture_hu=2)
    painter.lay(SELLA, CSF_HU + 6, texture_hu=2)
    a, b, c = (axis * rng.normal(1, 0.06) for axis in PITUITARY.semi_axes)
    gland = Ellipsoid(PITUITARY.centre, (float(a), float(b), float(c)))
    painter.lay(gland, 90 if painter.patient.contrast else 48, "Pituitary")
    left = Chain.through(CHIASM)
    painter.lay(left.joined(left.mirrored(), blend_mm=2), BRAIN_HU + 3, "OpticChiasm", texture_hu=3)
