import json
from pathlib import Path

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.grid import Grid

PAPERS = Path(__file__).parents[1] / "data" / "papers"


@pytest.fixture
def grid():
    return Grid((24, 20, 12), (2.0, 3.0, 5.0), (-20.0, -30.0, 40.0))


@pytest.fixture
def labels(grid):
    """Bladder (1) and Rectum (2), two boxes."""
    array = np.zeros(grid.shape, np.uint8, order="F")
    array[6:14, 5:10, 3:8] = 1
    array[8:13, 12:16, 2:6] = 2
    return array


@pytest.fixture
def hu(grid):
    return np.asfortranarray(np.random.default_rng(1).normal(30, 20, grid.shape).astype(np.int16))


@pytest.fixture
def write_data_set(grid, hu):
    """Write a data set folder of Bladder and Rectum from {case: (label map, annotated)}."""

    def write(folder, cases):
        for case, (array, _) in cases.items():
            write_image(folder / "images" / f"{case}.nii.gz", hu, grid)
            write_labels(folder / "labels" / f"{case}.nii.gz", array, grid)
        listed = [
            {
                "case": case,
                "patient": case,
                "image": f"images/{case}.nii.gz",
                "label": f"labels/{case}.nii.gz",
                "annotated": annotated,
            }
            for case, (_, annotated) in cases.items()
        ]
        content = {"name": "Boxes", "labels": {"background": 0, "Bladder": 1, "Rectum": 2}, "test": listed}
        (folder / "datalist.json").write_text(json.dumps({**content, "training": [], "validation": []}))
        return folder

    return write


@pytest.fixture
def write_label_maps(grid):
    """Write a folder of label maps with labels.json from {case: label map}."""

    def write(folder, cases, names, grid=grid):
        for case, array in cases.items():
            write_labels(folder / f"{case}.nii.gz", array, grid)
        (folder / "labels.json").write_text(json.dumps(names))
        return folder

    return write


@pytest.fixture(scope="session")
def sartor():
    """The numbers that Sartor 2020 prints, as it prints them."""
    return json.loads((PAPERS / "sartor_2020.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def geng():
    """Those of Geng 2024."""
    return json.loads((PAPERS / "geng_2024.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tang():
    """Those of Tang 2019."""
    return json.loads((PAPERS / "tang_2019.json").read_text(encoding="utf-8"))
