"""ReadScand: a scan to be contoured, from a folder of DICOM slices or a NIfTI file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Transform
from numpy.typing import NDArray

from rtcontour.datasets import read_image
from rtcontour.dicom import read_ct_series
from rtcontour.errors import deliver
from rtcontour.grid import Grid


def image_tensor(voxels: NDArray[np.generic], grid: Grid, path: str | Path) -> MetaTensor:
    """Voxels [i, j, k] -> (1, i, j, k) tensor that knows its RAS affine and where it came from."""
    affine = torch.from_numpy(grid.affine_ras)
    return MetaTensor(torch.from_numpy(voxels)[None], affine=affine, meta={"filename_or_obj": str(path)})


class ReadScand(Transform):
    """Read the scan at item["image"] to (1, i, j, k) int16 HU; findings of the reader are logged."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item with a path in, item with the image out."""
        item = dict(data)
        path = Path(item["image"])
        if path.is_dir():
            ct = read_ct_series(path)
            deliver(ct.findings, None)
            item["image"] = image_tensor(ct.hu, ct.grid, path)
        else:
            item["image"] = image_tensor(*read_image(path), path)
        return item
