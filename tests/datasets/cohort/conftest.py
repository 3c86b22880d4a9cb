"""Archives of tiny patients whose headers are full of names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest

from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.grid import Grid
from rtcontour.mask import Mask

GRID = Grid((40, 36, 12), (4.0, 4.0, 5.0), (-80.0, -70.0, -30.0))
STRUCTURES = {"Bladder": (14, 12, 3), "Femur_Head_L": (24, 16, 4), "Femur_Head_R": (6, 16, 4)}
PLANTED = {
    "PatientName": "Quagmire^Ottilie",
    "OtherPatientIDs": "NHS-7780-{n}",
    "PatientBirthDate": "19440229",
    "PatientAddress": "Mulberry Lane 17",
    "InstitutionName": "Saint Gertrude Infirmary",
    "ReferringPhysicianName": "Haversham^Ignatius",
    "AccessionNumber": "ACC99821{n}",
    "StationName": "LINACROOM7",
    "SeriesDescription": "Quagmire pelvis",
    "StudyDescription": "For Dr Haversham",
}


def identifiers(number):
    """What no file of a data set may hold of patient `number`."""
    return ["quagmire", "ottilie", f"nhs-7780-{number}", "19440229", "1944-02-29", "mulberry", "gertrude", "haversham",
            "ignatius", f"acc99821{number}", "linacroom7", f"mrn-{number:05d}", "20190305", "2019-03-05"]  # fmt: skip


def masks_of(number, names=STRUCTURES):
    """Blocks, each patient's a little larger than the last one's."""
    masks = {}
    for name in names:
        voxels = np.zeros(GRID.shape, bool)
        i, j, k = STRUCTURES[name]
        voxels[i : i + 8, j : j + 7 + number % 3, k : k + 4] = True
        masks[name] = Mask.from_array(voxels, GRID)
    return masks


def hu_of(number):
    """An ellipse of tissue in air."""
    i, j, _ = np.ogrid[: GRID.shape[0], : GRID.shape[1], : GRID.shape[2]]
    inside = ((i - 19.5) / 18) ** 2 + ((j - 17.5) / 15) ** 2 < 1
    noise = np.random.default_rng(number).integers(-10, 10, GRID.shape)
    return np.asfortranarray(np.where(inside, 40, -1000) + noise).astype(np.int16)


def write_export(folder, number, *, masks=None, names=None, approval="APPROVED", date="20190305"):
    """One patient's CT and structure set, in a folder named after her, headers filled; gives the RTSTRUCT."""
    place = Path(folder) / f"Quagmire_{number}"
    patient_id = f"MRN-{number:05d}"
    ct = write_ct_series(place / "ct", hu_of(number), GRID, patient_id=patient_id, seed=number)
    rtstruct = place / f"RS.Quagmire.{number}.dcm"
    chosen = masks_of(number) if masks is None else masks
    write_structure_set(rtstruct, {(names or {}).get(name, name): mask for name, mask in chosen.items()}, ct)
    for path in (*sorted((place / "ct").iterdir()), rtstruct):
        dataset = pydicom.dcmread(path)
        for keyword, value in PLANTED.items():
            setattr(dataset, keyword, value.format(n=number))
        dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = date
        dataset.Manufacturer, dataset.ManufacturerModelName = "ScanCo", f"Model {number % 2}"
        dataset.PatientSex = "F"
        if path != rtstruct:
            dataset.ContrastBolusAgent = "agent" if number % 2 else ""
        else:
            dataset.ApprovalStatus, dataset.StructureSetDate = approval, date
            dataset.StructureSetLabel = "Quagmire"
        dataset.save_as(path)
    return rtstruct


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "tiny.json"
    path.write_text('{"recipe": {"structures": ["Femur_Head_R", "Femur_Head_L", "Bladder"], "checkpoint": "x.pt"}}')
    return path


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Six patients; not to be changed."""
    folder = tmp_path_factory.mktemp("archive")
    for number in range(6):
        write_export(folder, number)
    return folder


@pytest.fixture
def key(tmp_path):
    """A key folder whose secret is always the same."""
    folder = tmp_path / "key"
    folder.mkdir()
    (folder / "secret").write_text("07" * 32)
    return folder


@pytest.fixture(scope="session")
def invented():
    """What makes patients, and what is known of them."""
    return SimpleNamespace(
        grid=GRID, hu_of=hu_of, masks_of=masks_of, write_export=write_export, identifiers=identifiers
    )
