import json

import numpy as np
import pytest

from rtcontour.datasets import write_labels
from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.mask import Mask


@pytest.fixture
def write_patient(grid, hu, labels):
    """Write FOLDER/CT and FOLDER/RS.dcm with Bladder and Rectum, or with other {name: array}; gives FOLDER."""

    def write(folder, masks=None, file="RS.dcm", grid=grid, ct="CT", seed=1):
        masks = {"Bladder": labels == 1, "Rectum": labels == 2} if masks is None else masks
        series = write_ct_series(folder / ct, hu, grid, seed=seed)
        boxed = {name: Mask.from_array(array, grid) for name, array in masks.items()}
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        write_structure_set(folder / file, boxed, series, findings=[])
        return folder

    return write


@pytest.fixture
def write_masks(grid):
    """Write FOLDER/NAME.nii.gz from {name: array}, with structures.json or without; gives FOLDER."""

    def write(folder, masks, index=False, grid=grid):
        for name, array in masks.items():
            write_labels(folder / f"{name}.nii.gz", array.astype(np.uint8), grid)
        if index:
            listed = [{"name": name, "file": f"{name}.nii.gz"} for name in masks]
            (folder / "structures.json").write_text(json.dumps({"structures": listed}))
        return folder

    return write


@pytest.fixture
def bladder(labels):
    return labels == 1
