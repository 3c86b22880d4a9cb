"""Salivary glands and the thyroid."""

from __future__ import annotations

import numpy as np

from rtcontour.phantom.head_painter import HeadPainter, Knots, sided, suffix
from rtcontour.phantom.patient import stream, wobbled
from rtcontour.phantom.shapes import Chain

PAROTID: Knots = [(57, 0, -8, 8), (55, 0, -26, 14), (53, 2, -48, 10)]
PAROTID_FRONT: Knots = [(58, -4, -24, 11), (62, -28, -24, 5.5)]
SUBMANDIBULAR = [(28, -24, -74, 8), (27, -38, -78, 8.5), (24, -44, -80, 6)]
SUBLINGUAL = [(16, -48, -66, 4.2), (12, -60, -66, 4.6), (7, -66, -67, 3.8)]
THYROID_LOBE = [(18, -19, -116, 4), (20, -22, -134, 8), (17, -26, -150, 6.5)]
ISTHMUS = [(15, -34, -144, 4), (0, -41, -144, 3.2)]


def paint_glands(painter: HeadPainter) -> None:
    """All of them; jaw, larynx and trachea are laid later and press into them."""
    rng = stream(painter.patient.seed, "glands")
    fatty = float(rng.uniform(0, 1))  # salivary glands turn to fat with age
    bright = 35.0 if painter.patient.contrast else 0.0
    for side in (1, -1):
        size = float(rng.normal(1, 0.04))
        deep, front = (_gland(rng, knots, side, size) for knots in (PAROTID, PAROTID_FRONT))
        name = f"Parotid{suffix(side)}"
        painter.lay(deep.joined(front, blend_mm=10), 25 - 50 * fatty + bright, name, texture_hu=14, rough_mm=0.3)
        submandibular = _gland(rng, SUBMANDIBULAR, side, size)
        painter.lay(submandibular, 50 - 20 * fatty + bright, f"Glnd_Submand{suffix(side)}", texture_hu=7)
    lobes = [_gland(rng, THYROID_LOBE, side, float(rng.normal(1, 0.07))) for side in (1, -1)]
    isthmus = [_gland(rng, ISTHMUS, side, 1.0) for side in (1, -1)]
    thyroid = lobes[0].joined(lobes[1], *isthmus, blend_mm=5)
    painter.lay(thyroid, 105 + 1.8 * bright, "Glnd_Thyroid", texture_hu=9)


def paint_sublingual_glands(painter: HeadPainter) -> None:
    """Both as one structure, in the floor of the mouth."""
    rng = stream(painter.patient.seed, "sublingual")
    for side in (1, -1):
        gland = _gland(rng, SUBLINGUAL, side, float(rng.normal(1, 0.04)))
        painter.lay(gland, 42 + (25 if painter.patient.contrast else 0), "Glnd_Sublings", texture_hu=6)


def _gland(rng: np.random.Generator, knots: Knots, side: int, size: float) -> Chain:
    chain = Chain.through(wobbled(rng, knots, 0.8) * (1, 1, 1, size), 4)
    return sided(chain, side)
