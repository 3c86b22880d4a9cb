"""SaveLabelsd: a predicted label map as NIfTI on the grid of its scan."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform

from rtcontour.datasets import write_labels
from rtcontour.grid import Grid


class SaveLabelsd(MapTransform):
    """Write `folder`/CASE.nii.gz, where CASE is the item's "case"; an existing file is replaced.

    The affine is the key's own, or that of "image" where the inferer dropped it.
    """

    def __init__(self, keys: KeysCollection, folder: str | Path) -> None:
        super().__init__(keys)
        self.folder = Path(folder)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item passes through unchanged."""
        for key in self.key_iterator(dict(data)):
            labels = np.asfortranarray(data[key][0].cpu().numpy().astype(np.uint8))
            grid = Grid.from_affine_ras(np.asarray(data["image"].affine), labels.shape)
            write_labels(self.folder / f"{data['case']}.nii.gz", labels, grid, replace=True)
        return dict(data)
