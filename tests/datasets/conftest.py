"""A data set folder of three tiny cases."""

import json

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.grid import Grid

GRID = Grid((5, 4, 3), (0.5, 2.0, 3.0), (-10.0, 20.0, 5.5))


@pytest.fixture
def grid():
    return GRID


@pytest.fixture
def datalist(tmp_path):
    """Writes a data set folder whose datalist.json the caller may change first, and gives the folder."""

    def write(change=lambda content: None, text=None):
        content = {
            "name": "three cases",
            "labels": {"background": 0, "Bladder": 1, "Femoral head L": 2, "Femur_Head_R": 3},
            "training": [case("c01", "p01", annotated=["Bladder"], cohort="cervix"), case("c02", "p01")],
            "validation": [case("c03", "p02", annotated=["Femur_Head_L", "Femur_Head_R"])],
            "test": [],
        }
        for name in ("c01", "c02", "c03"):
            write_image(tmp_path / "images" / f"{name}.nii.gz", np.zeros(GRID.shape, np.int16), GRID)
            write_labels(tmp_path / "labels" / f"{name}.nii.gz", np.zeros(GRID.shape, np.uint8), GRID)
        change(content)
        (tmp_path / "datalist.json").write_text(text or json.dumps(content), encoding="utf-8")
        return tmp_path

    return write


def case(name, patient, **more):
    return {
        "case": name,
        "patient": patient,
        "image": f"images/{name}.nii.gz",
        "label": f"labels/{name}.nii.gz",
        **more,
    }
