"""IndexCentresd: where the patches of a case may be centred, found once and cached."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import Transform
from numpy.typing import NDArray

from rtcontour.labels import body_mask

MOST_CENTRES = 10_000  # a class and case; more would only cost memory


class IndexCentresd(Transform):
    """Add "centres": voxel indices (n, 3) of the body (entry 0) and of each annotated channel, or a sample of them.

    An entry is empty where the channel has no voxel or nobody contoured it.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with "image", "label" and "annotated" in, the same with "centres" out."""
        item = dict(data)
        labels = np.asarray(item["label"][0])
        body = body_mask(np.asarray(item["image"][0]))
        item["centres"] = [_sampled(body if body.any() else np.ones_like(body))]
        for channel in range(1, len(item["annotated"])):
            inside = labels == channel if item["annotated"][channel] else np.zeros_like(body)
            item["centres"].append(_sampled(inside))
        return item


def _sampled(inside: NDArray[np.bool_]) -> torch.Tensor:
    flat = np.flatnonzero(inside)
    if flat.size > MOST_CENTRES:  # random, since every n-th could lie on few slices only
        flat = np.random.default_rng(0).choice(flat, MOST_CENTRES, replace=False)
    return torch.from_numpy(np.stack(np.unravel_index(flat, inside.shape), axis=1).astype(np.int32))
