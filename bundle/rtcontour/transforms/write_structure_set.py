"""WriteStructureSetd: a predicted label map as RTSTRUCT of the DICOM scan it was made from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform

from rtcontour.dicom import Algorithm, read_ct_geometry, write_structure_set
from rtcontour.mask import Mask


class WriteStructureSetd(MapTransform):
    """Write `folder`/CASE.dcm; a scan that came as NIfTI has no DICOM to refer to and gets none.

    Args:
        keys: of the label maps (1, i, j, k).
        structures: names of channels 1, 2, ...
        folder: where the files go.
        replace: whether an existing file may be replaced.
        algorithm: the model that predicted, which the file records.
    """

    def __init__(
        self,
        keys: KeysCollection,
        structures: Sequence[str],
        folder: str | Path,
        *,
        replace: bool = False,
        algorithm: Algorithm | None = None,
    ) -> None:
        super().__init__(keys)
        self.algorithm = algorithm
        self.replace = replace
        self.structures = tuple(structures)
        self.folder = Path(folder)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item passes through unchanged."""
        scan = Path(data["image"].meta["filename_or_obj"])
        if scan.is_dir():
            ct = read_ct_geometry(scan)
            for key in self.key_iterator(dict(data)):
                labels = np.asarray(data[key][0].cpu())
                masks = {name: Mask.from_array(labels == c, ct.grid) for c, name in enumerate(self.structures, start=1)}
                path = self.folder / f"{data['case']}.dcm"
                write_structure_set(path, masks, ct, replace=self.replace, algorithm=self.algorithm)
        return dict(data)
