"""Added path length: how much of the truth's contours an editor would still have to draw."""

from __future__ import annotations

from rtcontour.metrics.joint_box import JointBox
from rtcontour.metrics.nearest import Spacing


def added_path_length_mm(box: JointBox, spacing_mm: Spacing) -> float:
    """Length of the truth's contours that the predicted ones do not give.

    A boundary pixel of a slice is inside and has one of its four in-slice neighbours outside; beyond the slice is
    outside. The length is the number of the truth's boundary pixels that are no boundary pixels of the predicted
    mask, summed over slices, times the mean in-plane spacing. If nothing is predicted, all of them are to be drawn; if
    the truth is empty, none.

    Source:
        Vaassen et al., Phys Imaging Radiat Oncol 2020;13:1-6, with a tolerance of zero.
    """
    return box.added_pixels * (spacing_mm[0] + spacing_mm[1]) / 2
