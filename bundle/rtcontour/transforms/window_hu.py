"""HU to network input: cut to a window, scaled to [-1, 1]."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from torch import Tensor


def window_hu(hu: Tensor, window: Sequence[float]) -> Tensor:
    """Cut HU to window = (lowest, highest) and scale to [-1, 1], float32.

    Source:
        Sartor 2020: HU cut to [-800, 800] and divided by 800.
    """
    lowest, highest = window
    return ((hu.to(torch.float32).clamp(lowest, highest) - lowest) * (2.0 / (highest - lowest))).sub_(1.0)


class WindowHud(MapTransform):
    """Apply `window_hu` to the keys."""

    def __init__(self, keys: KeysCollection, window: Sequence[float]) -> None:
        super().__init__(keys)
        self.window = tuple(window)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Images of any HU type in, float32 in [-1, 1] out."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = window_hu(item[key], self.window)
        return item
