"""Pooling of the features in a box to a fixed size, whatever the size of the box."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rtcontour.networks.ua_net.backbone import STRIDE
from rtcontour.networks.ua_net.boxes import cut

POOLED = 6


def pool_regions(f8: Tensor, crops: Tensor) -> Tensor:
    """Adaptive max pooling of the 1/8 map in every crop.

    First only the places of the maxima are found, then all are gathered at once: the gradient goes back in one step
    instead of one pass over the whole map a crop.

    Args:
        f8: (1, C, i, j, k).
        crops: (n, 6) in image voxels, multiples of 8, none of them without a voxel.

    Returns:
        (n, C, 6, 6, 6); n may be 0.
    """
    places = [_places_of_maxima(f8.detach(), crop) for crop in crops.tolist()]
    channels = f8.shape[1]
    if not places:
        return f8.new_zeros(0, channels, POOLED, POOLED, POOLED)
    maxima = f8[0].flatten(1).gather(1, torch.cat(places, dim=1))
    return maxima.view(channels, len(places), POOLED, POOLED, POOLED).transpose(0, 1)


def _places_of_maxima(f8: Tensor, crop: list[int]) -> Tensor:
    """(C, 6 x 6 x 6) indexes into the flattened map."""
    region = cut(f8, crop, STRIDE)
    _, inside = F.adaptive_max_pool3d(region[0], POOLED, return_indices=True)
    _, j_count, k_count = region.shape[2:]
    i = inside // (j_count * k_count) + crop[0] // STRIDE
    j = inside // k_count % j_count + crop[1] // STRIDE
    k = inside % k_count + crop[2] // STRIDE
    return ((i * f8.shape[3] + j) * f8.shape[4] + k).flatten(1)
