"""CleanLabelsd: the largest components of each structure, their holes filled."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from monai.utils import convert_to_dst_type

from rtcontour.labels import clean_labels


class CleanLabelsd(MapTransform):
    """Apply `rtcontour.clean_labels` to label maps (1, i, j, k), which come out as uint8.

    Args:
        keys: of the label maps.
        cleaning: keyword arguments of `clean_labels`; None leaves the label maps as they are.
    """

    def __init__(self, keys: KeysCollection, cleaning: Mapping[str, Any] | None) -> None:
        super().__init__(keys)
        self.cleaning = cleaning

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Label maps in, cleaned label maps out."""
        item = dict(data)
        for key in self.key_iterator(item):
            labels = np.asfortranarray(item[key][0].to(torch.uint8).cpu().numpy())
            if self.cleaning is not None:
                labels = clean_labels(labels, **self.cleaning)
            item[key], *_ = convert_to_dst_type(labels[None], item[key], dtype=torch.uint8)
        return item
