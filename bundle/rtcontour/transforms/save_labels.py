"""SaveLabelsd: a predicted label map as NIfTI on the grid of its scan."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform

from rtcontour.datasets import write_label_names, write_labels
from rtcontour.grid import Grid


class SaveLabelsd(MapTransform):
    """Write `folder`/CASE.nii.gz, where CASE is the item's "case", and labels.json, which is shared by all cases.

    Args:
        keys: of the label maps (1, i, j, k); their grid is that of "image".
        folder: where the files go.
        structures: names of channels 1, 2, ..., for labels.json.
        replace: whether an existing label map may be replaced.
    """

    def __init__(
        self, keys: KeysCollection, folder: str | Path, structures: Sequence[str], *, replace: bool = False
    ) -> None:
        super().__init__(keys)
        self.replace = replace
        self.folder = Path(folder)
        self.labels = {name: channel for channel, name in enumerate(structures, start=1)}

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item passes through unchanged."""
        for key in self.key_iterator(dict(data)):
            labels = np.asfortranarray(data[key][0].cpu().numpy().astype(np.uint8))
            grid = Grid.from_affine_ras(np.asarray(data["image"].affine), labels.shape)
            write_labels(self.folder / f"{data['case']}.nii.gz", labels, grid, replace=self.replace)
        write_label_names(self.folder, self.labels)
        return dict(data)
