"""RandomState: the generators that a run draws from, so that a resumed one goes on where it stopped."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


class RandomState:
    """The global generators of torch (CPU and this process's GPU), NumPy and Python, as an object of a checkpoint.

    Patches need none of them: each is drawn from (seed, number). Dropout and everything else that draws does. Of
    several processes the first one's are kept, and all go on with them.
    """

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, as `torch.load(weights_only=True)` takes them."""
        name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
        version, numbers, gauss_next = random.getstate()
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
            "numpy": (str(name), torch.from_numpy(np.asarray(keys, np.int64)), position, has_gauss, gauss),
            "python": (version, list(numbers), gauss_next),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put the generators back; that of the GPU only where one was there and is."""
        torch.set_rng_state(state["torch"].cpu())
        if torch.cuda.is_available() and state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"].cpu())
        name, keys, *rest = state["numpy"]
        np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
        version, numbers, gauss_next = state["python"]
        random.setstate((version, tuple(numbers), gauss_next))
