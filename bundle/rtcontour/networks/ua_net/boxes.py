"""Boxes in voxels: their coding, the boxes of a label map, and the voxels that a box covers.

A box is six corners (x0, y0, z0, x1, y1, z1) along the axes (i, j, k), in coordinates in which voxel v has its centre
at v and reaches from v - 0.5 to v + 0.5. A crop is six integers (start, end) of the voxels [start, end).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from monai.apps.detection.utils.box_coder import BoxCoder
from monai.data.box_utils import CenterSizeMode, StandardMode, convert_box_mode, non_max_suppression
from torch import Tensor
from torch.nn import functional as F

from rtcontour.networks.ua_net.backbone import STRIDE

CODER = BoxCoder((10.0, 10.0, 10.0, 5.0, 5.0, 5.0))
LARGEST_LOG = 5.0 * CODER.boxes_xform_clip
SAME_OBJECT_IOU = 0.5


class Truth(NamedTuple):
    """The organs that somebody contoured in one case: boxes (n, 6) and labels (n,) ascending."""

    boxes: Tensor
    labels: Tensor


def encode(boxes: Tensor, references: Tensor) -> Tensor:
    """Boxes (n, 6) relative to references (n, 6): 10 x shift / side, then 5 x log of the ratio of the sides."""
    if len(boxes) == 0:
        return boxes
    return CODER.encode_single(boxes, references)


def decode(deltas: Tensor, references: Tensor) -> Tensor:
    """The inverse of `encode`; a side grows or shrinks by a factor of 1000/16 at most."""
    if len(deltas) == 0:
        return references
    shift, log_ratio = deltas.split(3, dim=1)
    return CODER.decode_single(torch.cat([shift, log_ratio.clamp(-LARGEST_LOG, LARGEST_LOG)], dim=1), references)


def clip_centres(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Boxes (n, 6) shifted so that their centres lie in the volume; their sides stay as they are."""
    centre, sides = to_centre_and_sides(boxes).split(3, dim=1)
    last = centre.new_tensor(size) - 1
    centre = torch.minimum(centre.clamp_min(0), last)
    return torch.cat([centre - sides / 2, centre + sides / 2], dim=1)


def to_centre_and_sides(boxes: Tensor) -> Tensor:
    """Corners (n, 6) -> centres and sides (n, 6)."""
    return cast(Tensor, convert_box_mode(boxes, StandardMode, CenterSizeMode))


def from_centre_and_sides(boxes: Tensor) -> Tensor:
    """Centres and sides (n, 6) -> corners (n, 6)."""
    return cast(Tensor, convert_box_mode(boxes, CenterSizeMode, StandardMode))


def truth_boxes(label_map: Tensor, border: Sequence[float]) -> Truth:
    """The box of every label in a label map.

    Args:
        label_map: (i, j, k) integers, 0 where nothing is or nobody contoured what is there.
        border: voxels by which a box is longer than its organ along (i, j, k), half of them at each end. Boxes of
            organs at the edge of the volume reach beyond it.

    Returns:
        Boxes and labels; none of either for a map of zeros.
    """
    voxels = label_map.nonzero()
    labels, organ = label_map[voxels.unbind(1)].unique(return_inverse=True)
    organ = organ[:, None].expand(-1, 3)
    first = voxels.new_zeros(len(labels), 3).scatter_reduce(0, organ, voxels, "amin", include_self=False)
    last = voxels.new_zeros(len(labels), 3).scatter_reduce(0, organ, voxels, "amax", include_self=False)
    margin = 0.5 + torch.tensor(border, dtype=torch.float32, device=label_map.device) / 2
    return Truth(torch.cat([first - margin, last + margin], dim=1), labels)


def covering_crops(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """The voxels of each box: start down and end up to a multiple of 8, then clipped to the volume.

    Corners are first rounded to the nearest face between two voxels, so that noise of a tenth of a voxel in a
    predicted box adds no slab of eight. (The face before voxel v is at v - 0.5.)

    Args:
        boxes: (n, 6).
        size: of the volume, multiples of 8.

    Returns:
        (n, 6) int64 crops. A crop of zero voxels is one whose start equals its end on some axis.
    """
    start, end = torch.floor(boxes + 1).split(3, dim=1)
    last = start.new_tensor(size)
    start = torch.minimum((torch.floor(start / STRIDE) * STRIDE).clamp_min(0), last)
    end = torch.maximum(torch.minimum(torch.ceil(end / STRIDE) * STRIDE, last), start)
    return torch.cat([start, end], dim=1).long()


def has_voxels(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """(n,) bool: whether the crop of a box has any voxel."""
    crops = covering_crops(boxes, size)
    return (crops[:, 3:] > crops[:, :3]).all(dim=1)


def cut(volume: Tensor, crop: Sequence[int], scale: int = 1) -> Tensor:
    """A crop, given in image voxels, of a map (..., i, j, k) at 1/scale of the image's resolution."""
    i0, j0, k0, i1, j1, k1 = (edge // scale for edge in crop)
    return volume[..., i0:i1, j0:j1, k0:k1]


def suppress_overlaps(boxes: Tensor, scores: Tensor, limit: int = -1) -> Tensor:
    """Indexes of the boxes to keep, best score first: none overlaps a better one by an IoU above 0.5."""
    return cast(Tensor, non_max_suppression(boxes.detach(), scores.detach(), SAME_OBJECT_IOU, limit))


def box_loss(deltas: Tensor, expected: Tensor) -> Tensor:
    """Smooth L1 of (n, 6) codes: the mean over the boxes for each of the six, summed; 0 for no box."""
    return F.smooth_l1_loss(deltas, expected, reduction="sum") / max(1, len(deltas))
