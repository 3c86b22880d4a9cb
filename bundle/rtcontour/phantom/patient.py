"""Who the patient is: everything that one seed decides once and several tissues must agree on."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of the drawing; parts do not disturb one another."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


@dataclass(frozen=True, eq=False)
class Patient:
    """The draw of one patient.

    Attributes:
        seed: where all of it comes from.
        male: prostate and penis, or uterus and vagina.
        scale: size along x, y, z; 1 is average.
        fat_mm: subcutaneous fat at the sides.
        belly_fat_mm: in addition in front.
        buttock_fat_mm: in addition behind the iliac crests.
        muscle_hu, fat_hu: mean values.
        marbling: share of fat between and within muscles, 0 to 1.
        bone_quality: 0 (osteoporotic) to 1 (dense).
        bladder_cc: filling wanted of the bladder, with its wall.
        contrast: intravenous contrast.
        artery_hu, vein_hu: blood.
        uterus: present in a woman.
    """

    seed: int
    male: bool
    scale: NDArray[np.float64]
    fat_mm: float
    belly_fat_mm: float
    buttock_fat_mm: float
    muscle_hu: float
    fat_hu: float
    marbling: float
    bone_quality: float
    bladder_cc: float
    contrast: bool
    artery_hu: float
    vein_hu: float
    uterus: bool


def draw_patient(seed: int, *, contrast: bool | None = None) -> Patient:
    """Draw a patient; `contrast` overrules the seed."""
    rng = stream(seed, "patient")
    male = bool(rng.random() < 0.5)
    width = rng.normal(1.0, 0.045) + (0.0 if male else 0.01)
    scale = np.clip(width * rng.normal(1.0, [0.02, 0.03, 0.04]), 0.86, 1.16)
    fatness = rng.lognormal(0, 0.45)
    drawn_contrast = bool(rng.random() < 0.55)
    contrast = drawn_contrast if contrast is None else contrast
    artery, vein = rng.uniform(120, 230), rng.uniform(90, 170)
    plain = rng.uniform(36, 50)
    return Patient(
        seed=seed,
        male=male,
        scale=scale,
        fat_mm=float(np.clip(13 * fatness, 5, 40)),
        belly_fat_mm=float(np.clip(8 * fatness * rng.lognormal(0, 0.5), 1, 45)),
        buttock_fat_mm=float(np.clip(10 * fatness * rng.lognormal(0, 0.4) * (0.8 if male else 1.3), 2, 40)),
        muscle_hu=float(rng.uniform(42, 62) + (6 if contrast else 0)),
        fat_hu=float(rng.uniform(-112, -98)),
        marbling=float(rng.beta(2, 4)),
        bone_quality=float(rng.beta(3, 3)),
        bladder_cc=float(np.clip(rng.lognormal(np.log(170), 0.6), 60, 480)),
        contrast=contrast,
        artery_hu=float(artery if contrast else plain),
        vein_hu=float(min(vein, artery + 10) if contrast else plain),
        uterus=bool(not male and rng.random() < 0.75),
    )


def wobbled(rng: np.random.Generator, knots: Sequence[Sequence[float]], sd_mm: float) -> NDArray[np.float64]:
    """Points (n, 3 or 4) moved at random, with their radius (4th column) varied by a tenth."""
    points = np.asarray(knots, np.float64)
    points[:, :3] += rng.normal(0, sd_mm, (len(points), 3))
    points[:, 3:] *= rng.normal(1, 0.06, (len(points), points.shape[1] - 3))
    return points
