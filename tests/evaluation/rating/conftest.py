import json

import numpy as np
import pytest

from rtcontour.datasets import write_image, write_labels
from rtcontour.evaluation.rating import BlindSet, Study, StudyKey, write_rating_study
from rtcontour.grid import Grid

GRID = Grid((60, 44, 14), (4.0, 5.0, 6.0), (-118.0, -107.5, -39.0))
NAMES = {"Bladder": 1, "Rectum": 2}


@pytest.fixture(scope="session")
def rating_grid():
    return GRID


@pytest.fixture(scope="session")
def rating_patient():
    """HU and label map: an ellipse of soft tissue, a bright Bladder in front on the left, a dark Rectum behind it."""
    i, j, k = np.indices(GRID.shape)
    body = ((i - 30) / 24) ** 2 + ((j - 22) / 16) ** 2 < 1
    labels = np.zeros(GRID.shape, np.uint8, order="F")
    labels[(((i - 36) / 8) ** 2 + ((j - 16) / 5) ** 2 < 1) & (k >= 3) & (k < 11)] = 1
    labels[(((i - 30) / 4) ** 2 + ((j - 29) / 4) ** 2 < 1) & (k >= 1) & (k < 9)] = 2
    hu = np.full(GRID.shape, -1000, np.int16, order="F")
    hu[body], hu[labels == 1], hu[labels == 2] = 40, 120, -60
    return hu + np.random.default_rng(0).integers(-15, 15, GRID.shape).astype(np.int16), labels


@pytest.fixture(scope="session")
def write_place():
    """Writes label maps with their names to a folder, from {case: label map}."""

    def write(folder, cases, grid=GRID, names=NAMES):
        for case, labels in cases.items():
            write_labels(folder / f"{case}.nii.gz", np.asfortranarray(labels), grid)
        (folder / "labels.json").write_text(json.dumps(names))
        return folder

    return write


@pytest.fixture(scope="session")
def rating_places(tmp_path_factory, rating_patient, write_place):
    """CTs of two patients, and their contours by a network and, shifted, by a colleague. Read it, never change it."""
    folder = tmp_path_factory.mktemp("rating_places")
    hu, labels = rating_patient
    cases = {"hospital_x_17": labels, "hospital_x_18": labels}
    for case in cases:
        write_image(folder / "ct" / f"{case}.nii.gz", hu, GRID)
    write_place(folder / "network", cases)
    write_place(folder / "colleague", {case: np.roll(array, 2, axis=0) for case, array in cases.items()})
    return folder


@pytest.fixture(scope="session")
def written_study(tmp_path_factory, rating_places):
    """The pages of both methods, and the key."""
    output = tmp_path_factory.mktemp("rating") / "study"
    against = {"dr_colleague": rating_places / "colleague"}
    key = write_rating_study(
        rating_places / "network", rating_places / "ct", output, name="deep_network", against=against, seed=3
    )
    return output, key


@pytest.fixture
def key():
    """Two studies: two methods in the first, one in the second."""
    both = ("Bladder", "Rectum")
    studies = {
        "S01": Study("case_b", {"A": BlindSet("atlas", both), "B": BlindSet("network", both)}, "cervix"),
        "S02": Study("case_a", {"A": BlindSet("network", ("Bladder",))}, "anorectal"),
    }
    return StudyKey(studies, ("network", "atlas"))
