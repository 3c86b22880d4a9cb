"""The skeleton, painted from the back to the front of its joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.femurs import Femur, draw_femur, paint_femur
from rtcontour.phantom.hips import draw_hip_bone, paint_hip_bone
from rtcontour.phantom.patient import Patient, stream
from rtcontour.phantom.spine import paint_spine


@dataclass(frozen=True, eq=False)
class Bones:
    """What others need to know of the skeleton; `mask` is all bone on the canvas."""

    femur_right: Femur
    femur_left: Femur
    mask: NDArray[np.bool_]


def paint_bones(canvas: Canvas, patient: Patient) -> Bones:
    """Paint spine, hip bones and femurs; the sides differ a little."""
    rng = stream(patient.seed, "bones")
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    dense = 0.7 + 0.6 * patient.bone_quality
    paint_spine(canvas, mask, dense, rng)
    wing, lower = draw_hip_bone(patient, rng)
    size = float(np.prod(patient.scale)) ** 0.2  # heads vary less than people
    radius_mm = float(rng.normal(23.6, 0.8) - (0.0 if patient.male else 1.0)) / size
    joint_space_mm = float(rng.uniform(2.4, 4.2))
    right, left = (draw_femur(rng, radius_mm, joint_space_mm) for _ in range(2))
    right = right.mirrored()
    paint_hip_bone(canvas, mask, wing.mirrored(), lower.mirrored(), right, dense)
    paint_hip_bone(canvas, mask, wing, lower, left, dense)
    paint_femur(canvas, mask, right, dense)
    paint_femur(canvas, mask, left, dense)
    return Bones(right, left, mask)
