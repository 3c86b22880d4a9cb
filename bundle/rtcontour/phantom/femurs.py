"""Femurs: head, neck, trochanters and shaft; and the head as departments contour it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcontour.phantom.canvas import Canvas
from rtcontour.phantom.cortex import paint_bone
from rtcontour.phantom.shapes import Chain, smooth_union

HEAD_CENTRE_MM = (91.0, 0.0, 0.0)  # on the left


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur, in anatomical mm.

    Attributes:
        centre: of the head.
        radius_mm: of the head.
        neck_direction: unit vector from the head into the neck.
        head: the whole ball.
        shaft: neck, trochanters and shaft.
        joint_space_mm: between the head and the bone of the socket.
    """

    centre: NDArray[np.float64]
    radius_mm: float
    neck_direction: NDArray[np.float64]
    head: Chain
    shaft: Chain
    joint_space_mm: float

    def mirrored(self) -> Femur:
        """The same on the other side."""
        flip = np.array([-1.0, 1.0, 1.0])
        head, shaft = self.head.mirrored(), self.shaft.mirrored()
        return Femur(self.centre * flip, self.radius_mm, self.neck_direction * flip, head, shaft, self.joint_space_mm)


def draw_femur(rng: np.random.Generator, radius_mm: float, joint_space_mm: float) -> Femur:
    """A left femur; rotation of the leg and anteversion move the trochanter to the front or back."""
    centre = np.array(HEAD_CENTRE_MM) + rng.normal(0, [1.2, 1.2, 1.5])
    turn, angle = np.radians(rng.normal(16, 9)), np.radians(rng.normal(38, 4))
    neck = np.array([np.cos(angle) * np.cos(turn), np.cos(angle) * np.sin(turn), -np.sin(angle)])
    across = np.array([np.cos(turn), np.sin(turn), 0.0])
    behind = np.array([-np.sin(turn), np.cos(turn), 0.0])
    down = np.array([rng.normal(-0.10, 0.04), rng.normal(-0.04, 0.05), -1.0])
    base = centre + neck * 45
    shaft = base + across * 6 + np.array([0, -6, -24.0])
    tip = base + across * 15 + behind * 9 + np.array([0, 0, 24.0])
    great = base + across * 13 + behind * 5
    small = shaft + behind * 8 - across * 9 - np.array([0, 0, 4.0])
    parts = [
        Chain.through([(*(centre + neck * 8), 18.5), (*(centre + neck * 26), 14.5), (*base, 17.5)]),
        Chain.through([(*base, 17.5), (*shaft, 17.5), (*(shaft + 40 * down), 15.5), (*(shaft + 180 * down), 14)]),
        Chain.through([(*tip, 9), (*(tip - [0, 0, 12]), 12), (*great, 15), (*shaft, 16)]),
        Chain.through([(*small, 8), (*(shaft + 22 * down), 12)]),
    ]
    shape = parts[0].joined(*parts[1:], blend_mm=9.0)
    return Femur(centre, radius_mm, neck, Chain.ball(centre, radius_mm), shape, joint_space_mm)


def paint_femur(canvas: Canvas, mask: NDArray[np.bool_], femur: Femur, dense: float) -> None:
    """Cartilage, then a head of dense trabeculae, a lighter neck and trochanter, and a hollow shaft."""
    canvas.paint_shape(Chain.ball(femur.centre, femur.radius_mm + femur.joint_space_mm - 0.6), 55, 8)
    box = canvas.around(femur.shaft.joined(femur.head))
    x, y, z = canvas.x[box], canvas.y[box], canvas.z[box]
    to_head = femur.head.distance(x, y, z)
    distance = smooth_union(to_head, femur.shaft.distance(x, y, z), 5.0)
    below = np.clip((-40 - z) / 45, 0, 1)  # from trochanter to shaft
    core = np.clip(-to_head / 12, 0, 1)
    marrow_hu = (130 + 260 * core) * dense * (1 - below) + below * 10
    cortex_mm = 1.2 + 4.8 * below + 0.8 * (to_head > 4)
    cortex_hu = (520 + 260 * (to_head > 2)) * dense * (1 - below) + below * (1150 + 250 * dense)
    paint_bone(
        canvas, mask, box, distance, marrow_hu=marrow_hu, cortex_hu=cortex_hu, cortex_mm=cortex_mm, grain_hu=45.0
    )


def femoral_head(canvas: Canvas, femur: Femur, neck_cut: float) -> NDArray[np.bool_]:
    """The ball of the head, cut at the neck `neck_cut` radii from its centre: what departments contour."""
    mask = np.zeros(canvas.hu.shape, np.bool_, order="F")
    box, distance = canvas.distance(femur.head)
    offsets = [c[box] - np.float32(m) for c, m in zip((canvas.x, canvas.y, canvas.z), femur.centre, strict=True)]
    along = sum(offset * np.float32(n) for offset, n in zip(offsets, femur.neck_direction, strict=True))
    mask[box] = (distance < 0) & (along < neck_cut * femur.radius_mm)
    return mask
